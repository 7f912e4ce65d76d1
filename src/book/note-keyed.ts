import { type KeyedWork, noteOf } from '../platform/keyed-work.ts'
import type { GroupOptions, Outcome } from './command.ts'

export const isAccepted = (outcome: Outcome) => 'result' in outcome

/** A group of a request under an Idempotency-Key: that it did something is noted with what it did. */
export function noting<R>(keyed: KeyedWork, options: GroupOptions<R>): GroupOptions<R> {
  return {
    ...options,
    isOnlyNoted: !options.companions,
    companions: (outcomes) => [
      ...(options.companions?.(outcomes) ?? []),
      ...(outcomes.some(isAccepted) ? [noteOf(keyed)] : []),
    ],
  }
}
