import type { Generated, JSONColumnType } from 'kysely'

/** Instalment plans. */
export interface PlanTables {
  plan_definition: PlanDefinitionTable
  plan: PlanTable
  plan_instalment: PlanInstalmentTable
}

interface PlanDefinitionTable {
  tenant_id: string
  definition_id: string
  version: number
  name: string
  terms: JSONColumnType<Record<string, unknown>>
  is_active: boolean
  is_current: boolean
  created_at: Date
}

interface PlanTable {
  tenant_id: string
  plan_id: string
  claim_id: string
  definition_id: string
  version: number
  status: string
  amount_minor: number
  fee_minor: number
  currency: string
  paid_minor: Generated<number>
  broken_after: number
  places: JSONColumnType<unknown[]>
  next_at: Date | null
  accepted_by: string
  accepted_at: Date
  ended_at: Date | null
  end_reason: string | null
}

interface PlanInstalmentTable {
  tenant_id: string
  plan_id: string
  number: number
  due_on: string
  starts_at: Date
  expires_at: Date
  amount_minor: number
  paid_minor: Generated<number>
  status: string
}
