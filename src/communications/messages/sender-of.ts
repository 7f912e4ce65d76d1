import type { Tx } from '../../platform/db.ts'
import { type MailSender, nowhereAddress } from './compose.ts'

/** From whom a tenant's mail comes: as `settings.mail` {from, name, replyTo} says, else from the installation's address. */
export async function senderOf(
  { tenantId, db }: Tx,
  mailFrom: string | undefined,
): Promise<MailSender> {
  const { name, settings } = await db
    .selectFrom('tenant')
    .select(['name', 'settings'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  const mail = (settings['mail'] ?? {}) as Record<string, unknown>
  return {
    address: textOf(mail['from']) ?? mailFrom ?? nowhereAddress,
    name: textOf(mail['name']) ?? name,
    replyTo: textOf(mail['replyTo']),
  }
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
