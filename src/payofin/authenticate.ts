import { sql, type Kysely } from 'kysely'
import { isSecretOf } from '../identity/index.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { ensureConfigured } from './configure.ts'
import { refusePayofin } from './refusals.ts'

export interface Keys {
  readonly apiKey: string
  readonly secretKey: string
}

/** Which merchant of which tenant calls. */
export interface Caller {
  readonly tenantId: string
  readonly merchantId: number
}

interface Found {
  readonly tenantId: string
  readonly merchantId: number | null
  readonly secret: Buffer
}

/** The merchant whose keys these are. */
export async function authenticate(
  { db, clock }: { db: Kysely<Tables>; clock: () => Date },
  { apiKey, secretKey }: Keys,
): Promise<Caller> {
  const { rows } = await sql<Found>`
    select tenant_id as "tenantId", merchant_id as "merchantId", secret_sha256 as secret
    from find_payofin_key(${apiKey})`.execute(db)
  const found = rows.find(({ secret }) => isSecretOf(secretKey, secret))
  if (!found) throw refusePayofin('credentials_wrong')
  const { tenantId, merchantId } = found
  if (merchantId !== null) return { tenantId, merchantId }
  return inTransaction(db, { tenantId, now: clock() }, async (tx) => {
    await ensureConfigured(tx)
    const stored = await sql<{ merchantId: number }>`
      select merchant_id as "merchantId" from payofin_merchant
      where tenant_id = ${tenantId} and api_key = ${apiKey}`.execute(tx.db)
    const [own] = stored.rows
    if (!own) throw refusePayofin('credentials_wrong')
    return { tenantId, merchantId: own.merchantId }
  })
}
