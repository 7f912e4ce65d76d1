import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Bookkeeper, type Command, type Outcome } from '../../src/book/index.ts'
import { createTenant } from '../../src/identity/index.ts'
import { newId } from '../../src/kernel/id.ts'
import { createSealer } from '../../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from '../database.ts'
import { assertBooksBalance } from '../invariants.ts'
import { assertStoreBalances } from './balance.ts'
import { MemoryStore, type Row } from './memory-store.ts'
import { expectSame, Ids, shownOutcome, type State, stateOf, storeTables } from './same.ts'
import { commandOf, openingSteps, type Step, stepArbitrary } from './steps.ts'

// `npm run simulate -- --seed N --steps M` sets both; `npm test` always runs the same commands.
const seed = Number(process.env.SIMULATE_SEED ?? 1)
const steps = Number(process.env.SIMULATE_STEPS ?? 10_000)
const stepsPerWorld = 60
const worldsAtOnce = 48
const tenants = 3
const now = new Date('2026-03-10T12:00:00.000Z')

let database: TestDatabase
let bookkeeper: Bookkeeper
const stores: MemoryStore[] = []
const bugs: unknown[] = []
const batches: number[] = []

beforeAll(async () => {
  database = await testDatabase()
  for (let index = 0; index < tenants; index += 1) {
    const { tenantId } = await createTenant(
      database.db,
      { name: `Tenant ${index}`, isSandbox: false },
      { now: () => now, sealer: createSealer(Buffer.alloc(32, 7)) },
    )
    stores.push(new MemoryStore(tenantId, now))
  }
  bookkeeper = new Bookkeeper({
    connection: database.connection,
    lanes: 2,
    queueMax: 100_000,
    nowOf: () => now,
    onBatch: ({ commands }) => batches.push(commands),
    onBug: (error) => bugs.push(error),
  })
})
afterAll(async () => {
  await bookkeeper.close()
  await database.close()
})

/** Accounts, claims and debtors that have to do with each other and with nothing else: they are worked on in order. */
interface SmallWorld {
  readonly name: string
  readonly store: MemoryStore
  readonly calls: Call[]
}

/** Commands that leave together: alone, as a group in one transaction, or one behind the other without waiting. */
interface Call {
  readonly form: 'single' | 'group' | 'stream'
  readonly steps: readonly Step[]
  readonly commandIds: readonly string[]
}

function smallWorld(index: number): SmallWorld {
  const name = `W${index}.`
  const worldSeed = (seed * 100_003 + index) | 0
  const random = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number) =>
    fc.sample(arbitrary, { seed: worldSeed, numRuns })
  const all = [...openingSteps(name), ...random(stepArbitrary(name), stepsPerWorld)]
  const forms = random(
    fc.constantFrom<Call['form']>('single', 'single', 'group', 'stream'),
    all.length,
  )
  const sizes = random(fc.integer({ min: 2, max: 6 }), all.length)
  const store = stores[index % tenants]!
  const calls: Call[] = []
  for (let at = 0; at < all.length;) {
    const form = forms[calls.length]!
    const size = form === 'single' ? 1 : sizes[calls.length]!
    const taken = all.slice(at, at + size)
    const chosen = form === 'stream' ? sameAccount(taken, store.tenantId) : taken
    calls.push({ form, steps: chosen, commandIds: chosen.map(() => newId()) })
    at += chosen.length
  }
  return { name, store, calls }
}

/** The first of these steps that share one account: only those keep their order without being waited for. */
function sameAccount(all: readonly Step[], tenantId: string): Step[] {
  const accountOf = (step: Step) => commandOf(step, tenantId).needs.accounts?.[0]
  const first = accountOf(all[0]!)
  const end = all.findIndex((step) => accountOf(step) === undefined || accountOf(step) !== first)
  return all.slice(0, Math.max(1, end === -1 ? all.length : end))
}

function commandsOf(call: Call, tenantId: string): Command[] {
  return call.steps.map((step, index) => commandOf(step, tenantId, call.commandIds[index]))
}

async function book(call: Call, tenantId: string): Promise<Outcome[]> {
  const commands = commandsOf(call, tenantId)
  if (call.form === 'group') return bookkeeper.submitGroup(commands)
  return Promise.all(commands.map((command) => bookkeeper.submit(command)))
}

