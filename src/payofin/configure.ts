import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { insert, institutionDefaults } from './institutions.ts'
import { insertMerchant } from './merchants.ts'

const firstSootCode = 1

interface First {
  readonly name: string
  readonly merchantId: number
  readonly apiKey: string | null
  readonly secretSha256: Buffer | null
}

/** What a new tenant has: itself as the one institution, and the merchant whose keys came with it. */
export async function ensureConfigured(tx: Tx): Promise<void> {
  const { rows } = await sql<First>`
    select t.name, t.space_id as "merchantId", c.key_id as "apiKey", c.secret_sha256 as "secretSha256"
    from tenant t left join door_credential c
      on c.tenant_id = t.tenant_id and c.door = 'payofin' and c.revoked_at is null
    where t.tenant_id = ${tx.tenantId}
      and not exists (select from payofin_merchant m where m.tenant_id = t.tenant_id)
    order by c.created_at limit 1`.execute(tx.db)
  const [first] = rows
  if (!first) return
  const { name, merchantId, apiKey, secretSha256 } = first
  const own = { ...institutionDefaults, sootCode: firstSootCode, name, isPartialAllowed: true }
  await insert(tx, own)
  if (apiKey === null || secretSha256 === null) return
  await insertMerchant(tx, { name, merchantId, apiKey, secretSha256 })
}
