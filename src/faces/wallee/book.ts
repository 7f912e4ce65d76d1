import {
  callContext,
  type CallContext,
  type Command,
  type Companion,
  type Outcome,
} from '../../book/index.ts'
import type { Call } from './call.ts'
import { wordedViolation } from './violations.ts'

/** Commands, the first of which decides, with the statements that commit with them. */
interface Group<R> {
  readonly commands: readonly [Command<R>, ...Command[]]
  readonly options?: { readonly isWhole?: boolean; companions(outcomes: Outcome[]): Companion[] }
}

/** The context of commands that a call submits. */
export function contextOf(call: Call): CallContext {
  return callContext(call.tenant, { originator: call.version === 1 ? 'WalleeV1' : 'WalleeV2' })
}

/** Has the bookkeeper decide and commit a group; answers what its first command decided, or throws its refusal. */
export async function book<R>(call: Call, group: Group<R>): Promise<R> {
  const { commands, options } = group
  const [first] = await call.deps.bookkeeper
    .submitGroup<unknown>(commands, options)
    .catch(wordedViolation)
  if (!first) throw new Error('the bookkeeper decided nothing')
  if ('refusal' in first) throw first.refusal
  return first.result as R
}
