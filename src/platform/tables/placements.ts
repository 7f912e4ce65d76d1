import type { GeneratedAlways, JSONColumnType } from 'kysely'

/** What people and agencies do about claims: hand-over, tasks and disputes. */
export interface PlacementTables {
  agency: AgencyTable
  placement: PlacementTable
  placement_collection: PlacementCollectionTable
  task: TaskTable
  dispute: DisputeTable
  dispute_file: DisputeFileTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface AgencyTable {
  tenant_id: string
  agency_id: string
  name: string
  contact: Json
  default_channel: string
  is_active: boolean
  created_at: Date
  updated_at: Date
  number: GeneratedAlways<number>
}

interface PlacementTable {
  tenant_id: string
  placement_id: string
  claim_id: string
  partner: string
  status: string
  external_status: string
  placed_at: Date
  ended_at: Date | null
  cause: Json
}

interface PlacementCollectionTable {
  tenant_id: string
  partner: string
  external_id: string
  claim_id: string
  amount_minor: number
  currency: string
  reported_at: Date
}

interface TaskTable {
  tenant_id: string
  task_id: string
  key: string
  kind: string
  title: string
  details: string | null
  claim_id: string | null
  status: string
  due_at: Date | null
  actions: JSONColumnType<string[]>
  action: string | null
  note: string | null
  done_by: string | null
  cause: Json
  created_at: Date
  ended_at: Date | null
  number: GeneratedAlways<number>
}

interface DisputeTable {
  tenant_id: string
  dispute_id: string
  claim_id: string
  reason: string
  text: string
  opened_by: string
  opened_at: Date
  closed_at: Date | null
  outcome: string | null
  note: string | null
  closed_by: string | null
}

interface DisputeFileTable {
  tenant_id: string
  dispute_id: string
  file_id: string
  position: number
}
