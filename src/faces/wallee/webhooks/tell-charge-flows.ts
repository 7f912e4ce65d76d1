import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Happening, happeningOf } from './happening.ts'
import { changesOf, type LevelChange } from './level-changes.ts'
import { levelsOf } from './levels-of.ts'
import { watchables } from './watchable.ts'
import { withoutRepeats } from './without-repeats.ts'

const flowStates: Readonly<Record<string, string>> = {
  'event.journey.created': 'ACTIVE',
  'event.journey.updated': 'ACTIVE',
  'event.journey.deleted': 'DELETED',
}
export const chargeFlowEvents = Object.keys(flowStates)

/** A charge flow is a journey: its events say its number here. */
export function tellChargeFlows(_tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> {
  const happenings = events.flatMap((event) => {
    const state = flowStates[event.type]
    if (state === undefined) return []
    const isNewState = event.type !== 'event.journey.updated'
    return [happeningOf(event, { entityId: Number(event.data['number']), state, isNewState })]
  })
  return Promise.resolve(happenings)
}

/** A level of a charge flow is an e-mail or a text message that asked for a payment, from when it is written. */
export async function tellChargeFlowLevels(
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<Happening[]> {
  const changes = (await levelsOf(tx, events)).flatMap(changesOf).filter(isElectronic)
  const happenings = changes.map((change) => {
    const state = stateOf(change)
    const isNewState = change.isBirth || (state !== 'PENDING' && !change.isSameStanding)
    return happeningOf(change.event, { entityId: change.level.number, state, isNewState })
  })
  return withoutRepeats(tx, watchables.ChargeFlowLevel, happenings)
}

function stateOf({ event, standing, run, level }: LevelChange): string {
  const next = run.levels[run.levels.indexOf(level) + 1]
  switch (standing) {
    case 'waiting':
      return next && next.createdAt < event.occurredAt ? 'FAILED' : 'PENDING'
    case 'sent':
      return 'PENDING'
    case 'failed':
    case 'followed':
      return 'FAILED'
    case 'dropped':
    case 'over':
      return !next && run.state === 'SUCCEEDED' ? 'SUCCESSFUL' : 'FAILED'
  }
}

/** The payment link of a level comes with its message and never changes. */
export async function tellPaymentLinks(
  tx: Tx,
  events: readonly StoredEvent[],
): Promise<Happening[]> {
  const changes = (await levelsOf(tx, events)).flatMap(changesOf).filter(isElectronic)
  return changes
    .filter(({ isBirth, level }) => isBirth && level.hasLink)
    .map(({ event, level }) =>
      happeningOf(event, { entityId: level.number, state: 'CREATE', isNewState: true }),
    )
}

const isElectronic = ({ level }: LevelChange) => level.channel !== 'letter'
