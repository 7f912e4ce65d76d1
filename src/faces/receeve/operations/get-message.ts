import { emlOfUrl } from '../../../communications/index.ts'
import { inTransaction } from '../../../platform/db.ts'
import { Refusal } from '../../../platform/refusal.ts'
import type { Services } from '../../../platform/services.ts'

/** The message behind a `messageURL` as text in .eml form; D-98: one that is unknown is a bad request. */
export async function getMessage(
  { db, clocks }: Services,
  tenantId: string,
  messageUrl: string,
): Promise<string> {
  const unit = { tenantId, now: clocks.nowOf(tenantId), isReadOnly: true }
  const eml = await inTransaction(db, unit, (tx) => emlOfUrl(tx, messageUrl))
  if (!eml) throw new Refusal('unknown_message_url', 'invalid', 'messageURL is not known')
  return eml.toString('utf8')
}
