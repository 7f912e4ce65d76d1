import { sql } from 'kysely'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { type SealedKey, signingKey } from './keys.ts'
import type { WebhookFormat } from './schema.ts'

/** A message that this process sends now and no other does until its lease has run out. */
export interface LeasedMessage {
  readonly subscriptionId: string
  readonly messageId: string
  readonly leaseId: string
  readonly url: string
  readonly payload: string
  /** This attempt counted. */
  readonly attempts: number
  readonly expiresAt: Date
  readonly format: WebhookFormat
  /** With which key a message of another format than ours is signed; undefined: with none. */
  readonly ownKey: SealedKey | undefined
}

export type Leased =
  | {
      readonly messages: readonly LeasedMessage[]
      /** Signs messages of our own format. */
      readonly key: SealedKey | undefined
    }
  | { readonly messages: readonly []; readonly needsKey: boolean }

// Six times as long as an attempt may take.
export const leaseMs = 60_000
export const probeEveryMs = 3_600_000
const endpointMax = 8
// An endpoint that fails holds no more of the process than this: its attempts may take ten seconds each.
const failingEndpointMax = 2

interface Open {
  readonly id: string
  readonly url: string
  readonly isProbe: boolean
  readonly room: number
  readonly format: WebhookFormat
  readonly ownKey: SealedKey | undefined
}

/** Takes up to `messagesMax` messages that are due. To be committed before the first of them is sent. */
export async function leaseDue(tx: Tx, messagesMax: number): Promise<Leased> {
  const open = await lockOpen(tx)
  if (open.length === 0) return { messages: [], needsKey: false }
  const key = await signingKey(tx)
  const isKeyNeeded = open.some(({ format }) => format === 'quittance')
  if (!key && isKeyNeeded) return { messages: [], needsKey: true }
  const endpoints = new Map(open.map((endpoint) => [endpoint.id, endpoint]))
  const rows = await lease(tx, open, messagesMax)
  const probed = open.filter(({ id, isProbe }) => isProbe && rows.some((row) => row.id === id))
  await postponeProbes(
    tx,
    probed.map(({ id }) => id),
  )
  const messages = rows.flatMap(({ id, ...row }) => {
    const endpoint = endpoints.get(id)
    if (!endpoint) return []
    const { url, format, ownKey } = endpoint
    return [{ ...row, subscriptionId: id, url, format, ownKey }]
  })
  return { messages, key }
}

/** Holds the subscriptions that have something due; those that another process holds have their turn there. */
async function lockOpen({ tenantId, now, db }: Tx): Promise<Open[]> {
  const { rows } = await sql<OpenRow>`
    select s.subscription_id as id, s.url, s.paused_at is not null as "isProbe",
      s.failing_since is not null as "isFailing", s.format, k.key_id as "keyId", k.private_sealed as "privateSealed"
    from webhook_subscription s
    left join webhook_key k on k.tenant_id = s.tenant_id and k.key_id = s.signing_key_id
    where s.tenant_id = ${tenantId} and s.is_active and (s.probe_at is null or s.probe_at <= ${now})
      and exists (
        select from webhook_delivery d where d.tenant_id = ${tenantId} and d.subscription_id = s.subscription_id
          and d.state = 'PENDING' and d.is_ready and (d.next_at <= ${now} or s.paused_at is not null))
    order by s.subscription_id for no key update of s skip locked`.execute(db)
  return rows.map(({ id, url, isProbe, isFailing, format, keyId, privateSealed }) => {
    const most = isFailing ? failingEndpointMax : endpointMax
    const ownKey = keyId && privateSealed ? { keyId, privateSealed } : undefined
    return { id, url, isProbe, room: isProbe ? 1 : most, format, ownKey }
  })
}

interface OpenRow {
  readonly id: string
  readonly url: string
  readonly isProbe: boolean
  readonly isFailing: boolean
  readonly format: WebhookFormat
  readonly keyId: string | null
  readonly privateSealed: Buffer | null
}

interface LeasedRow extends Omit<LeasedMessage, 'subscriptionId' | 'url' | 'format' | 'ownKey'> {
  readonly id: string
}

async function lease(tx: Tx, open: readonly Open[], messagesMax: number): Promise<LeasedRow[]> {
  const { tenantId, now, db } = tx
  const leaseId = newId()
  const until = new Date(now.getTime() + leaseMs)
  const places = JSON.stringify(open.map(({ id, isProbe, room }) => ({ id, isProbe, room })))
  // While it is leased a message is due again at the end of its lease. The count is taken after the lock.
  const { rows } = await sql<LeasedRow>`
    with picked as materialized (
      select due.subscription_id, due.message_id
      from json_to_recordset(${places}::json) as o (id uuid, "isProbe" boolean, room integer)
      cross join lateral (
        select d.subscription_id, d.message_id, d.next_at, d.place from webhook_delivery d
        where d.tenant_id = ${tenantId} and d.subscription_id = o.id and d.state = 'PENDING' and d.is_ready
          and (d.next_at <= ${now} or (o."isProbe" and d.lease_id is null))
        order by d.next_at, d.place
        limit greatest(0, o.room - (
          select count(*) from webhook_delivery l where l.tenant_id = ${tenantId} and l.subscription_id = o.id
            and l.lease_id is not null and l.lease_until > ${now}))
        for update skip locked) due
      order by due.next_at, due.place limit ${messagesMax})
    update webhook_delivery d
    set lease_id = ${leaseId}, lease_until = ${until}, next_at = ${until}, attempts = d.attempts + 1,
      last_attempt_at = ${now}
    from picked
    where d.tenant_id = ${tenantId} and d.subscription_id = picked.subscription_id
      and d.message_id = picked.message_id
    returning d.subscription_id as id, d.message_id as "messageId", d.lease_id as "leaseId", d.payload, d.attempts,
      d.expires_at as "expiresAt"`.execute(db)
  return rows
}

async function postponeProbes({ tenantId, now, db }: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .updateTable('webhook_subscription')
    .set({ probe_at: new Date(now.getTime() + probeEveryMs) })
    .where('tenant_id', '=', tenantId)
    .where('subscription_id', 'in', ids)
    .execute()
}
