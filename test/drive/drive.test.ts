import { afterAll, expect, test } from 'vitest'
import { kill, type ServerProcess } from '../crash/server-process.ts'
import { assertBooksBalance } from '../invariants.ts'
import { castOf } from './cast.ts'
import {
  checkCap,
  checkExplained,
  checkHours,
  checkPlaced,
  checkReasons,
  checkSilent,
  checkTold,
  type Seen,
} from './checks.ts'
import { type Death, drive, type Driven } from './drive.ts'
import { messagesOf, outlineOf, reasonsOf } from './messages.ts'

// They take two quiet cores about four minutes; fewer are enough to look at something: DRIVE_CLAIMS=300
const countDefault = 1_000
const countForAllReasons = 300
const count = Number(process.env.DRIVE_CLAIMS ?? countDefault)
const seed = Number(process.env.DRIVE_SEED ?? 1)
const days = 120
const dayMs = 86_400_000
const driven: Driven[] = []

afterAll(() => Promise.all(driven.map((each) => each.close())))

/** The next Monday at noon, in UTC: to claims it is the same day for both drives. */
function nextMonday(): Date {
  const now = new Date()
  const noon = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), 12)
  return new Date(noon + ((8 - now.getUTCDay()) % 7 || 7) * dayMs)
}

/** A drive on which one of these did not come up would not have shown that it works. */
const reasonsExpected = [
  'all_clear',
  'no_address',
  'opted_out',
  'on_plan',
  'claim_not_active',
  ...(count < countForAllReasons ? [] : ['disputed']),
]

const everything = (it: ServerProcess) => {
  const postgres = it.postgresPids()
  it.killServer()
  kill(postgres)
}

const deaths: readonly Death[] = [
  {
    name: 'server and database, while messages are being sent',
    fromDay: 4,
    when: `select from quittance.message where status = 'SENDING' limit 1`,
    kills: everything,
  },
  {
    name: 'server alone, while messages are being sent',
    fromDay: 14,
    when: `select from quittance.message where status = 'SENDING' limit 1`,
    kills: (it) => it.killServer(),
  },
  {
    name: 'server and database, while metadata is being booked',
    fromDay: 45,
    when: 'select from quittance.journey_booking limit 1',
    kills: everything,
  },
]

test(
  `${count} claims chased for ${days} days get the same messages whether the server dies three times or never (seed ${seed})`,
  { timeout: 1_800_000 },
  async () => {
    const startsAt = nextMonday()
    const cast = castOf(seed, count, startsAt.toISOString().slice(0, 10))
    const drives = [deaths, []].map(async (these) => {
      const one = await drive({ cast, startsAt, days, deaths: these })
      driven.push(one)
      return one
    })
    // Both to their end, so that no server is left behind.
    await Promise.allSettled(drives)
    const both = await Promise.all(drives)
    const outlines: string[][] = []
    for (const { pool, happened } of both) {
      const messages = await messagesOf(pool)
      const seen: Seen = { cast, happened, messages }
      checkExplained(seen)
      checkReasons(seen)
      checkHours(seen)
      // A cap that never bit would prove nothing.
      expect(checkCap(seen).fullWindows).toBeGreaterThan(0)
      expect(checkSilent(seen)).toBeGreaterThan(count / 5)
      expect(await checkPlaced(pool, seen)).toBeGreaterThan(count / 3)
      await checkTold(pool, seen)
      await assertBooksBalance(pool)
      outlines.push(outlineOf(messages))
      expect(reasonsOf(messages)).toEqual(expect.arrayContaining(reasonsExpected))
    }
    expect(both[0]?.died.map((death) => death.split(': ')[1])).toEqual(
      deaths.map(() => 'cut short'),
    )
    expect(outlines[0]).toEqual(outlines[1])
  },
)