const replay = `npm run simulate -- --seed ${seed} --steps ${steps}`

async function compareAnswers(world: SmallWorld): Promise<void> {
  const { store } = world
  const [real, simulated] = [new Ids(), new Ids()]
  for (const call of world.calls) {
    const answers = await book(call, store.tenantId)
    const expected = commandsOf(call, store.tenantId).flatMap((command) => store.run([command]))
    for (const [index, step] of call.steps.entries()) {
      const what = `${call.form} of ${call.steps.length} in ${world.name} as ${call.commandIds[index]}: ${JSON.stringify(step)}\nReplay: ${replay}\n`
      expectSame(
        real.plain(shownOutcome(answers[index]!)),
        simulated.plain(shownOutcome(expected[index]!)),
        what,
      )
    }
  }
}

test(
  `${steps} random commands are answered and kept by PostgreSQL as in memory (seed ${seed})`,
  { timeout: 600_000 },
  async () => {
    const worlds = Array.from({ length: Math.ceil(steps / stepsPerWorld) }, (_, index) =>
      smallWorld(index),
    )
    const waiting = [...worlds]
    const work = async () => {
      for (let world = waiting.shift(); world; world = waiting.shift()) await compareAnswers(world)
    }
    await Promise.all(Array.from({ length: worldsAtOnce }, work))
    expect(bugs, replay).toEqual([])
    // Where batches were small, nothing was tested about them.
    expect(batches.reduce((sum, size) => sum + size, 0) / batches.length).toBeGreaterThan(4)
    for (const store of stores) {
      assertStoreBalances(store)
      await compareStates(
        store,
        worlds.filter((world) => world.store === store),
      )
    }
    await assertBooksBalance(database.ownerPool)
  },
)

/** World by world, for ids come in another order where worlds are mixed. */
async function compareStates(store: MemoryStore, worlds: readonly SmallWorld[]): Promise<void> {
  const kept = storeTables(store)
  const real = byWorld(writtenColumns(await databaseTables(store.tenantId), kept), worlds)
  const simulated = byWorld(kept, worlds)
  for (const [index, world] of worlds.entries()) {
    expectSame(real[index], simulated[index], `the state of ${world.name}\nReplay: ${replay}\n`)
  }
}

/** The columns that the bookkeeper writes; a table may have others, of other modules. */
function writtenColumns(tables: State, kept: State): State {
  const entries = Object.entries(tables) as [keyof State, Row[]][]
  const narrowed = entries.map(([name, rows]) => {
    const columns = new Set(kept[name].flatMap(Object.keys))
    const isOrder = (column: string) => name === 'event' && (column === 'xid' || column === 'seq')
    const narrow = (row: Row) =>
      Object.fromEntries(Object.entries(row).filter(([c]) => columns.has(c) || isOrder(c)))
    return [name, rows.map(narrow)]
  })
  return Object.fromEntries(narrowed) as State
}

function byWorld(tables: State, worlds: readonly SmallWorld[]): unknown[] {
  const worldOf = new Map(
    worlds.flatMap(({ name, calls }) =>
      calls.flatMap(({ commandIds }) => commandIds.map((id) => [id, name] as const)),
    ),
  )
  const events = new Map<string, Row[]>()
  for (const event of tables.event) {
    const name = worldOf.get(event.metadata.commandId) ?? 'of nobody'
    const known = events.get(name)
    if (known) known.push(event)
    else events.set(name, [event])
  }
  expect(events.get('of nobody')).toBeUndefined()
  return worlds.map(({ name }) => stateOf({ ...tables, event: events.get(name) ?? [] }, name))
}

async function databaseTables(tenantId: string): Promise<State> {
  const rows = async (table: string, order = '1') => {
    const { rows: found } = await database.ownerPool.query<{ row: Row }>(
      `select to_jsonb(t) as row from quittance.${table} t where tenant_id = $1 order by ${order}`,
      [tenantId],
    )
    return found.map(({ row }) => row)
  }
  return {
    accounts: await rows('account'),
    account_debtor: await rows('account_debtor'),
    product: await rows('product'),
    entry: await rows('entry'),
    item: await rows('item'),
    claim: await rows('claim'),
    provider_payment: await rows('provider_payment'),
    debtor: await rows('debtor'),
    event: await rows('event', 'xid, seq'),
  }
}
