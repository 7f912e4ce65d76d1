import { addDays } from '../../src/kernel/dates.ts'
import type { Claim } from './cast.ts'
import type { Door } from './door.ts'

/** Something that happens to a claim on a day of the drive. */
export interface Action {
  readonly day: number
  readonly claim: Claim
  /** Nothing may be sent about the claim from then on, or while it holds. */
  readonly means?: 'ended' | 'held' | 'free'
  run(door: Door): Promise<void>
}

// A fortnight apart, the first a week later; each is paid a day early.
const instalments = 3
const payDays = [6, 20, 34]
/** The first instalment is due this long after a plan was agreed on, and a promise after it was given. */
export const firstDueDays = 7
export const promisedDays = 10

/** All that happens on the way, by day; on one day in the order of the claims. */
export function actionsOf(cast: readonly Claim[], startsOn: string): Map<number, Action[]> {
  const byDay = new Map<number, Action[]>()
  for (const claim of cast)
    for (const action of actionsOfClaim(claim, startsOn))
      byDay.set(action.day, [...(byDay.get(action.day) ?? []), action])
  return byDay
}

function actionsOfClaim(claim: Claim, startsOn: string): Action[] {
  const { story, reference, amountMinor } = claim
  const on = (day: number, run: Action['run'], means?: Action['means']): Action => {
    return { day, claim, run, ...(means ? { means } : {}) }
  }
  switch (story.kind) {
    case 'silent':
      return []
    case 'pays':
      return [on(story.day, (door) => door.pay(claim, amountMinor), 'ended')]
    case 'paysHalf':
      return [on(story.day, (door) => door.pay(claim, amountMinor / 2))]
    case 'disputes':
      return [
        on(story.day, (door) => door.dispute(reference), 'held'),
        ...(story.until === undefined
          ? []
          : [on(story.until, (door) => door.rejectDispute(reference), 'free')]),
      ]
    case 'optsOut':
      return [on(story.day, (door) => door.optOut(claim.debtor.reference, story.channel))]
    case 'promises': {
      const dueDate = addDays(startsOn, story.day + promisedDays)
      return [
        on(story.day, (door) => door.promise(claim, dueDate)),
        ...(story.isKept
          ? [on(story.day + 8, (door) => door.pay(claim, amountMinor), 'ended')]
          : []),
      ]
    }
    case 'plan':
      return planOf(claim, startsOn)
    case 'pauses':
      return [
        on(story.day, (door) => door.journeys('pause', reference)),
        on(story.until, (door) => door.journeys('resume', reference)),
      ]
    case 'stops':
      return [on(story.day, (door) => door.journeys('stop', reference), 'ended')]
    case 'resolves':
      return [on(story.day, (door) => door.resolve(reference), 'ended')]
  }
}

function planOf(claim: Claim, startsOn: string): Action[] {
  const { story, amountMinor } = claim
  if (story.kind !== 'plan') return []
  const firstDueOn = addDays(startsOn, story.day + firstDueDays)
  const accepted: Action = {
    day: story.day,
    claim,
    run: (door) => door.acceptPlan(claim.reference, { instalments, firstDueOn }),
  }
  if (!story.isKept) return [accepted]
  return [
    accepted,
    ...payDays.map((later, index): Action => {
      const isLast = index === payDays.length - 1
      return {
        day: story.day + later,
        claim,
        ...(isLast ? { means: 'ended' as const } : {}),
        run: (door) => door.pay(claim, amountMinor / instalments),
      }
    }),
  ]
}
