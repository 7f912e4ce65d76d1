import { type TSchema, Type } from 'typebox'
import type { CallContext, Command, Json, Outcome } from '../../book/index.ts'
import type { Refusal } from '../../platform/refusal.ts'
import { coded } from './words.ts'

/** One entity of a batch: the caller's own reference, under which it is answered, and what to do with it. */
export interface BatchItem<I = unknown> {
  readonly key: string
  readonly input: I
  /** The key is a reference of its own, whatever else it reads like (D-41). */
  readonly isOwnReference?: boolean
}

export interface CallOptions {
  readonly forceAmountCheck?: boolean | undefined
}

export interface ItemAnswer {
  readonly messages: readonly string[]
  /** An array for array bodies, an object for map bodies (D-8); absent where the contract has none. */
  readonly data?: unknown
}

export interface FailedEvent {
  readonly type: string
  readonly data: Json
}

/** A batch operation of this door: how its body falls into items, what each does, and in which words it is answered. */
export interface BatchOperation<I = unknown, R = unknown> {
  readonly id: string
  readonly tag:
    | 'Account'
    | 'AccountMandate'
    | 'Claims'
    | 'CustomTriggers'
    | 'Financial operations'
    | 'Journeys'
    | 'PromiseToPay'
  readonly summary: string
  readonly body: TSchema
  readonly data?: TSchema
  readonly takesForceAmountCheck?: boolean
  /** 3.4.3: nearly all do. */
  readonly takesTriggerName?: boolean
  items(body: never, keys: readonly string[]): BatchItem<I>[]
  command(context: CallContext, item: BatchItem<I>, options: CallOptions): Command<R>
  succeeded(item: BatchItem<I>, result: R): ItemAnswer
  refused?(item: BatchItem<I>, refusal: Refusal): ItemAnswer
  /** What tells of a failure which the answer of an async call cannot tell (D-18): one event, or several in their order. */
  failedEvent?(item: BatchItem<I>, error: string): FailedEvent | readonly FailedEvent[]
}

export function defineBatch<I, R>(operation: BatchOperation<I, R>): BatchOperation {
  return operation
}

/** The items of a map body, in the order of its keys as they came. */
export function mapItems<T>(body: Record<string, T>, keys: readonly string[]): BatchItem<T>[] {
  return keys.map((key) => ({ key, input: body[key] as T }))
}

/** A body that maps the caller's references to one shape. */
export function mapOf(schema: TSchema): TSchema {
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    propertyNames: { minLength: 1, maxLength: 255 },
    additionalProperties: schema,
  })
}

export interface ActionResponse {
  success: boolean
  messages: string[]
  messageIds: string[]
  data?: unknown
}

export const ActionResponseSchema = Type.Object({
  success: Type.Boolean(),
  messages: Type.Array(Type.String()),
  messageIds: Type.Array(Type.String({ format: 'uuid' })),
})

export interface Decided {
  readonly item: BatchItem
  readonly commandId: string
  readonly outcome: Outcome
}

/** The map that answers a batch: one response per key, several items of one key folded into one (D-8). */
export function answerOf(
  operation: BatchOperation,
  decided: readonly Decided[],
): Record<string, ActionResponse> {
  // Without a prototype it is a dictionary from the start: a thousand references do not become a thousand shapes.
  const answer = Object.create(null) as Record<string, ActionResponse>
  for (const one of decided) {
    const response = responseOf(operation, one)
    const known = answer[one.item.key]
    if (known) fold(known, response)
    else answer[one.item.key] = response
  }
  return answer
}

function responseOf(
  operation: BatchOperation,
  { item, commandId, outcome }: Decided,
): ActionResponse {
  if ('result' in outcome) {
    const { messages, data } = operation.succeeded(item, outcome.result)
    return {
      success: true,
      messages: [...messages],
      messageIds: [commandId],
      ...(data === undefined ? {} : { data }),
    }
  }
  const { messages, data } = refusedAnswer(operation, item, outcome.refusal)
  return {
    success: false,
    messages: [...messages],
    messageIds: [],
    ...(data === undefined ? {} : { data }),
  }
}

export function refusedAnswer(
  operation: BatchOperation,
  item: BatchItem,
  refusal: Refusal,
): ItemAnswer {
  return operation.refused?.(item, refusal) ?? { messages: [coded(refusal)] }
}

function fold(into: ActionResponse, other: ActionResponse): void {
  into.success &&= other.success
  into.messages.push(...other.messages)
  into.messageIds.push(...other.messageIds)
  if (Array.isArray(other.data))
    into.data = [...((into.data as unknown[] | undefined) ?? []), ...other.data]
}
