import { type Bookkeeper, type CallContext, type Command, type Desk } from '../../book/index.ts'
import type { TenantFinder } from '../../identity/index.ts'
import { newId } from '../../kernel/id.ts'
import { sql, type Kysely } from 'kysely'
import pg from 'pg'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { storeAnswer } from '../../platform/idempotency.ts'
import { enqueueJob } from '../../platform/jobs/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import type { Tables } from '../../platform/tables.ts'
import { announcingOnce } from './announce-once.ts'
import {
  type ActionResponse,
  type BatchItem,
  type BatchOperation,
  type FailedEvent,
  refusedAnswer,
} from './batch.ts'
import { batchOperations } from './operations/index.ts'
import { type BatchCall, contextOf, isAnnounced } from './run-batch.ts'
import { processed } from './words.ts'

export const workOffTask = 'receeve.work_off'

/**
 * D-18: queues the items of a call for later, durably, and answers as if each had succeeded. What fails then is told by
 * an event.
 */
export async function queueBatch(
  services: Services,
  operation: BatchOperation,
  call: BatchCall,
): Promise<Record<string, ActionResponse>> {
  const { tenant, items, options, triggerName, minorVersion, reservation } = call
  const requestId = isAnnounced(operation, call) ? newId() : undefined
  const rows = items.map((item, index) => ({
    command_id: contextOf(tenant, call).commandId,
    input: item,
    options: {
      ...options,
      triggerName,
      minorVersion,
      ...(requestId === undefined ? {} : { requestId, itemsAfter: items.length - 1 - index }),
    },
  }))
  // A map, not an object: a key may be any text, `constructor` and `__proto__` too.
  const byKey = new Map<string, ActionResponse>()
  for (const { command_id, input } of rows) {
    const known = byKey.get(input.key)
    if (known) {
      known.messages.push(processed)
      known.messageIds.push(command_id)
    } else byKey.set(input.key, { success: true, messages: [processed], messageIds: [command_id] })
  }
  const answer = Object.fromEntries(byKey)
  const now = services.clock()
  await inTransaction(services.db, { tenantId: tenant.tenantId, now }, async (tx) => {
    await sql`
      insert into pending_command (tenant_id, command_id, operation, input, options, created_at)
      select ${tenant.tenantId}::uuid, r.command_id, ${operation.id}, r.input, r.options, ${now}
      from rows from (json_to_recordset(${JSON.stringify(rows)}::json) as (command_id uuid, input jsonb, options jsonb))
        with ordinality as r (command_id, input, options, place)
      order by r.place`.execute(tx.db)
    await enqueueWorkOff(tx)
    if (reservation) {
      const { text, values } = storeAnswer(reservation, {
        status: 200,
        answer: JSON.stringify(answer),
      })
      await tx.db.executeQuery({
        sql: text,
        parameters: values,
        query: { kind: 'RawNode' },
      } as never)
    }
  })
  return answer
}

function enqueueWorkOff(tx: Tx): Promise<void> {
  const { tenantId } = tx
  const name = `${workOffTask}:${tenantId}`
  return enqueueJob(tx, { task: workOffTask, payload: { tenantId }, queue: name, jobKey: name })
}

/**
 * Enqueues, while the server starts to serve, the work of every tenant that has queued calls: a job that failed too
 * often is not tried again, and its rows would wait for the tenant's next call.
 */
export function startResuming(services: Services): { close(): Promise<void> } {
  const closing = new AbortController()
  const running = resumeAll(services, closing.signal).catch((error: unknown) => {
    services.log.error({ err: error }, 'queued calls could not be resumed')
  })
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}

async function resumeAll({ db, clock }: Services, signal: AbortSignal): Promise<void> {
  const { rows } = await sql<{ tenantId: string }>`
    select id as "tenantId" from quittance.all_tenant_ids() as id`.execute(db)
  for (const { tenantId } of rows) {
    if (signal.aborted) return
    await inTransaction(db, { tenantId, now: clock() }, async (tx) => {
      const pending = await tx.db
        .selectFrom('pending_command')
        .select('seq')
        .where('tenant_id', '=', tenantId)
        .limit(1)
        .executeTakeFirst()
      if (pending) await enqueueWorkOff(tx)
    })
  }
}

interface PendingRow {
  readonly seq: number
  readonly commandId: string
  readonly operation: string
  readonly input: BatchItem
  readonly options: {
    readonly forceAmountCheck?: boolean
    readonly triggerName?: string
    readonly minorVersion?: string
    /** The request whose items tell its trigger together (D-20), and how many of them come after this one. */
    readonly requestId?: string
    readonly itemsAfter?: number
  }
}

const chunkMax = 256

export interface WorkOffDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly tenants: TenantFinder
}

/**
 * Works off what a tenant has queued, in the order in which it came. A row goes in the transaction that books it, so a
 * crash repeats nothing; two workers on one row cannot both commit.
 */
export async function workOff(deps: WorkOffDeps, payload: unknown): Promise<void> {
  const { tenantId } = payload as { tenantId: string }
  const tenant = await deps.tenants.tenantOf(tenantId)
  if (!tenant) return
  for (;;) {
    const rows = await oldestPending(deps.services.db, tenantId, deps.services.clock())
    if (rows.length === 0) return
    const commandOf = (row: PendingRow): Command => {
      const context = { ...contextOf(tenant, row.options), commandId: row.commandId }
      return pendingCommand(context, row)
    }
    try {
      await bookTogether(deps.bookkeeper, rows, announcedOnce(rows, commandOf))
    } catch (error) {
      if (isPassing(error)) throw error
      for (const row of rows) await bookAlone(deps, { tenantId, row, commandOf })
    }
  }
}

