import { sql } from 'kysely'
import { findClaimNamed } from '../../book/index.ts'
import { newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import { queueMessages } from './queue-messages.ts'
import { refuseMessage } from './refusals.ts'
import type { Message, NewMessage } from './schema.ts'
import { findMessage } from './show-messages.ts'

/** Queues what a person wants to tell a debtor, in the words of a bundle; the gate decides about it as about any other. */
export async function writeMessage(tx: Tx, input: NewMessage): Promise<Message> {
  const { claimReference, channel, bundleId, customBody, language, purpose, dueAt } = input
  const { claimId, status } = await findClaimNamed(tx, claimReference)
  if (status === 'DELETED') throw refuseMessage('claim_not_active', 'it was deleted')
  await requireBundle(tx, { bundleId, channel })
  const key = `agent/${newId()}`
  await queueMessages(tx, [
    {
      key,
      claimId,
      channel,
      bundleId,
      cause: { kind: 'agent', id: key },
      context: {
        ...(customBody === undefined ? {} : { customBody }),
        ...(language === undefined ? {} : { language }),
      },
      ...(purpose === undefined ? {} : { purpose }),
      ...(dueAt === undefined ? {} : { dueAt: instantOf(dueAt) }),
    },
  ])
  return findMessage(tx, await idOfKey(tx, key))
}

/** The format lets pass what is no instant here, such as a leap second or the year 0. */
function instantOf(text: string): Date {
  const instant = new Date(text)
  const year = instant.getUTCFullYear()
  if (Number.isNaN(year) || year < 1 || year > 9_999) throw refuseMessage('invalid_due_at')
  return instant
}

async function requireBundle(
  tx: Tx,
  { bundleId, channel }: { bundleId: string; channel: string },
): Promise<void> {
  const { rows } = await sql<{ channel: string }>`
    select channel from bundle where tenant_id = ${tx.tenantId} and bundle_id = ${bundleId}`.execute(
    tx.db,
  )
  const [bundle] = rows
  if (!bundle) throw refuseMessage('bundle_not_found')
  if (bundle.channel !== channel) throw refuseMessage('bundle_of_other_channel')
}

async function idOfKey({ tenantId, db }: Tx, key: string): Promise<string> {
  const { message_id } = await db
    .selectFrom('message')
    .select('message_id')
    .where('tenant_id', '=', tenantId)
    .where('key', '=', key)
    .executeTakeFirstOrThrow()
  return message_id
}
