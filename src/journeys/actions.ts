import type { Json } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'

/** Why something was done: the run that did it, and at which step. */
export interface RunCause extends Json {
  readonly kind: 'journey'
  readonly id: string
  readonly step: string
}

export interface MessageOrder {
  /** One message for each key, however often it is ordered. */
  readonly key: string
  readonly claimId: string
  readonly channel: 'email' | 'sms' | 'letter'
  readonly bundleId: string
  readonly cause: RunCause
  readonly context?: Record<string, unknown>
}

export interface TaskOrder {
  readonly key: string
  readonly kind: string
  readonly title: string
  readonly details?: string | undefined
  readonly actions?: readonly string[] | undefined
  readonly claimId: string
  readonly dueAt?: Date | undefined
  readonly cause: RunCause
}

export interface PlaceOrder {
  readonly claimId: string
  readonly partner: string
  readonly cause: RunCause
}

export interface RecallOrder {
  readonly claimId: string
  readonly cause: RunCause
}

/** What a journey has others do, each of it in the transaction that moves the runs on. */
export interface JourneyActions {
  queueMessages(tx: Tx, orders: readonly MessageOrder[]): Promise<unknown>
  createTasks(tx: Tx, orders: readonly TaskOrder[]): Promise<unknown>
  placeClaims(tx: Tx, orders: readonly PlaceOrder[]): Promise<unknown>
  recallClaims(tx: Tx, orders: readonly RecallOrder[]): Promise<unknown>
}
