import type { GeneratedAlways, JSONColumnType } from 'kysely'

/** The tables of journeys. */
export interface JourneyTables {
  journey: JourneyTable
  journey_version: JourneyVersionTable
  journey_assignment: JourneyAssignmentTable
  journey_run: JourneyRunTable
  journey_booking: JourneyBookingTable
  claim_payment_providers: ClaimPaymentProvidersTable
  claim_last: ClaimLastTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface JourneyTable {
  tenant_id: string
  journey_id: string
  name: string
  version: number
  created_at: Date
  updated_at: Date
  number: GeneratedAlways<number>
}

interface JourneyVersionTable {
  tenant_id: string
  journey_id: string
  version: number
  document: Json
  created_at: Date
}

interface JourneyAssignmentTable {
  tenant_id: string
  portfolio_reference: string
  journey_id: string
  created_at: Date
}

interface JourneyRunTable {
  tenant_id: string
  run_id: string
  claim_id: string
  journey_id: string | null
  journey_name: string | null
  version: number | null
  status: string
  state: Json
  next_at: Date | null
  started_at: Date
  paused_at: Date | null
  paused_until: Date | null
  ended_at: Date | null
  end_reason: string | null
  number: GeneratedAlways<number>
}

interface JourneyBookingTable {
  tenant_id: string
  run_id: string
  claim_reference: string
  account_reference: string
  target: string
  meta: Json
  created_at: Date
  leased_until: Date | null
}

interface ClaimPaymentProvidersTable {
  tenant_id: string
  claim_id: string
  providers: JSONColumnType<string[]>
  set_at: Date
}

interface ClaimLastTable {
  tenant_id: string
  claim_id: string
  thing: string
  happened_at: Date
}
