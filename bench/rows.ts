import { fillAccounts, fillClaims, fillEntries, settle } from './fill.ts'
import type { Accounts, Extent, HttpJob, SqlJob, Task } from './jobs.ts'
import {
  inTurns,
  problemOf,
  rates,
  ratios,
  type Row,
  type Run,
  type Side,
  spreadOf,
} from './measure.ts'
import { type Loader, openBeside, openPerRequestServer, type Place } from './place.ts'

/** What all rows measure with. */
export interface Bench {
  readonly place: Place
  readonly http: Loader<HttpJob>
  readonly sql: Loader<SqlJob>
  readonly isQuick: boolean
  readonly repetitions: number
  /** How long one run of one side takes. */
  readonly seconds: number
  /** The servers that were started, to look at their memory. */
  readonly pids: number[]
  say(text: string): void
}

const accounts: Accounts = { prefix: 'a-', count: 20_000 }
const hot: Accounts = { prefix: 'hot-', count: 1 }
const state = { runs: 0 }

/** A name that no other run has, so that references are never booked twice. */
const newRun = () => `r${process.pid}-${(state.runs += 1)}`

interface Load {
  readonly connections: number
  readonly extent?: Extent
  readonly url?: string
  readonly place?: Place
}

function overHttp(bench: Bench, task: () => Task, load: Load): Side {
  const place = load.place ?? bench.place
  return {
    name: 'http',
    run: () =>
      bench.http.run({
        url: load.url ?? place.url,
        tenantId: place.tenantId,
        token: place.token,
        connections: load.connections,
        extent: load.extent ?? { seconds: bench.seconds },
        task: task(),
      }),
  }
}

function inSql(bench: Bench, task: () => Task, load: Load): Side {
  const { tenantId, connection } = bench.place
  const { host, port, user, database } = connection
  return {
    name: 'sql',
    run: () =>
      bench.sql.run({
        connection: { host, port, user, database },
        tenantId,
        connections: load.connections,
        extent: load.extent ?? { seconds: bench.seconds },
        task: task(),
      }),
  }
}

const posts = (to: Accounts) => (): Task => ({ kind: 'post', accounts: to, run: newRun() })

/** Compiles what is hot on all sides, fills the caches of the database, and lets it count what is stored. */
async function warmUp(bench: Bench, ...sides: Side[]): Promise<void> {
  await inTurns(sides, 1)
  await bench.place.owner.query('analyze')
  await inTurns(sides, 1)
}

/** (a) One durable payment per request, to accounts at random. */
export async function postRows(bench: Bench): Promise<Row[]> {
  await fillAccounts(bench.place, accounts)
  await settle(bench.place)
  const rows: Row[] = []
  const targets = new Map([
    [64, 1],
    [256, 0.9],
  ])
  await warmUp(
    bench,
    overHttp(bench, posts(accounts), { connections: 64 }),
    inSql(bench, posts(accounts), { connections: 64 }),
  )
  for (const connections of [1, 8, 64, 256]) {
    bench.say(`(a) posts at ${connections} connections`)
    const sides = [
      overHttp(bench, posts(accounts), { connections }),
      inSql(bench, posts(accounts), { connections }),
    ]
    const [ours = [], raw = []] = await inTurns(sides, bench.repetitions)
    const bound = targets.get(connections)
    rows.push({
      id: 'a',
      name: `posts, ${connections} connections`,
      numerator: rates(ours),
      denominator: rates(raw),
      denominatorName: 'statements',
      ratio: ratios(ours, raw),
      unit: '/s',
      ...(bound === undefined ? {} : { target: { bound, direction: 'at least' } }),
      ...problemOf(ours, raw),
    })
    if (connections === 64) rows.push(slowest(ours))
  }
  rows.push(await perRequestRow(bench))
  return rows
}

function slowest(runs: readonly Run[]): Row {
  return {
    id: 'a',
    name: 'p99 of posts, 64 connections',
    numerator: spreadOf(runs.map((run) => run.p99Ms)),
    unit: 'ms',
    target: { bound: 50, direction: 'below' },
    ...problemOf([...runs]),
  }
}

