import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Happening, happeningOf } from './happening.ts'
import { changesOf, type LevelChange } from './level-changes.ts'
import { levelsOf } from './levels-of.ts'
import { watchables } from './watchable.ts'
import { withoutRepeats } from './without-repeats.ts'

/** A level of a dunning case is a message that the case sent; the next level, or the end of the case, ends it. */
export async function tellDunningLevels(
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<Happening[]> {
  const told = await levelsOf(tx, events)
  const happenings = told.flatMap(changesOf).map((change) =>
    happeningOf(change.event, {
      entityId: change.level.number,
      state: stateOf(change),
      isNewState: !change.isSameStanding,
    }),
  )
  return withoutRepeats(tx, watchables.DunningCaseLevel, happenings)
}

function stateOf({ standing, run }: LevelChange): string {
  switch (standing) {
    case 'waiting':
      return 'INITIALIZING'
    case 'sent':
      return 'PENDING'
    case 'failed':
    case 'followed':
      return 'FAILED'
    case 'dropped':
      return 'CANCELED'
    case 'over':
      return run.state === 'SUCCEEDED' || run.state === 'CANCELED' ? run.state : 'FAILED'
  }
}
