import { sql } from 'kysely'
import type { Channel } from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'

/** What may be told of a message, by the names of the Receeve catalogue (14.3). */
export type Telling = 'queued' | 'delivered' | 'failed' | 'temporaryFailed' | 'processingFailed'

const families = { email: 'debtorEmail', sms: 'debtorSMS', letter: 'debtorLetter' } as const

function typeOf(channel: Channel, telling: Telling): string | undefined {
  const family = families[channel]
  if (telling === 'processingFailed') return `event.${family}Processing.failed`
  if (channel === 'letter') return telling === 'queued' ? 'event.debtorLetter.generated' : undefined
  if (telling === 'failed') return `event.${family}Delivery.failed`
  if (telling === 'temporaryFailed')
    return channel === 'sms'
      ? 'event.debtorSMSDelivery.temporaryFailed'
      : 'event.debtorEmailDelivery.interrupted'
  return `event.${family}.${telling}`
}

interface Named {
  readonly messageId: string
  readonly claimRef: string
  readonly receeveClaimRef: string
  readonly accountReference: string
  readonly externalDebtorRef: string | null
  readonly channel: Channel
  readonly messageURL: string | null
  readonly bundleId: string
  readonly bundleName: string | null
  readonly recipient: string | null
  /** The reactions that led to the message (D-90). */
  readonly chain: unknown
}

export interface Told {
  readonly telling: Telling
  readonly error?: string
}

/** Tells of a message as it stands, with the names of its claim; what a channel has no event for is not told. */
export function tell(tx: Tx, messageId: string, told: Told): Promise<void> {
  return tellAll(tx, [messageId], told)
}

/** Tells the same of several messages, in their order. */
export async function tellAll(
  tx: Tx,
  messageIds: readonly string[],
  { telling, error }: Told,
): Promise<void> {
  const names = await namesOf(tx, messageIds)
  for (const messageId of messageIds) {
    const named = names.get(messageId)
    const type = named && typeOf(named.channel, telling)
    if (!type) continue
    const { messageId: _id, channel: _channel, chain, ...fields } = named
    const known = Object.entries(fields).filter(([, value]) => value !== null)
    const data = { ...Object.fromEntries(known), ...(error === undefined ? {} : { error }) }
    const metadata = { originator: 'System', ...(Array.isArray(chain) ? { chain } : {}) }
    await tx.emit({ type, data, metadata })
  }
}

/** Tells that a debtor unsubscribed by a link in a message. */
export async function tellUnsubscribed(tx: Tx, messageId: string): Promise<void> {
  const named = (await namesOf(tx, [messageId])).get(messageId)
  if (!named) return
  const { claimRef, receeveClaimRef, accountReference, externalDebtorRef } = named
  const debtor = externalDebtorRef === null ? {} : { externalDebtorRef }
  await tx.emit({
    type: 'event.debtorEmailUnsubscribe.requested',
    data: { claimRef, receeveClaimRef, accountReference, ...debtor },
    metadata: { originator: 'Debtor' },
  })
}

async function namesOf(tx: Tx, messageIds: readonly string[]): Promise<ReadonlyMap<string, Named>> {
  if (messageIds.length === 0) return new Map()
  const { rows } = await sql<Named>`
    select m.message_id as "messageId", c.reference as "claimRef", c.receeve_reference as "receeveClaimRef",
      a.reference as "accountReference", c.debtor_reference as "externalDebtorRef", m.channel,
      m.message_url as "messageURL", m.bundle_id as "bundleId", m.bundle_name as "bundleName", m.recipient,
      m.cause -> 'chain' as chain
    from message m
    join claim c on c.tenant_id = m.tenant_id and c.claim_id = m.claim_id
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    where m.tenant_id = ${tx.tenantId} and m.message_id = any(${messageIds}::uuid[])`.execute(tx.db)
  return new Map(rows.map((row) => [row.messageId, row]))
}
