import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { createOwnerPool } from '../../src/platform/db.ts'
import {
  findRunningPostgres,
  startEmbeddedPostgres,
} from '../../src/platform/embedded-postgres/index.ts'
import { assertBooksBalance } from '../invariants.ts'
import { post, tokenFor } from './load.ts'
import { ServerProcess } from './server-process.ts'

const startMaxMs = 120_000
const waitMaxMs = 15_000
const queued = 40
// Left to the server to make: root's PostgreSQL runs as somebody who may not enter mkdtemp's.
const dataDir = path.join(os.tmpdir(), `quittance-stop-${randomBytes(5).toString('hex')}`)
let server: ServerProcess | undefined

afterAll(async () => {
  await server?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function withPool<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const owner = await findRunningPostgres(dataDir)
  const pool = createOwnerPool(owner!, 2)
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMaxMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
  }
}

async function isBookkeeperHeld(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query(
    `select from pg_stat_activity
     where application_name = 'quittance-bookkeeper' and wait_event_type = 'Lock'`,
  )
  return rows.length === 1
}

async function queueDepth(url: string): Promise<number> {
  const response = await fetch(`${url}/metrics`)
  const found = /^quittance_bookkeeper_queue_commands (\d+)$/m.exec(await response.text())
  return Number(found?.[1])
}

const takesNobody = (url: string) =>
  fetch(`${url}/healthz`, { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  )

const payment = (totalAmount: number) => ({
  accountReference: 'A',
  currency: 'EUR',
  totalAmount,
  matchStrategy: 'ORDERED_LEDGER_ENTRIES',
})

test(
  'SIGTERM lets what was begun finish, answers it, and ends with 0',
  { timeout: 240_000 },
  async () => {
    const running = await ServerProcess.start(dataDir, startMaxMs)
    server = running
    const tenant = await running.createTenant('Stop')
    const call = { server: running, tenant, token: await tokenFor(running, tenant) }
    const invoice = { invoiceDetails: { amount: 10_000, dueDate: '2026-03-31' }, context: {} }
    const opened = await post(call, 'create_accounts', {
      A: { currency: 'EUR', ledgerEntries: [{ ledgerEntryReference: 'I', ...invoice }] },
    })
    expect(opened.body.A).toMatchObject({ success: true })

    const pay = () =>
      post(call, 'match_account_payment', [payment(1)]).then(
        ({ status, body }) => ({ status, ...body.A }),
        (error: unknown) => ({ status: String(error) }),
      )
    const { answers, stopped } = await withPool(async (pool) => {
      const holder = await pool.connect()
      try {
        // A server that does not wait takes its database away from us, too; the answers tell.
        holder.on('error', () => undefined)
        await holder.query('begin')
        await holder.query(`select from quittance.account where reference = 'A' for update`)
        // One in the middle of its transaction, the others behind it in the queue.
        const first = pay()
        await until('a payment is in its transaction', () => isBookkeeperHeld(pool))
        const others = Array.from({ length: queued }, pay)
        const isQueued = async () => (await queueDepth(running.url)) === queued
        await until('all others are queued', isQueued)
        const exit = running.stop()
        await until('the server takes nobody in', () => takesNobody(running.url))
        expect(await isBookkeeperHeld(pool)).toBe(true)
        await holder.query('commit')
        return { answers: [first, ...others], stopped: exit }
      } finally {
        // Before the server is done with its database: its end would be an error of this connection.
        holder.release(true)
      }
    })
    for (const answer of await Promise.all(answers))
      expect(answer).toMatchObject({ status: 200, success: true })
    expect(await stopped).toBe(0)
    server = undefined

    const postgres = await startEmbeddedPostgres({ dataDir })
    try {
      await withPool(async (pool) => {
        const { rows } = await pool.query(
          `select outstanding_minor as outstanding from quittance.account where reference = 'A'`,
        )
        expect(rows).toEqual([{ outstanding: 10_000 - 1 - queued }])
        await assertBooksBalance(pool)
      })
    } finally {
      await postgres.stop()
    }
  },
)
