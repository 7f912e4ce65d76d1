import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Happening, happeningOf } from './happening.ts'
import { endEvents, runsOf } from './runs-of.ts'

/** The states that an event names by itself; how a case ended is read from it. */
const states: Readonly<Record<string, string>> = {
  'event.strategy.assigned': 'RUNNING',
  'event.strategy.paused': 'SUSPENDED',
  'event.strategy.resumed': 'RUNNING',
}
export const dunningEvents = [...Object.keys(states), ...endEvents]

/** A dunning case is the run of a journey on a claim. */
export async function tellDunning(tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> {
  const runs = await runsOf(tx, events)
  return events.flatMap((event) => {
    const run = runs.get(event.messageId)
    if (!run) return []
    const state = states[event.type] ?? run.state
    return [happeningOf(event, { entityId: run.number, state, isNewState: true })]
  })
}
