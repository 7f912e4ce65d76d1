import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { createOwnerPool } from '../../src/platform/db.ts'
import { findRunningPostgres } from '../../src/platform/embedded-postgres/index.ts'
import { assertBooksBalance } from '../invariants.ts'
import { post, randomFrom, type Sent, sendUntilDead, tokenFor } from './load.ts'
import { type Created, kill, ServerProcess } from './server-process.ts'

const rounds = Number(process.env.CRASH_ROUNDS ?? 20)
const seed = Number(process.env.CRASH_SEED ?? 1)
const random = randomFrom(seed)
const firstStartMaxMs = 120_000
const readyMaxMs = 10_000
// Something else may take the processor during a start or two.
const slowStartsMax = 2
const accounts = ['ACC-0', 'ACC-1', 'ACC-2', 'ACC-3']
// Left to the server to make: root's PostgreSQL runs as somebody who may not enter mkdtemp's.
const dataDir = path.join(os.tmpdir(), `quittance-crash-${randomBytes(5).toString('hex')}`)
let server: ServerProcess | undefined

afterAll(async () => {
  if (server) {
    const postgres = existsSync(path.join(dataDir, 'pg', 'postmaster.pid'))
      ? server.postgresPids()
      : []
    server.killServer()
    kill(postgres)
    await server.ended()
  }
  await rm(dataDir, { recursive: true, force: true })
})

/** What dies, in which order. Whoever is left must not be in the way of the next start. */
const deaths = [
  (it: ServerProcess) => {
    const postgres = it.postgresPids()
    it.killServer()
    kill(postgres)
  },
  (it: ServerProcess) => {
    kill(it.postgresPids())
    it.killServer()
  },
  (it: ServerProcess) => it.killServer(),
  (it: ServerProcess) => kill(it.postgresPids()),
  (it: ServerProcess) => kill(it.postgresPids().slice(0, 1)),
]

async function withPool<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const owner = await findRunningPostgres(dataDir)
  const pool = createOwnerPool(owner!, 2)
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

test(
  `what was acknowledged survives ${rounds} kills exactly once, and nothing else half (seed ${seed})`,
  { timeout: 400_000 },
  async () => {
    server = await ServerProcess.start(dataDir, firstStartMaxMs)
    const tenant = await server.createTenant('Crash')
    await openAccounts(server, tenant)
    const all: Sent[] = []
    const startsMs: number[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const token = await tokenFor(server, tenant)
      const running = server
      const killAt = 10 + Math.floor(random() * 190)
      const death = deaths[Math.floor(random() * deaths.length)]!
      const load = { server, tenant, token, accounts, round, random }
      const sent = await sendUntilDead(load, (count) => {
        if (count === killAt) death(running)
      })
      await running.ended()
      all.push(...sent)
      server = await ServerProcess.start(dataDir, firstStartMaxMs)
      expect(await server.isReady()).toBe(true)
      if (!server.hasCompiled) startsMs.push(server.startedInMs)
      await withPool((pool) => checkRound(pool, { sent, round }))
    }
    const slowMs = startsMs.filter((ms) => ms >= readyMaxMs)
    expect(slowMs.length, `starts took ${startsMs.join(', ')} ms`).toBeLessThanOrEqual(
      slowStartsMax,
    )
    // A load that acknowledged next to nothing would prove nothing; neither would one that was never cut short.
    for (const kind of ['entries', 'payment', 'async', 'accounts'] as const)
      expect(all.filter((one) => one.kind === kind && one.isAcknowledged).length).toBeGreaterThan(5)
    expect(all.filter((one) => !one.isAcknowledged).length).toBeGreaterThan(rounds)
    await withPool(async (pool) => {
      await untilWorkedOff(pool)
      for (let round = 1; round <= rounds; round += 1) await checkAsync(pool, { sent: all, round })
      await checkEvents(pool)
      await assertBooksBalance(pool)
    })
    expect(await server.stop()).toBe(0)
    server = undefined
  },
)

async function openAccounts(on: ServerProcess, tenant: Created): Promise<void> {
  const token = await tokenFor(on, tenant)
  const debtor = {
    debtorReference: 'D',
    firstName: 'Ada',
    lastName: 'Byron',
    contactInformation: { country: 'DE' },
  }
  const bodies = accounts.map((account) => [account, { currency: 'EUR', debtors: [debtor] }])
  const { body } = await post(
    { server: on, tenant, token },
    'create_accounts',
    Object.fromEntries(bodies),
  )
  for (const result of Object.values(body)) expect(result.success).toBe(true)
}

