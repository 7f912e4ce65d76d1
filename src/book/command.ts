import { Refusal } from '../platform/refusal.ts'
import type { Desk, Needs } from './desk.ts'
import type { Json } from './model.ts'

/** One decision on the book. `decide` is pure: it records changes on the desk's books or throws a refusal. */
export interface Command<R = unknown> {
  readonly id: string
  readonly tenantId: string
  readonly needs: Needs
  /** Noted on every event that the command emits. */
  readonly metadata?: Json
  decide(desk: Desk): R
}

export type Outcome<R = unknown> = { readonly result: R } | { readonly refusal: Refusal }

/** A statement that commits with a group: the answer of an idempotent request, the end of a pending command. */
export interface Companion {
  readonly text: string
  readonly values: unknown[]
}

export interface GroupOptions<R> {
  /** One refusal refuses all of it, and nothing of it is booked. */
  readonly isWhole?: boolean
  /** Its companions only note that it did something, which they can of each of its commands. */
  readonly isOnlyNoted?: boolean
  /**
   * Decided last, with all outcomes; its statements commit together with the group or not at all. A constraint of their
   * own tables that they violate is an answer to the caller, not a bug: the promise is rejected with it.
   */
  companions?(outcomes: Outcome<R>[]): Companion[]
}

/** A group that waits to be decided, and who is told of it. */
export interface Work {
  readonly keys: readonly string[]
  readonly size: number
  readonly commands: readonly Command[]
  readonly options: GroupOptions<unknown>
  readonly queuedAt: number
  resolve(outcomes: Outcome[]): void
  reject(error: unknown): void
}

/** Decides a group in its order. Each command of it stands on its own unless the group is whole. */
export function decideAll(desks: Map<string, Desk>, { commands, options }: Work): Outcome[] {
  const outcomes = commands.map((command) => {
    const desk = desks.get(command.tenantId)
    if (!desk) throw new Error('a command of a tenant that was not loaded')
    const outcome = decideOne(desk, command)
    if (!options.isWhole) desk.journal.forget()
    return outcome
  })
  return options.isWhole ? allOrNothing([...desks.values()], outcomes) : outcomes
}

/** Of a group that is booked whole, one refusal takes back the rest. What came before the group is forgotten already. */
function allOrNothing(desks: readonly Desk[], outcomes: Outcome[]): Outcome[] {
  const refused = outcomes.find((outcome) => 'refusal' in outcome)
  for (const { journal } of desks) {
    if (refused) journal.rollBack(0)
    journal.forget()
  }
  return refused ? outcomes.map(() => refused) : outcomes
}

/** A refused command leaves no change: what it recorded before it was refused is taken back. */
export function decideOne<R>(desk: Desk, command: Command<R>): Outcome<R> {
  const mark = desk.journal.mark()
  desk.commandId = command.id
  desk.metadata = command.metadata ?? {}
  try {
    return { result: command.decide(desk) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    desk.journal.rollBack(mark)
    return { refusal: error }
  }
}
