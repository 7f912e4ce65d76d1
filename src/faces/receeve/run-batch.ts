import {
  type Bookkeeper,
  callContext,
  type CallContext,
  type Outcome,
  refuse,
} from '../../book/index.ts'
import type { Tenant } from '../../identity/index.ts'
import { newId } from '../../kernel/id.ts'
import { type Reservation, freeKey, storeAnswer } from '../../platform/idempotency.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Services } from '../../platform/services.ts'
import { announcingOnce } from './announce-once.ts'
import {
  type ActionResponse,
  answerOf,
  type BatchItem,
  type BatchOperation,
  type CallOptions,
  type Decided,
} from './batch.ts'

export interface BatchCall {
  readonly tenant: Tenant
  readonly items: readonly BatchItem[]
  readonly options: CallOptions
  readonly triggerName?: string | undefined
  readonly minorVersion?: string | undefined
  readonly isSequential: boolean
  readonly reservation?: Reservation | undefined
}

/** D-23: how many entities one request may bring. */
export function requireItemCount(services: Services, count: number): void {
  const max = services.config.batchItemsMax
  if (count <= max) return
  throw new Refusal('too_many_items', 'invalid', `body should NOT have more than ${max} items`)
}

export function contextOf(
  tenant: Tenant,
  call: Pick<BatchCall, 'triggerName' | 'minorVersion'>,
): CallContext {
  return callContext(tenant, { ...call, originator: 'ClientAPI' })
}

/**
 * Decides all items of a request and answers each under its key. Sequential and idempotent requests are one transaction
 * in body order; the items of others are only bound to their accounts' order (D-19).
 */
export async function runBatch(
  bookkeeper: Bookkeeper,
  operation: BatchOperation,
  call: BatchCall,
): Promise<Record<string, ActionResponse>> {
  const { tenant, items, options, reservation } = call
  const context = contextOf(tenant, call)
  const each = items.map((item) =>
    operation.command({ ...context, commandId: newId() }, item, options),
  )
  const ids = new Set(each.map(({ id }) => id))
  const commands = isAnnounced(operation, call)
    ? each.map((command) => announcingOnce(command, ids))
    : each
  const decidedBy = (outcomes: readonly Outcome[]): Decided[] =>
    items.map((item, index) => ({
      item,
      commandId: commands[index]?.id ?? '',
      outcome: outcomes[index] ?? { refusal: refuse('invalid_input') },
    }))
  if (reservation) {
    const companions = (outcomes: Outcome[]) => [endOf(reservation, operation, decidedBy(outcomes))]
    return answerOf(operation, decidedBy(await bookkeeper.submitGroup(commands, { companions })))
  }
  const outcomes =
    call.isSequential || commands.length > 1
      ? await bookkeeper.submitGroup(commands)
      : await Promise.all(commands.map((command) => bookkeeper.submit(command)))
  return answerOf(operation, decidedBy(outcomes))
}

/** Whether a call has a trigger that its items tell of, beside those that they may name themselves (D-89). */
export function isAnnounced(
  { takesTriggerName }: BatchOperation,
  { triggerName }: Pick<BatchCall, 'triggerName'>,
): boolean {
  return triggerName !== undefined && takesTriggerName !== false
}

/** A request that did something keeps its answer under its key; one that was refused throughout leaves the key free. */
function endOf(reservation: Reservation, operation: BatchOperation, decided: readonly Decided[]) {
  const isRefused = decided.every(({ outcome }) => 'refusal' in outcome)
  if (isRefused) return freeKey(reservation)
  return storeAnswer(reservation, {
    status: 200,
    answer: JSON.stringify(answerOf(operation, decided)),
  })
}
