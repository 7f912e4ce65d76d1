import { execFile } from 'node:child_process'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import pg from 'pg'
import { migrate } from '../src/platform/migrate.ts'
import { packageRoot } from '../src/platform/package-root.ts'
import { peakMemoryMb } from './machine.ts'
import { type Row, spreadOf } from './measure.ts'
import { type Place, quittance, type SocketConnection, urlOf } from './place.ts'
import type { Bench } from './rows.ts'

// Parents before children: what is copied is checked as it comes.
const tables = ['account', 'debtor', 'account_debtor', 'entry', 'item', 'claim', 'event'] as const

const claimsPerAccount = 5
// Measured: 257 MB for 100,000 claims, 293 MB for 1,000,000. In full mode a hundred bytes kept of each would not fit.
const memoryMaxMb = 350
const memoryPollMs = 100

/** (e) Claims from a CSV file, against COPY of the rows that the import leaves into tables with the same indexes. */
export async function importRows(bench: Bench): Promise<Row[]> {
  const claims = bench.isQuick ? 100_000 : 1_000_000
  const repetitions = bench.isQuick ? 2 : 3
  const directory = path.join(bench.place.dataDir, 'import')
  mkdirSync(directory, { recursive: true })
  const file = path.join(directory, 'claims.csv')
  await pipeline(Readable.from(linesOf(claims)), createWriteStream(file))
  const imported: number[] = []
  const memories: number[] = []
  const copied: number[] = []
  try {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      bench.say(`(e) ${claims} claims are imported`)
      const source = await openDatabase(bench.place, 'imported')
      const { seconds, memoryMb } = await importOnce(source, { file, directory, claims })
      imported.push(claims / seconds)
      memories.push(memoryMb)
      bench.say('(e) the rows that this left are copied')
      const target = await openDatabase(bench.place, 'copied')
      copied.push(claims / (await copySeconds(bench.place, source, target)))
      await closeDatabase(bench.place, source)
      await closeDatabase(bench.place, target)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  const count = claims.toLocaleString('en').replaceAll(',', ' ')
  return [
    {
      id: 'e',
      name: `import of ${count} claims`,
      numerator: spreadOf(imported),
      denominator: spreadOf(copied),
      denominatorName: 'COPY',
      ratio: spreadOf(imported.map((rate, index) => rate / (copied[index] ?? Number.NaN))),
      unit: 'claims/s',
      target: { bound: 0.4, direction: 'at least' },
    },
    {
      id: 'e',
      name: `most memory of an import of ${count} claims`,
      numerator: spreadOf(memories),
      unit: 'MB',
      target: { bound: memoryMaxMb, direction: 'below' },
      // Without /proc nothing is known, which is not the same as little.
      ...(memories.includes(0) ? { invalid: 'the system does not say' } : {}),
    },
  ]
}

function* linesOf(claims: number): Generator<string> {
  yield 'claim,account,currency,amount,due,debtor,first,last,country,email\n'
  for (let number = 0; number < claims; number += 1) {
    const account = Math.floor(number / claimsPerAccount)
    yield `c-${number},i-${account},EUR,100.00,2026-01-15,d-${account},Ada,Byron,DE,ada@example.com\n`
  }
}

const mapping = {
  claimReference: 'claim',
  accountReference: 'account',
  currency: 'currency',
  amount: 'amount',
  originalDueDate: 'due',
  debtorReference: 'debtor',
  firstName: 'first',
  lastName: 'last',
  country: 'country',
  email: 'email',
}

async function importOnce(
  source: Opened,
  what: { file: string; directory: string; claims: number },
): Promise<{ seconds: number; memoryMb: number }> {
  const place = ['--data-dir', what.directory, '--database-url', urlOf(source.connection)]
  const opened = await quittance('tenant', 'create', '--name', 'Import', '--json', ...place)
  const { tenantId } = JSON.parse(opened) as { tenantId: string }
  const maps = Object.entries(mapping).flatMap(([field, column]) => ['--map', `${field}=${column}`])
  const words = ['--tenant', tenantId, '--kind', 'claims', ...maps, '--json', ...place]
  const startedAt = performance.now()
  const memoryMb = await peakMemoryOf('import', what.file, ...words)
  const seconds = (performance.now() - startedAt) / 1_000
  const { rows } = await source.pool.query<{ stored: string }>(
    'select count(*) as stored from quittance.claim',
  )
  if (Number(rows[0]?.stored) !== what.claims)
    throw new Error(`${rows[0]?.stored} of ${what.claims} claims were imported`)
  return { seconds, memoryMb }
}

const command = path.join(process.env['BENCH_ROOT'] ?? packageRoot(), 'bin', 'quittance')

/** Runs a command to its end and tells the most memory that it held; 0 where the system does not say. */
async function peakMemoryOf(...argv: string[]): Promise<number> {
  const ending = promisify(execFile)(process.execPath, [command, ...argv])
  let peak = 0
  // The system keeps the highest mark of a process only as long as it lives; the last one that was read counts.
  const look = setInterval(() => {
    peak = Math.max(peak, peakMemoryMb(ending.child.pid ?? 0) ?? 0)
  }, memoryPollMs)
  try {
    await ending
  } finally {
    clearInterval(look)
  }
  return peak
}

/** COPY with the server on both ends of the file, so that no client slows it down. */
async function copySeconds(place: Place, source: Opened, target: Opened): Promise<number> {
  const { rows } = await place.owner.query<{ data_directory: string }>('show data_directory')
  const fileOf = (table: string) => `${rows[0]?.data_directory}/bench-${table}.copy`
  for (const table of ['tenant', ...tables])
    await source.pool.query(`copy quittance.${table} to '${fileOf(table)}'`)
  const copy = (table: string) =>
    target.pool.query(`copy quittance.${table} from '${fileOf(table)}'`)
  await copy('tenant')
  const startedAt = performance.now()
  for (const table of tables) await copy(table)
  const seconds = (performance.now() - startedAt) / 1_000
  for (const table of ['tenant', ...tables]) rmSync(fileOf(table))
  return seconds
}

interface Opened {
  readonly connection: SocketConnection
  readonly pool: pg.Pool
}

async function openDatabase(place: Place, database: string): Promise<Opened> {
  await place.owner.query(`create database ${database}`)
  const connection = { ...place.connection, database }
  const pool = new pg.Pool({ ...connection, ssl: false, max: 2 })
  await migrate(pool)
  return { connection, pool }
}

async function closeDatabase(place: Place, { connection, pool }: Opened): Promise<void> {
  await pool.end()
  await place.owner.query(`drop database ${connection.database} with (force)`)
}
