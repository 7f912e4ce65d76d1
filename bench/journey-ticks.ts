import { setTimeout as wait } from 'node:timers/promises'
import { fillClaims } from './fill.ts'
import { peakMemoryMb } from './machine.ts'
import { type Row, spreadOf } from './measure.ts'
import { openBeside, type Place, serveAgain } from './place.ts'
import type { Bench } from './rows.ts'

const claimsEach = 5
const pollMs = 500
const idleMaxMs = 60_000
const memoryMaxMb = 300

const document = {
  paths: {
    main: [
      { id: 'rest', type: 'wait', days: 1 },
      { id: 'tick', type: 'webhook', name: 'tick' },
      { id: 'rest-again', type: 'wait', days: 10 },
      { id: 'tick-again', type: 'webhook', name: 'tick again' },
    ],
  },
}
const atFirstRest = { stack: [{ path: 'main', index: 0 }], effects: 0 }

/**
 * (h) Runs that are all due at once are moved on by the workers; half-way the server is killed and another goes on. Each tick
 * emits an event that no key makes single, so a run that is moved on twice shows.
 */
export async function journeyRows(bench: Bench): Promise<Row[]> {
  const count = bench.isQuick ? 100_000 : 1_000_000
  bench.say(`(h) ${count} journeys are made due`)
  const place = await openBeside(bench.place, 'journeys')
  await fillClaims(place, { prefix: 'j-', count: count / claimsEach }, claimsEach)
  await makeDue(place)
  bench.say('(h) they tick, and half-way the server is killed')
  const first = await untilLeft(place, count / 2)
  const memories = [peakMemoryMb(place.pid) ?? 0]
  process.kill(place.pid, 'SIGKILL')
  const again = await serveAgain(place)
  const before = await left(place)
  const second = await untilLeft(place, 0)
  memories.push(peakMemoryMb(again.pid) ?? 0)
  const problem = await problemOf(place, count)
  await again.close()
  await place.owner.end()
  const rate = (count - first.left + before) / (first.seconds + second.seconds)
  const invalid = problem === undefined ? {} : { invalid: problem }
  return [
    {
      id: 'h',
      name: `journeys of ${count.toLocaleString('en').replaceAll(',', ' ')} claims that tick at once, killed half-way`,
      numerator: spreadOf([rate]),
      unit: 'rows/s',
      ...invalid,
    },
    {
      id: 'h',
      name: 'most memory of a server whose journeys tick',
      numerator: spreadOf(memories),
      unit: 'MB',
      target: { bound: memoryMaxMb, direction: 'below' },
      ...invalid,
    },
  ]
}

/** All in one commit, so that they become due together. */
async function makeDue({ owner, tenantId }: Place): Promise<void> {
  await owner.query(
    `with made as (
       insert into quittance.journey (tenant_id, journey_id, name, version, created_at, updated_at)
       values ($1, gen_random_uuid(), 'Ticks', 1, now(), now()) returning journey_id),
     version as (
       insert into quittance.journey_version (tenant_id, journey_id, version, document, created_at)
       select $1, journey_id, 1, $2::jsonb, now() from made returning journey_id)
     insert into quittance.journey_run (tenant_id, run_id, claim_id, journey_id, journey_name, version, status, state,
       next_at, started_at)
     select $1, gen_random_uuid(), c.claim_id, v.journey_id, 'Ticks', 1, 'RUNNING',
       $3::jsonb || jsonb_build_object('rest', jsonb_build_object('untilMs', 0, 'isSpan', true)), now(), now()
     from quittance.claim c cross join version v where c.tenant_id = $1`,
    [tenantId, JSON.stringify(document), JSON.stringify(atFirstRest)],
  )
  await owner.query('analyze quittance.journey_run')
}

async function left({ owner }: Place): Promise<number> {
  const { rows } = await owner.query<{ count: string }>(
    `select count(*) as count from quittance.journey_run where status = 'RUNNING' and next_at <= now()`,
  )
  return Number(rows[0]?.count)
}

/** Waits until no more than so many are due, from the first moment at which fewer are than before. */
async function untilLeft(place: Place, wanted: number): Promise<{ left: number; seconds: number }> {
  const all = await left(place)
  let startedAt = performance.now()
  let hasBegun = false
  let changedAt = startedAt
  for (let last = all; ;) {
    const now = await left(place)
    const seconds = (performance.now() - startedAt) / 1_000
    if (now <= wanted) return { left: now, seconds }
    if (now < last) changedAt = performance.now()
    if (!hasBegun && now === all) startedAt = performance.now()
    else hasBegun = true
    if (performance.now() - changedAt > idleMaxMs) throw new Error(`${now} journeys do not tick`)
    last = now
    await wait(pollMs)
  }
}

/** What is wrong: each run has ticked once, and said so once. */
async function problemOf({ owner }: Place, count: number): Promise<string | undefined> {
  const { rows } = await owner.query<{ told: string; keys: string; moved: string }>(
    `select count(*) as told, count(distinct data ->> 'key') as keys,
       (select count(*) from quittance.journey_run where state ->> 'effects' = '1') as moved
     from quittance.event where type = 'event.journeyWebhook.requested'`,
  )
  const { told, keys, moved } = rows[0] ?? { told: '0', keys: '0', moved: '0' }
  const isRight = [told, keys, moved].every((each) => Number(each) === count)
  return isRight ? undefined : `${told} ticks of ${keys} journeys, ${moved} of ${count} moved on`
}
