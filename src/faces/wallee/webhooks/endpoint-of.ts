import { sql } from 'kysely'
import type { Tx } from '../../../platform/db.ts'
import { changeEndpoint } from '../../../webhooks/index.ts'
import { refuse } from '../refusals.ts'

/** Where the notices of a listener go, by what it and its URL say at this moment. */
export interface Endpoint {
  readonly url: string
  readonly isActive: boolean
  readonly keyId: string | null
}

/** Holds a URL until the end of the transaction: whoever changes a listener of it begins here. */
export async function lockUrl(tx: Tx, id: number): Promise<{ url: string | null; state: string }> {
  const row = await tx.db
    .selectFrom('wallee_webhook_url')
    .select(['url', 'state'])
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!row) throw refuse('not_found')
  return row
}

export function endpointOf(
  url: { url: string | null; state: string },
  listener: { state: string; isSigned: boolean; keyId: string },
): Endpoint {
  return {
    url: url.url ?? '',
    isActive: listener.state === 'ACTIVE' && url.state === 'ACTIVE' && url.url !== null,
    keyId: listener.isSigned ? listener.keyId : null,
  }
}

interface ListenerRow {
  readonly subscriptionId: string
  readonly state: string
  readonly isSigned: boolean
  readonly keyId: string
  readonly url: string | null
  readonly urlState: string
}

/** Brings the endpoints of a URL's listeners, or of one of them, up to date with what is kept. */
export async function refreshEndpoints(
  tx: Tx,
  of: { urlId: number; listenerId?: number; isAsked: boolean },
): Promise<void> {
  const { rows } = await sql<ListenerRow>`
    select l.subscription_id as "subscriptionId", l.state, l.enable_payload_signature_and_state as "isSigned",
      i.key_id as "keyId", u.url, u.state as "urlState"
    from wallee_webhook_listener l
    join wallee_webhook_url u on u.tenant_id = l.tenant_id and u.id = l.url_id
    join wallee_webhook_identity i on i.tenant_id = l.tenant_id and i.id = l.identity_id
    where l.tenant_id = ${tx.tenantId} and l.url_id = ${of.urlId}
      and (${of.listenerId ?? null}::bigint is null or l.id = ${of.listenerId ?? null}::bigint)
    order by l.subscription_id`.execute(tx.db)
  for (const { subscriptionId, url, urlState, ...listener } of rows) {
    const endpoint = endpointOf({ url, state: urlState }, listener)
    await changeEndpoint(tx, subscriptionId, { ...endpoint, isAsked: of.isAsked })
  }
}
