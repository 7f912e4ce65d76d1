import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import type { Sealer } from '../../../platform/sealer.ts'
import { addEllipticKey } from '../../../webhooks/index.ts'

const defaultName = 'Default'

/** The identity that signs where a listener names none; made when it is needed first. */
export async function defaultIdentity(tx: Tx, sealer: Sealer): Promise<number> {
  // Two that need it at once: the second waits here and finds it.
  await sql`select 1 from tenant where tenant_id = ${tx.tenantId} for no key update`.execute(tx.db)
  const known = await tx.db
    .selectFrom('wallee_webhook_identity')
    .select('id')
    .where('tenant_id', '=', tx.tenantId)
    .where('name', '=', defaultName)
    .executeTakeFirst()
  if (known) return known.id
  const { id } = await tx.db
    .insertInto('wallee_webhook_identity')
    .values({
      tenant_id: tx.tenantId,
      name: defaultName,
      key_id: await addEllipticKey(tx, sealer),
      planned_purge_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** The key of an identity. */
export async function keyOfIdentity(tx: Tx, id: number): Promise<string> {
  const { key_id: keyId } = await tx.db
    .selectFrom('wallee_webhook_identity')
    .select('key_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return keyId
}