/** The commands of queued rows; those of one request tell its trigger together (D-20). */
function announcedOnce(
  rows: readonly PendingRow[],
  commandOf: (row: PendingRow) => Command,
): Command[] {
  const ids = idsByRequest(rows)
  return rows.map((row) => {
    const ofRequest = ids.get(row.options.requestId ?? '')
    return ofRequest ? announcingOnce(commandOf(row), ofRequest) : commandOf(row)
  })
}

function idsByRequest(rows: readonly PendingRow[]): ReadonlyMap<string, ReadonlySet<string>> {
  const ids = new Map<string, Set<string>>()
  for (const { commandId, options } of rows) {
    if (options.requestId === undefined) continue
    const known = ids.get(options.requestId)
    if (known) known.add(commandId)
    else ids.set(options.requestId, new Set([commandId]))
  }
  return ids
}

/** A row that fails for a reason nobody foresaw must not hold up the others: it ends like one that was refused. */
async function bookAlone(
  { services, bookkeeper }: WorkOffDeps,
  { tenantId, row, commandOf }: PendingOf,
): Promise<void> {
  try {
    await bookTogether(bookkeeper, [row], [commandOf(row)])
  } catch (error) {
    if (isPassing(error)) throw error
    const unit = { tenantId, now: services.clocks.nowOf(tenantId) }
    await inTransaction(services.db, unit, async (tx) => {
      const ended = await tx.db
        .deleteFrom('pending_command')
        .where('tenant_id', '=', tenantId)
        .where('seq', '=', row.seq)
        .returning('seq')
        .executeTakeFirst()
      // Another worker was faster, and that alone was what failed here.
      if (!ended) return
      const { commandId, operation } = row
      services.log.error({ err: error, tenantId, commandId, operation }, 'a queued call failed')
      for (const event of failuresOf(row, 'Internal server error'))
        await tx.emit({ ...event, metadata: { commandId } })
    })
  }
}

interface PendingOf {
  readonly tenantId: string
  readonly row: PendingRow
  readonly commandOf: (row: PendingRow) => Command
}

// Lost races, missing resources, locks, an operator, the system: what says nothing about the row itself.
const passingClasses = new Set(['40', '53', '55', '57', '58'])

/** Whether the same work may succeed when its job is tried again. */
function isPassing(error: unknown): boolean {
  if (error instanceof Refusal) return true
  return error instanceof pg.DatabaseError && passingClasses.has(error.code?.slice(0, 2) ?? '')
}

async function bookTogether(
  bookkeeper: Bookkeeper,
  rows: readonly PendingRow[],
  commands: readonly Command[],
): Promise<void> {
  const seqs = rows.map((row) => row.seq)
  const [first] = commands
  if (!first) return
  await bookkeeper.submitGroup(commands, {
    companions: () => [
      {
        // The division by zero undoes the transaction when another worker was faster.
        text: `with done as (delete from pending_command where tenant_id = $1 and seq = any($2::bigint[]) returning 1)
          select 1 / (case when count(*) = $3 then 1 else 0 end) from done`,
        values: [first.tenantId, seqs, seqs.length],
      },
    ],
  })
}

/** What came first; with a part of a request that tells a trigger comes the rest of it, however much came in between. */
async function oldestPending(
  db: Kysely<Tables>,
  tenantId: string,
  now: Date,
): Promise<PendingRow[]> {
  return inTransaction(db, { tenantId, now, isReadOnly: true }, async (tx) => {
    const { rows } = await sql<PendingRow>`
      select seq, command_id as "commandId", operation, input, options from pending_command
      where tenant_id = ${tenantId} order by seq limit ${chunkMax}`.execute(tx.db)
    const cut = restsOf(rows)
    const last = rows.at(-1)
    if (!last || cut.size === 0) return rows
    const rest = await sql<PendingRow>`
      select seq, command_id as "commandId", operation, input, options from pending_command
      where tenant_id = ${tenantId} and seq > ${last.seq} and options ->> 'requestId' = any(${[...cut.keys()]})
      order by seq limit ${[...cut.values()].reduce((sum, items) => sum + items, 0)}`.execute(tx.db)
    return [...rows, ...rest.rows]
  })
}

/** How many items of each request come after these rows. */
function restsOf(rows: readonly PendingRow[]): ReadonlyMap<string, number> {
  const rests = new Map<string, number>()
  for (const { requestId, itemsAfter = 0 } of rows.map(({ options }) => options)) {
    if (requestId === undefined) continue
    if (itemsAfter > 0) rests.set(requestId, itemsAfter)
    else rests.delete(requestId)
  }
  return rests
}

/** The command of a queued item. Refused, it leaves nothing but the events that say so. */
function pendingCommand(context: CallContext, row: PendingRow): Command {
  const operation = batchOperations.find(({ id }) => id === row.operation)
  if (!operation)
    throw new Error(`a queued call of an operation that does not exist: ${row.operation}`)
  const command = operation.command(context, row.input, row.options)
  return {
    ...command,
    decide(desk: Desk) {
      const mark = desk.journal.mark()
      try {
        return command.decide(desk)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        desk.journal.rollBack(mark)
        const text = refusedAnswer(operation, row.input, error).messages.join(' ')
        for (const event of failuresOf(row, text)) desk.emit(event)
        return undefined
      }
    },
  }
}

function failuresOf({ operation: id, input }: PendingRow, error: string): FailedEvent[] {
  const fallback = {
    type: 'event.command.failed',
    data: { operation: id, reference: input.key, error },
  }
  const operation = batchOperations.find((one) => one.id === id)
  return [operation?.failedEvent?.(input, error) ?? fallback].flat()
}
