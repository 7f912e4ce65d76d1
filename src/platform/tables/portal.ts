import type { Generated } from 'kysely'

/** The tables of migrations/0019. */
export interface PortalTables {
  link: LinkTable
}

interface LinkTable {
  tenant_id: string
  claim_id: string
  code: string
  failures: Generated<number>
  locked_until: Date | null
  created_at: Date
}
