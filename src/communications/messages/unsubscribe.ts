import { sql, type Kysely } from 'kysely'
import { preferencesOf, setPreference, suppressAddress } from '../../contacts/index.ts'
import type { Channel } from '../../contacts/schema.ts'
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

/**
 * Sends a debtor nothing more by the channel of the message, and nothing to its address; asked again it does nothing.
 * False: the message is not there.
 */
export function unsubscribe(deps: UnsubscribeDeps, link: UnsubscribeLink): Promise<boolean> {
  const { tenantId, messageId } = link
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    const { rows } = await sql<Unsubscribing>`
      select debtor_reference as "debtorReference", channel, recipient from message
      where tenant_id = ${tenantId} and message_id = ${messageId}`.execute(tx.db)
    const [message] = rows
    if (!message) return false
    const { debtorReference, channel, recipient } = message
    const said = await preferencesOf(tx, debtorReference)
    if (said.some((each) => each.channel === channel && each.preference === 'denied')) return true
    const source = 'unsubscribe-link'
    await setPreference(tx, { debtorReference, channel, preference: 'denied', source })
    if (recipient !== null && channel !== 'letter') {
      const reason = 'unsubscribe'
      await suppressAddress(tx, { channel, address: recipient, reason, messageId, debtorReference })
    }
    if (channel === 'email') await tellUnsubscribed(tx, messageId)
    return true
  })
}

interface Unsubscribing {
  readonly debtorReference: string
  readonly channel: Channel
  readonly recipient: string | null
}
