import type { JSONColumnType } from 'kysely'

/** The tables of reactions. */
export interface ReactionTables {
  reaction: ReactionTable
  reaction_firing: ReactionFiringTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface ReactionTable {
  tenant_id: string
  reaction_id: string
  name: string
  trigger: Json
  actions: JSONColumnType<Record<string, unknown>[]>
  position: number
  is_active: boolean
  version: number
  active_since: Date
  created_at: Date
  updated_at: Date
  deleted_at: Date | null
}

interface ReactionFiringTable {
  tenant_id: string
  firing_id: string
  reaction_id: string
  reaction_name: string
  reaction_version: number
  event_id: string
  event_type: string
  claim_id: string | null
  claim_reference: string | null
  account_reference: string | null
  context: Json
  chain: JSONColumnType<string[]>
  status: string
  reason: string | null
  actions: JSONColumnType<Record<string, unknown>[]>
  done: number
  is_booking: boolean
  results: JSONColumnType<Record<string, unknown>[]>
  attempts: number
  due_at: Date
  leased_until: Date | null
  created_at: Date
  ended_at: Date | null
}
