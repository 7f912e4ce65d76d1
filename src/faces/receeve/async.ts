import { type Bookkeeper, type CallContext, type Command, type Desk } from '../../book/index.ts'
import type { TenantFinder } from '../../identity/index.ts'
import { sql, type Kysely } from 'kysely'
import { inTransaction } from '../../platform/db.ts'
import { storeAnswer } from '../../platform/idempotency.ts'
import { enqueueJob } from '../../platform/jobs/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import type { Tables } from '../../platform/tables.ts'
import { type ActionResponse, type BatchItem, type BatchOperation, refusedAnswer } from './batch.ts'
import { batchOperations } from './operations/index.ts'
import { type BatchCall, contextOf } from './run-batch.ts'
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
  const rows = items.map((item) => ({
    command_id: contextOf(tenant, call).commandId,
    input: item,
    options: { ...options, triggerName, minorVersion },
  }))
  // A map, not an object: a key may be any text, `constructor` and `__proto__` too.
  const byKey = new Map<string, ActionResponse>()
  for (const { command_id, input } of rows) {
    const known = byKey.get(input.key)
    if (known) known.messageIds.push(command_id)
    else byKey.set(input.key, { success: true, messages: [processed], messageIds: [command_id] })
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
    await enqueueJob(tx, {
      task: workOffTask,
      payload: { tenantId: tenant.tenantId },
      queue: `${workOffTask}:${tenant.tenantId}`,
      jobKey: `${workOffTask}:${tenant.tenantId}`,
    })
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

interface PendingRow {
  readonly seq: number
  readonly commandId: string
  readonly operation: string
  readonly input: BatchItem
  readonly options: { forceAmountCheck?: boolean; triggerName?: string; minorVersion?: string }
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
      await bookTogether(deps.bookkeeper, rows, rows.map(commandOf))
    } catch (error) {
      if (error instanceof Refusal) throw error
      // One that nobody foresaw must not hold up the others: alone it fails alone, and its job is tried again.
      for (const row of rows) await bookTogether(deps.bookkeeper, [row], [commandOf(row)])
    }
  }
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

async function oldestPending(
  db: Kysely<Tables>,
  tenantId: string,
  now: Date,
): Promise<PendingRow[]> {
  return inTransaction(db, { tenantId, now, isReadOnly: true }, async (tx) => {
    const { rows } = await sql<PendingRow>`
      select seq, command_id as "commandId", operation, input, options from pending_command
      where tenant_id = ${tenantId} order by seq limit ${chunkMax}`.execute(tx.db)
    return rows
  })
}

/** The command of a queued item. Refused, it leaves nothing but the event that says so. */
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
        desk.emit(failureOf(operation, row.input, error))
        return undefined
      }
    },
  }
}

function failureOf(operation: BatchOperation, item: BatchItem, refusal: Refusal) {
  const error = refusedAnswer(operation, item, refusal).messages.join(' ')
  const fallback = {
    type: 'event.command.failed',
    data: { operation: operation.id, reference: item.key, error },
  }
  return operation.failedEvent?.(item, error) ?? fallback
}