async function perRequestRow(bench: Bench): Promise<Row> {
  bench.say('(a) posts against a transaction per request, 64 connections')
  const server = await openPerRequestServer(bench.place)
  try {
    const sides = [
      overHttp(bench, posts(accounts), { connections: 64 }),
      overHttp(bench, posts(accounts), { connections: 64, url: server.url }),
    ]
    await warmUp(bench, ...sides)
    const [ours = [], usual = []] = await inTurns(sides, bench.repetitions)
    return {
      id: 'a',
      name: 'posts, 64 connections',
      numerator: rates(ours),
      denominator: rates(usual),
      denominatorName: 'transaction per request',
      ratio: ratios(ours, usual),
      unit: '/s',
      target: { bound: 2.5, direction: 'at least' },
      ...problemOf(ours, usual),
    }
  } finally {
    await server.close()
  }
}

/** (b) All posts to one account. */
export async function hotRows(bench: Bench): Promise<Row[]> {
  await fillAccounts(bench.place, hot)
  const rows: Row[] = []
  for (const connections of bench.isQuick ? [64] : [32, 64]) {
    bench.say(`(b) posts to one account at ${connections} connections`)
    const sides = [
      overHttp(bench, posts(hot), { connections }),
      inSql(bench, posts(hot), { connections }),
    ]
    await warmUp(bench, ...sides)
    const [ours = [], raw = []] = await inTurns(sides, bench.repetitions)
    rows.push({
      id: 'b',
      name: `posts to one account, ${connections} connections`,
      numerator: rates(ours),
      denominator: rates(raw),
      denominatorName: 'statements',
      ratio: ratios(ours, raw),
      unit: '/s',
      target: { bound: 3, direction: 'at least' },
      ...problemOf(ours, raw),
    })
  }
  return rows
}

/** (c) Payments matched to open claims; each account gets one payment, so all find five claims. */
export async function matchRows(bench: Bench): Promise<Row[]> {
  const perRun = bench.isQuick ? 3_000 : 6_000
  const runs = 2 * (bench.repetitions + 1)
  const debtors: Accounts = { prefix: 'm-', count: perRun * runs }
  bench.say(`(c) ${debtors.count * 5} claims are made`)
  await fillClaims(bench.place, debtors, 5)
  await settle(bench.place)
  let used = 0
  const match = (): Task => {
    used += 1
    return { kind: 'match', accounts: debtors, from: (used - 1) * perRun, run: newRun() }
  }
  const load = { connections: 64, extent: { seconds: 120, count: perRun } }
  const sides = [overHttp(bench, match, load), inSql(bench, match, load)]
  bench.say('(c) payments are matched, 64 connections')
  await inTurns(sides, 1)
  const [ours = [], raw = []] = await inTurns(sides, bench.repetitions)
  return [
    {
      id: 'c',
      name: 'payments matched over 5 claims, 64 connections',
      numerator: rates(ours),
      denominator: rates(raw),
      denominatorName: 'PL/pgSQL function',
      ratio: ratios(ours, raw),
      unit: '/s',
      target: { bound: 1.5, direction: 'at least' },
      ...problemOf(ours, raw),
    },
  ]
}

const batchSize = 1_000

/** (d) A thousand entries in one body. */
export async function batchRows(bench: Bench): Promise<Row[]> {
  const many: Accounts = { prefix: 'b-', count: 20_000 }
  await fillAccounts(bench.place, many)
  await settle(bench.place)
  const connections = 4
  bench.say(`(d) bodies of ${batchSize} entries, ${connections} connections`)
  const task = (kind: 'batch-of-one-account' | 'batch-of-accounts') => () => ({
    kind,
    accounts: many,
    run: newRun(),
    size: batchSize,
  })
  const sides = [
    overHttp(bench, task('batch-of-one-account'), { connections }),
    overHttp(bench, task('batch-of-accounts'), { connections }),
  ]
  await warmUp(bench, ...sides)
  const [one = [], each = []] = await inTurns(sides, bench.repetitions)
  const row = (name: string, runs: Run[]): Row => ({
    id: 'd',
    name,
    numerator: spreadOf(runs.map((run) => run.perSecond * batchSize)),
    unit: 'entries/s',
    target: { bound: 15_000, direction: 'at least' },
    ...problemOf(runs),
  })
  return [
    row(`bodies of 1 000 entries of one account, ${connections} connections`, one),
    row(`bodies of 1 000 accounts × 1 entry, ${connections} connections`, each),
  ]
}