interface Round {
  readonly sent: readonly Sent[]
  readonly round: number
}

async function checkRound(pool: pg.Pool, { sent, round }: Round): Promise<void> {
  const found = await entriesOf(pool, round)
  for (const { kind, references, isAcknowledged } of sent) {
    if (kind !== 'entries' && kind !== 'accounts') continue
    const counts = references.map((reference) => found.get(reference) ?? 0)
    const sum = counts.reduce((total, count) => total + count, 0)
    if (isAcknowledged) expect(counts, references[0]).toEqual(references.map(() => 1))
    // Entries of one account stand together; the accounts of one body may come apart where nobody was told of them.
    for (let at = 0; at < counts.length; at += 3)
      expect([0, 3], references[at]).toContain(counts[at]! + counts[at + 1]! + counts[at + 2]!)
    expect(sum).toBeLessThanOrEqual(references.length)
  }
  await checkPayments(pool, { sent, round })
  await checkEvents(pool)
  await assertBooksBalance(pool)
}

/** How often each reference of a round was booked, over all accounts. */
async function entriesOf(pool: pg.Pool, round: number): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ reference: string; count: number }>(
    'select reference, count(*)::int as count from quittance.entry where starts_with(reference, $1) group by 1',
    [`R${round}-`],
  )
  return new Map(rows.map(({ reference, count }) => [reference, count]))
}

async function checkPayments(pool: pg.Pool, { sent, round }: Round): Promise<void> {
  const { rows } = await pool.query<{ trackingId: string; noted: number; booked: number }>(
    `select p.tracking_id as "trackingId", p.amount_minor as noted, (
         select sum(e.amount_minor)::bigint from quittance.entry e
         where e.tenant_id = p.tenant_id and e.details -> 'meta' ->> 'trackingId' = p.tracking_id) as booked
       from quittance.provider_payment p where starts_with(p.tracking_id, $1)`,
    [`R${round}-`],
  )
  const found = new Map(rows.map((row) => [row.trackingId, row]))
  expect(found.size).toBe(rows.length)
  for (const { kind, references, amount, isAcknowledged } of sent) {
    if (kind !== 'payment') continue
    const payment = found.get(references[0]!)
    if (isAcknowledged || payment)
      expect(payment, references[0]).toMatchObject({ noted: amount, booked: amount })
  }
  const { rows: strays } = await pool.query(
    `select e.reference from quittance.entry e
     where e.details -> 'meta' ->> 'trackingId' is not null and not exists (
       select from quittance.provider_payment p where p.tenant_id = e.tenant_id and p.account_id = e.account_id
         and p.tracking_id = e.details -> 'meta' ->> 'trackingId')`,
  )
  expect(strays).toEqual([])
}

/** An entry has its event, and an event its entry. */
async function checkEvents(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query(
    `with booked as (select distinct command_id::text as id from quittance.entry),
     told as (select metadata ->> 'commandId' as id, count(*) as times from quittance.event
       where type = 'event.accountLedgerEntries.added' group by 1)
     select coalesce(booked.id, told.id) as id, told.times from booked full join told using (id)
     where booked.id is null or told.times is distinct from 1`,
  )
  expect(rows).toEqual([])
}

async function checkAsync(pool: pg.Pool, { sent, round }: Round): Promise<void> {
  const found = await entriesOf(pool, round)
  for (const { kind, references, isAcknowledged } of sent) {
    if (kind !== 'async' || !references[0]!.startsWith(`R${round}-`)) continue
    const counts = references.map((reference) => found.get(reference) ?? 0)
    if (isAcknowledged) expect(counts, references[0]).toEqual([1, 1, 1])
    else expect(new Set(counts).size, references[0]).toBe(1)
  }
}

const workOffMaxMs = 60_000

/** What was queued before a kill is worked off by the server that came after it. */
async function untilWorkedOff(pool: pg.Pool): Promise<void> {
  const deadline = performance.now() + workOffMaxMs
  for (;;) {
    const { rows } = await pool.query<{ left: number }>(
      'select count(*)::int as left from quittance.pending_command',
    )
    if (rows[0]!.left === 0) return
    if (performance.now() > deadline) throw new Error(`${rows[0]!.left} queued calls are left`)
  }
}
