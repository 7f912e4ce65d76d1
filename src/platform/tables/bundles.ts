import type { GeneratedAlways, JSONColumnType } from 'kysely'

/** The tables of templates. */
export interface BundleTables {
  bundle: BundleTable
  bundle_version: BundleVersionTable
}

interface BundleTable {
  tenant_id: string
  bundle_id: string
  name: string
  channel: string
  latest_version: number
  created_at: Date
  updated_at: Date
  number: GeneratedAlways<number>
}

interface BundleVersionTable {
  tenant_id: string
  bundle_id: string
  version: number
  fallback_language: string
  languages: JSONColumnType<Record<string, unknown>>
  created_at: Date
}
