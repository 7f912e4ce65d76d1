import { createHash } from 'node:crypto'
import type { Channel } from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'
import type { TakenMessage } from './take-due.ts'
import { tellAll } from './tell.ts'

/** A message as it leaves: its bytes, and its words alone. */
export interface Composed {
  readonly eml: Buffer
  readonly text: string
}

/** A message that is written and may go. */
export interface Written {
  readonly message: TakenMessage
  readonly composed: Composed
}

/** The bytes of a message and its words, if it was composed. */
export async function readContent(tx: Tx, messageId: string): Promise<Composed | undefined> {
  const row = await tx.db
    .selectFrom('message_content')
    .select(['eml', 'words'])
    .where('tenant_id', '=', tx.tenantId)
    .where('message_id', '=', messageId)
    .executeTakeFirst()
  return row && { eml: row.eml, text: row.words }
}

/** Keeps what leaves, in the place of what was kept before, and tells of those of which nothing was told yet. */
export async function keepContents(tx: Tx, written: readonly Written[]): Promise<void> {
  const rows = written.map(({ message, composed }) => ({
    tenant_id: tx.tenantId,
    message_id: message.messageId,
    eml: composed.eml,
    words: composed.text,
    sha256: createHash('sha256').update(composed.eml).digest(),
    composed_at: tx.now,
  }))
  await tx.db
    .insertInto('message_content')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'message_id']).doUpdateSet((of) => ({
        eml: of.ref('excluded.eml'),
        words: of.ref('excluded.words'),
        sha256: of.ref('excluded.sha256'),
        composed_at: of.ref('excluded.composed_at'),
      })),
    )
    .execute()
  const first = written.filter(({ message }) => message.isFirstTelling)
  await tellAll(
    tx,
    first.map(({ message }) => message.messageId),
    { telling: 'queued' },
  )
}

/** `/email/Message/<id>.eml`: what the Receeve door calls the message by. */
export function messageUrl({ channel, messageId }: TakenMessage): string {
  return `/${folders[channel]}/Message/${messageId}.eml`
}

const folders: Readonly<Record<Channel, string>> = { email: 'email', sms: 'SMS', letter: 'letter' }
