import {
  findMessage,
  listMessages,
  type Message,
  messageEml,
  stayingAtHome,
} from '../communications/index.ts'
import { isUuid } from '../kernel/id.ts'
import { ConfigError, loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { withDatabase } from './database.ts'
import { printJson, printLine, printNote, printPairs } from './output.ts'
import { tenantNamed } from './tenant-named.ts'

interface Place extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  tenant: string
}

export interface OutboxListFlags extends Place {
  claim?: string
  status?: string
  limit?: string
  json?: boolean
}

export interface OutboxShowFlags extends Place {
  eml?: boolean
  json?: boolean
}

const limitDefault = 50
const limitMax = 200
const statuses = ['QUEUED', 'SENDING', 'SENT', 'WITHHELD', 'FAILED', 'BOUNCED'] as const

/** Lists messages to debtors, the newest first, each with what was decided about it. */
export async function listOutbox(flags: OutboxListFlags): Promise<void> {
  const query = queryOf(flags)
  const page = await read(flags, (tx) => listMessages(tx, query))
  if (flags.json === true) {
    printJson(page)
    return
  }
  for (const words of stayingAtHome(configOf(flags).messages)) printNote(words)
  if (page.items.length === 0) printNote('There are no such messages.')
  else printTable(page.items)
  if (page.nextCursor !== null) printNote(`Only the newest ${query.limit}; --limit shows more.`)
}

/** Shows one message: what became of it and why, or its bytes as they left. */
export async function showOutbox(id: string, flags: OutboxShowFlags): Promise<void> {
  if (!isUuid(id)) throw new ConfigError(['give the id of a message as the list shows it'])
  if (flags.eml === true) {
    const eml = await read(flags, (tx) => messageEml(tx, id))
    process.stdout.write(eml.toString('utf8'))
    return
  }
  const message = await read(flags, (tx) => findMessage(tx, id))
  if (flags.json === true) printJson(message)
  else printMessage(message)
}

function queryOf(flags: OutboxListFlags) {
  const { claim, status, limit } = flags
  const wanted = limit === undefined ? limitDefault : Number(limit)
  const isCount = Number.isInteger(wanted) && wanted >= 1 && wanted <= limitMax
  const known = statuses.find((each) => each === status?.toUpperCase())
  const problems = [
    ...(isCount ? [] : [`--limit: give a whole number from 1 to ${limitMax}`]),
    ...(status !== undefined && !known ? [`--status: give one of ${statuses.join(', ')}`] : []),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    limit: wanted,
    ...(claim === undefined ? {} : { claimReference: claim }),
    ...(known === undefined ? {} : { status: known }),
  }
}

function configOf({ dataDir, databaseUrl }: Place) {
  return loadConfig(processEnv(), {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
}

function read<R>(flags: Place, work: (tx: Tx) => Promise<R>): Promise<R> {
  return withDatabase(configOf(flags), async (database) => {
    const { tenantId, now } = await tenantNamed(database, flags.tenant)
    return inTransaction(database.db, { tenantId, now: now(), isReadOnly: true }, work)
  })
}

function printTable(messages: readonly Message[]): void {
  const rows = messages.map((message) => [
    message.id,
    `${(message.sentAt ?? message.dueAt).slice(0, 16)}Z`,
    message.channel,
    message.status,
    message.claimReference,
    message.recipient ?? '–',
    saysOf(message),
  ])
  const titles = ['message', 'when', 'channel', 'status', 'claim', 'to', 'because']
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of [titles, ...rows])
    printLine(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

function printMessage(message: Message): void {
  const pairs: [string, string | null][] = [
    ['status', message.status],
    ['because', saysOf(message)],
    ['claim', message.claimReference],
    ['debtor', message.debtorReference],
    ['channel', message.channel],
    ['to', message.recipient],
    ['bundle', message.bundleName],
    ['due', message.dueAt],
    ['sent', message.sentAt],
    ['by', message.transport],
    ['error', message.error],
  ]
  printPairs(pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])))
  if (message.messageUrl !== null) printNote('--eml prints the message as it left.')
}

/** Why, in a sentence; what went wrong goes before what was decided. */
function saysOf({ decision, error }: Message): string {
  const says = decision?.['says']
  return error ?? (typeof says === 'string' ? says : 'It is not decided yet')
}