/** (f) The claims of an account that has ten. */
export async function claimReadRows(bench: Bench): Promise<Row[]> {
  const debtors: Accounts = { prefix: 'c-', count: 5_000 }
  await fillClaims(bench.place, debtors, 10)
  await settle(bench.place)
  const connections = 32
  bench.say(`(f) get_account_claims at ${connections} connections`)
  const side = overHttp(bench, () => ({ kind: 'claims', accounts: debtors, run: newRun() }), {
    connections,
  })
  await warmUp(bench, side)
  const [runs = []] = await inTurns([side], bench.repetitions)
  const name = `get_account_claims, 10 claims, ${connections} connections`
  return [{ id: 'f', name, numerator: rates(runs), unit: '/s', ...problemOf(runs) }]
}

/** (g) What one post costs when more is stored. The servers run beside each other and are measured in turns. */
export async function growthRows(bench: Bench): Promise<Row[]> {
  const largest = bench.isQuick ? 1_000_000 : 10_000_000
  const places = await openSizes(bench, [1_000, 100_000, largest])
  try {
    const rows: Row[] = []
    for (const connections of [1, 8]) {
      bench.say(
        `(g) posts at ${connections} connections with 10³, 10⁵ and ${largest} entries stored`,
      )
      const sides = places.map((place) => overHttp(bench, posts(accounts), { connections, place }))
      await warmUp(bench, ...sides)
      const [small = [], middle = [], large = []] = await inTurns(sides, bench.repetitions)
      for (const [name, runs] of [
        ['10⁵', middle],
        [largest === 10_000_000 ? '10⁷' : '10⁶', large],
      ] as const)
        rows.push(
          costRow(`cost with ${name} ÷ 10³ entries, ${connections} connections`, runs, small),
        )
    }
    rows.push(await longAccountRow(bench, places))
    return rows
  } finally {
    for (const place of places) await place.close()
  }
}

function costRow(name: string, runs: Run[], base: Run[]): Row {
  const cost = (side: readonly Run[]) => spreadOf(side.map((run) => 1_000 / run.perSecond))
  return {
    id: 'g',
    name,
    numerator: cost(runs),
    denominator: cost(base),
    denominatorName: '',
    ratio: ratios(base, runs),
    unit: 'ms',
    target: { bound: 1.3, direction: 'at most' },
    ...problemOf(runs, base),
  }
}

async function longAccountRow(bench: Bench, places: readonly Place[]): Promise<Row> {
  const place = places.at(-1) ?? bench.place
  bench.say('(g) posts to an account with 10⁵ entries')
  const sides = [hot, accounts].map((to) => overHttp(bench, posts(to), { connections: 1, place }))
  await warmUp(bench, ...sides)
  const [long = [], others = []] = await inTurns(sides, bench.repetitions)
  return costRow('cost on an account of 10⁵ entries ÷ others, 1 connection', long, others)
}

async function openSizes(bench: Bench, sizes: readonly number[]): Promise<Place[]> {
  const places: Place[] = []
  for (const size of sizes) {
    bench.say(`(g) ${size} entries are stored`)
    const place = await openBeside(bench.place, `entries_${size}`)
    bench.pids.push(place.pid)
    places.push(place)
    await fillAccounts(place, accounts)
    await fillAccounts(place, hot)
    await fillSize(place, size)
    await settle(place)
  }
  return places
}

const longAccount = 100_000

async function fillSize(place: Place, size: number): Promise<void> {
  const inOne = size > 2 * longAccount ? longAccount : 0
  if (inOne > 0) await fillEntries(place, hot, { each: inOne, most: inOne })
  const each = Math.ceil((size - inOne) / accounts.count)
  await fillEntries(place, accounts, { each, most: size - inOne })
}
