import pg from 'pg'
import { isRetryable } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Outcome, Work } from './command.ts'
import { ConnectionLost, isGone, type Lane, OutcomeUnknown } from './lane.ts'
import { MovedMeanwhile } from './load.ts'

const attemptsMax = 5

type OnBug = ((error: unknown) => void) | undefined

/** Commits works together; when that fails for a reason nobody foresaw, one by one, so that none fails its neighbours. */
export async function settle(lane: Lane, works: readonly Work[], onBug: OnBug): Promise<void> {
  try {
    const outcomes = await attempt(lane, works)
    works.forEach((work, index) => work.resolve(outcomes[index] ?? []))
  } catch (error) {
    const [only] = works
    if (works.length === 1 && only) {
      if (canSplit(only, error)) await settleApart(lane, only, onBug)
      else fail(only, error, onBug)
      return
    }
    // Nobody knows what became of it; or the database was gone time after time, and their callers need not wait for more.
    if (isGone(error)) {
      if (error instanceof OutcomeUnknown) onBug?.(error)
      for (const work of works) work.reject(error)
      return
    }
    for (const work of works) await settle(lane, [work], onBug)
  }
}

function fail(work: Work, error: unknown, onBug: OnBug): void {
  if (!(error instanceof Refusal) && !isVerdict(error)) onBug?.(error)
  work.reject(error)
}

/** A group whose commands need not commit together is decided one by one when a bug in one of them fails it. */
function canSplit({ commands, options }: Work, error: unknown): boolean {
  const isBound = options.isWhole === true || (options.companions && options.isOnlyNoted !== true)
  return commands.length > 1 && !isBound && !(error instanceof Refusal)
}

/** Decides each command of a group in a transaction of its own, until the database is gone: what is booked is told. */
async function settleApart(lane: Lane, work: Work, onBug: OnBug): Promise<void> {
  const outcomes: Outcome[] = []
  const failures: unknown[] = []
  for (const command of work.commands) {
    const outcome = await decideApart(lane, { ...work, commands: [command] }).catch(
      (error: unknown) => {
        failures.push(error)
        if (!(error instanceof Refusal) || error instanceof OutcomeUnknown) onBug?.(error)
        return { refusal: error instanceof Refusal ? error : internal() }
      },
    )
    outcomes.push(outcome)
    if (isGone(failures.at(-1))) break
  }
  if (failures.length === outcomes.length) return work.reject(failures.at(-1))
  while (outcomes.length < work.size) outcomes.push({ refusal: new ConnectionLost() })
  work.resolve(outcomes)
}

async function decideApart(lane: Lane, work: Work): Promise<Outcome> {
  const [[outcome] = []] = await attempt(lane, [work])
  if (outcome === undefined) throw new Error('a command was not decided')
  return outcome
}

const internal = () => new Refusal('internal', 'invalid', 'Internal server error')

/** Repeats what lost a race, a few times. */
async function attempt(lane: Lane, works: readonly Work[]): Promise<Outcome[][]> {
  for (let count = 1; ; count += 1) {
    try {
      return await lane.run(works)
    } catch (error) {
      const isLostRace =
        isRetryable(error) ||
        error instanceof MovedMeanwhile ||
        (works.length === 1 && isTaken(error) && !isVerdict(error))
      if (!(isLostRace || error instanceof ConnectionLost) || count >= attemptsMax) throw error
      if (error instanceof ConnectionLost)
        await new Promise((resolve) => setTimeout(resolve, 50 * count))
    }
  }
}

const uniqueViolation = '23505'
const isTaken = (error: unknown) =>
  error instanceof pg.DatabaseError && error.code === uniqueViolation

const bookTables: ReadonlySet<string> = new Set([
  'account',
  'debtor',
  'account_debtor',
  'product',
  'entry',
  'item',
  'claim',
  'provider_payment',
  'promise',
  'mandate',
  'journey_run',
  'event',
])

/** A violated constraint of a table that is not the book's: what a companion said to the whole of its group. */
const isVerdict = (error: unknown) =>
  error instanceof pg.DatabaseError &&
  error.code?.startsWith('23') === true &&
  error.table !== undefined &&
  !bookTables.has(error.table)
