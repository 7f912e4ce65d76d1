import { pc } from './colours.ts'
import { isUuid } from '../kernel/id.ts'
import { ConfigError, loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { inTransaction } from '../platform/db.ts'
import { redeliverFailed, redeliverMessage } from '../webhooks/index.ts'
import { withDatabase } from './database.ts'
import { printJson, printLine } from './output.ts'
import { tenantNamed } from './tenant-named.ts'

export interface WebhooksRedeliverFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  tenant: string
  subscription: string
  message?: string
  failed?: boolean
  json?: boolean
}

/** Has messages sent once more: one of them, or all that were given up. A running server takes them up in seconds. */
export async function redeliverWebhooks(flags: WebhooksRedeliverFlags): Promise<void> {
  const { tenant, subscription, message, json, dataDir, databaseUrl } = flags
  requireChoice(flags)
  const config = loadConfig(processEnv(), {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  const messages = await withDatabase(config, async (database) => {
    const { tenantId, now } = await tenantNamed(database, tenant)
    const unit = { tenantId, now: now() }
    return inTransaction(database.db, unit, async (tx) => {
      if (message === undefined) return redeliverFailed(tx, subscription)
      await redeliverMessage(tx, { webhookId: subscription, messageId: message })
      return 1
    })
  })
  if (json === true) printJson({ messages })
  else
    printLine(
      `${pc.green('✓')} ${messages} ${messages === 1 ? 'message goes' : 'messages go'} again.`,
    )
}

function requireChoice({ subscription, message, failed }: WebhooksRedeliverFlags): void {
  const problems: string[] = []
  const ids = { '--subscription': subscription, '--message': message }
  for (const [flag, id] of Object.entries(ids)) {
    if (id !== undefined && !isUuid(id)) problems.push(`${flag}: give an id as the API shows it`)
  }
  if ((message === undefined) === (failed !== true)) {
    problems.push('give either --message with an id, or --failed for all that were given up')
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
