import { sql, type Kysely } from 'kysely'
import { setPreference, suppressAddress } from '../../contacts/index.ts'
import { isUuid } from '../../kernel/id.ts'
import { inTransaction } from '../../platform/db.ts'
import { SealError, type Sealer } from '../../platform/sealer.ts'
import type { Tables } from '../../platform/tables.ts'
import { tellUnsubscribed } from './tell.ts'

/** What a link in a mail stands for. */
export interface UnsubscribeLink {
  readonly tenantId: string
  readonly messageId: string
}

const context = 'unsubscribe'
const idHexLength = 32

/** The token of a message's link: only this installation makes and reads it. */
export function unsubscribeToken(sealer: Sealer, { tenantId, messageId }: UnsubscribeLink): string {
  const plain = Buffer.from(`${tenantId}${messageId}`.replaceAll('-', ''), 'hex')
  return sealer.seal(plain, context).toString('base64url')
}

/** What a token stands for; undefined for what is none of ours. */
export function readUnsubscribeToken(sealer: Sealer, token: string): UnsubscribeLink | undefined {
  try {
    const hex = sealer.open(Buffer.from(token, 'base64url'), context).toString('hex')
    const tenantId = uuidOf(hex.slice(0, idHexLength))
    const messageId = uuidOf(hex.slice(idHexLength))
    return isUuid(tenantId) && isUuid(messageId) ? { tenantId, messageId } : undefined
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

const uuidOf = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

export interface UnsubscribeDeps {
  readonly db: Kysely<Tables>
  readonly nowOf: (tenantId: string) => Date
}

/** Sends a debtor no mail any more, nor their address; asked again it does nothing. False: the message is not there. */
export function unsubscribe(deps: UnsubscribeDeps, link: UnsubscribeLink): Promise<boolean> {
  const { tenantId, messageId } = link
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    const { rows } = await sql<{ debtorReference: string; recipient: string | null }>`
      select debtor_reference as "debtorReference", recipient from message
      where tenant_id = ${tenantId} and message_id = ${messageId} and channel = 'email'`.execute(
      tx.db,
    )
    const [message] = rows
    if (!message) return false
    const { debtorReference, recipient } = message
    if (await isDenied(tx.db, { tenantId, debtorReference })) return true
    const said = { channel: 'email', preference: 'denied', source: 'unsubscribe-link' } as const
    await setPreference(tx, { debtorReference, ...said })
    if (recipient !== null)
      await suppressAddress(tx, {
        channel: 'email',
        address: recipient,
        reason: 'unsubscribe',
        messageId,
        debtorReference,
      })
    await tellUnsubscribed(tx, messageId)
    return true
  })
}

async function isDenied(
  db: Kysely<Tables>,
  { tenantId, debtorReference }: { tenantId: string; debtorReference: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('contact_preference')
    .select('preference')
    .where('tenant_id', '=', tenantId)
    .where('debtor_reference', '=', debtorReference)
    .where('channel', '=', 'email')
    .executeTakeFirst()
  return row?.preference === 'denied'
}
