import type { Logger } from 'pino'
import { Refusal } from '../../platform/refusal.ts'
import { AddressError, composeEml, type MailSender } from './compose.ts'
import type { Composed } from './message-content.ts'
import type { Uncomposed } from './record-transfer.ts'
import type { TakenMessage } from './take-due.ts'

export interface Writing {
  readonly message: TakenMessage
  readonly sender: MailSender
  /** The tenant's time. */
  readonly date: Date
  readonly unsubscribeUrl: string
}

/** Renders and composes a message; refuses what its template cannot say. Slow: never in a transaction. */
export async function writeTexts(writing: Writing): Promise<Composed> {
  const { message, sender, date, unsubscribeUrl } = writing
  const { prepared, messageId, channel, recipient } = message
  if (!prepared) throw new Refusal('bundle_not_found', 'not_found', 'Its bundle is gone')
  const rendered = await prepared.render()
  const { bundleName } = prepared
  const eml = await composeEml({
    messageId,
    channel,
    recipient,
    rendered,
    sender,
    date,
    unsubscribeUrl,
    bundleName,
  })
  return { eml, text: rendered.text }
}

/** What a template cannot say or an address cannot be stays so; anything else may be better later. */
export function uncomposedOf(error: unknown, messageId: string, log: Logger): Uncomposed {
  const isRefused = error instanceof Refusal && error.kind !== 'unavailable'
  if (isRefused || error instanceof AddressError) return { error: error.message, isFinal: true }
  if (!(error instanceof Refusal))
    log.error({ err: error, messageId }, 'a message could not be composed')
  return { error: 'The message could not be written', isFinal: false }
}
