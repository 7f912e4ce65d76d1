import type { Generated, JSONColumnType } from 'kysely'

/** What the wallee doors keep beside the book, and customers. */
export interface WalleeTables {
  customer: CustomerTable
  customer_email: CustomerEmailTable
  customer_address: CustomerAddressTable
  customer_comment: CustomerCommentTable
  wallee_account: WalleeAccountTable
  wallee_space: WalleeSpaceTable
  wallee_user: WalleeUserTable
  wallee_user_key: WalleeUserKeyTable
  wallee_role: WalleeRoleTable
  wallee_user_role: WalleeUserRoleTable
}

type Json = JSONColumnType<Record<string, unknown>>

interface CustomerTable {
  tenant_id: string
  debtor_reference: string
  customer_id: string | null
  language: string | null
  preferred_currency: string | null
  meta_data: Json
}

interface CustomerEmailTable {
  tenant_id: string
  debtor_reference: string
  email: string
  created_at: Date
}

interface CustomerAddressTable {
  tenant_id: string
  id: Generated<number>
  debtor_number: number
  address_type: Generated<string>
  address: Json
  is_default: Generated<boolean>
  command_id: string
  version: Generated<number>
  created_at: Date
}

interface CustomerCommentTable {
  tenant_id: string
  id: Generated<number>
  debtor_number: number
  content: string | null
  pinned: Generated<boolean>
  created_by: number
  edited_by: number | null
  edited_at: Date | null
  version: Generated<number>
  created_at: Date
}

interface WalleeAccountTable {
  tenant_id: string
  id: Generated<number>
  name: string
  account_type: string
  parent_account: number | null
  subaccount_limit: number | null
  state: string
  version: Generated<number>
  created_by: number | null
  created_at: Date
  deleted_by: number | null
  deleted_at: Date | null
  planned_purge_at: Date | null
}

interface WalleeSpaceTable {
  tenant_id: string
  id: number
  space_tenant_id: string
  account_id: number
  name: string
  time_zone: string
  primary_currency: string | null
  postal_address: Json | null
  technical_contact_addresses: JSONColumnType<string[]>
  request_limit: number | null
  state: string
  version: Generated<number>
  created_by: number | null
  created_at: Date
  deleted_by: number | null
  deleted_at: Date | null
  planned_purge_at: Date | null
}

interface WalleeUserTable {
  tenant_id: string
  id: Generated<number>
  user_type: string
  state: string
  primary_account: number
  name: string | null
  request_limit: number | null
  email_address: string | null
  firstname: string | null
  lastname: string | null
  language: string | null
  time_zone: string | null
  mobile_phone_number: string | null
  two_factor_enabled: Generated<boolean>
  provider: number | null
  version: Generated<number>
  created_at: Date
  planned_purge_at: Date | null
}

interface WalleeUserKeyTable {
  tenant_id: string
  id: Generated<number>
  user_id: number
  credential_key_id: string
  created_at: Date
}

interface WalleeRoleTable {
  tenant_id: string
  id: Generated<number>
  account_id: number | null
  name: Json
  description: Json
  permissions: JSONColumnType<number[]>
  two_factor_required: Generated<boolean>
  is_built_in: Generated<boolean>
  state: string
  version: Generated<number>
  created_at: Date
  planned_purge_at: Date | null
}

interface WalleeUserRoleTable {
  tenant_id: string
  id: Generated<number>
  user_id: number
  role_id: number
  account_id: number | null
  space_id: number | null
  applies_on_sub_account: Generated<boolean>
  version: Generated<number>
  created_at: Date
}
