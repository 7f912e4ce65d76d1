import { ReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Bookkeeper, callContext, type Command } from '../book/index.ts'
import { mappingOf } from './mapping.ts'
import { noResultFile, resultFile } from './result-file.ts'
import { type ImportJob, type Progress, runImport } from './run-import.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'quittance-run-import-'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(directory, { recursive: true })
})

const mapping = mappingOf({
  map: {
    accountReference: 'account',
    ledgerEntryReference: 'number',
    amount: 'amount',
    dueDate: 'due',
    currency: ':EUR',
  },
  options: { kind: 'entries' },
})
const tenant = { tenantId: 'f6b0c1c4-0000-4000-8000-000000000001', timeZone: 'UTC', settings: {} }
const context = callContext(tenant, { originator: 'Import' })
const head = 'account,number,amount,due,note\n'
// Cells that nobody asks for make a file long without making it slow to import.
const note = 'x'.repeat(300)

async function fileOf(rows: number): Promise<string> {
  const file = path.join(directory, `rows-${rows}.csv`)
  const lines = Array.from({ length: rows }, (_, n) => `A${n % 50},I${n},1.00,2026-01-31,${note}\n`)
  await writeFile(file, head + lines.join(''))
  return file
}

/** Takes its time over every group, as a database does. What it books is counted only; that it books is tested elsewhere. */
function slowBookkeeper(onGroup: (rows: number) => void): Bookkeeper {
  const submitGroup = async (commands: readonly Command[]) => {
    onGroup(commands.length)
    for (let turn = 0; turn < 20; turn += 1) await nextTurn()
    return commands.map(() => ({ result: 'imported' }))
  }
  return { submitGroup } as unknown as Bookkeeper
}

async function run(file: string, more: Partial<ImportJob> = {}) {
  const bookkeeper = slowBookkeeper(() => undefined)
  return runImport({ file, mapping, bookkeeper, context, results: noResultFile, ...more })
}

describe('the memory of an import', () => {
  /** The most rows and bytes that were read, or given to the book, and not yet told. */
  async function mostHeld(rows: number): Promise<{ rows: number; bytes: number }> {
    const held = { rows: 0, bytes: 0 }
    const most = { rows: 0, bytes: 0 }
    let bytesToldBefore = 0
    const look = () => {
      most.rows = Math.max(most.rows, held.rows)
      most.bytes = Math.max(most.bytes, held.bytes)
    }
    const push = vi.spyOn(ReadStream.prototype, 'push')
    push.mockImplementation(function pushed(this: ReadStream, chunk: Buffer | null) {
      held.bytes += chunk?.length ?? 0
      look()
      return Object.getPrototypeOf(ReadStream.prototype).push.call(this, chunk)
    })
    const summary = await run(await fileOf(rows), {
      bookkeeper: slowBookkeeper((count) => {
        held.rows += count
        look()
      }),
      results: {
        ...noResultFile,
        async write(reports) {
          await nextTurn()
          held.rows -= reports.length
        },
      },
      onProgress({ bytesDone }) {
        held.bytes -= bytesDone - bytesToldBefore
        bytesToldBefore = bytesDone
      },
    })
    push.mockRestore()
    expect(summary).toMatchObject({ rows, imported: rows, isComplete: true })
    expect(held).toEqual({ rows: 0, bytes: 0 })
    return most
  }

  test('a file ten times as long holds no more rows and no more of the file at once', async () => {
    const short = await mostHeld(5_000)
    const long = await mostHeld(50_000)
    expect(short.rows).toBe(4_000)
    expect(long.rows).toBe(short.rows)
    // Where the chunks of a file end is by chance, so by one of 256 kB more or less.
    expect(short.bytes).toBeGreaterThan(0)
    expect(long.bytes).toBeLessThanOrEqual(short.bytes + 256 * 1024)
  })

  test('only the first problems of a file are kept', async () => {
    const file = path.join(directory, 'wrong.csv')
    await writeFile(file, head + 'A1,I1,much,2026-01-31,\n'.repeat(3_000))
    const { invalid, problems } = await run(file)
    expect(invalid).toBe(3_000)
    expect(problems).toHaveLength(20)
  })
})

test('progress tells of what is booked, not of what is read ahead', async () => {
  const told: Progress[] = []
  const file = await fileOf(8_000)
  await run(file, { onProgress: (progress) => told.push(progress) })
  const text = await readFile(file, 'utf8')
  const bytesAfter = (rows: number) =>
    text
      .split('\n')
      .slice(0, rows + 1)
      .join('\n').length + 1
  expect(told.map(({ rows }) => rows)).toEqual([2_000, 4_000, 6_000, 8_000])
  for (const { rows, bytesDone, bytesTotal } of told) {
    expect(bytesDone).toBe(bytesAfter(rows))
    expect(bytesTotal).toBe(text.length)
  }
})

describe('the result file', () => {
  const place = () => path.join(directory, 'told.csv')
  const names = async () => (await readdir(directory)).filter((name) => name.startsWith('told'))

  test('has a line for every row and its name only when it is complete', async () => {
    const file = await fileOf(3_000)
    const seen: string[][] = []
    const bookkeeper = slowBookkeeper(() => undefined)
    const results = resultFile(place())
    const write: typeof results.write = async (reports) => {
      seen.push(await names())
      await results.write(reports)
    }
    await run(file, { bookkeeper, results: { ...results, write } })
    expect(seen).toEqual([['told.csv.part'], ['told.csv.part']])
    expect(await names()).toEqual(['told.csv'])
    const lines = (await readFile(place(), 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(1 + 3_000)
    expect(lines[0]).toBe('line,reference,result,reason')
    expect(lines[3_000]).toBe('3001,I2999,imported,')
  })

  test('of an import that was stopped says by its name that it is not complete', async () => {
    const stop = new AbortController()
    const summary = await run(await fileOf(20_000), {
      results: resultFile(place()),
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    expect(summary).toMatchObject({ rows: 4_000, imported: 4_000, isComplete: false })
    expect(await names()).toEqual(['told.csv.part'])
    const lines = (await readFile(`${place()}.part`, 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(1 + 4_000)
  })

  test('of an import that failed does so too', async () => {
    const failing = { submitGroup: () => Promise.reject(new Error('gone')) }
    const bookkeeper = failing as unknown as Bookkeeper
    const running = run(await fileOf(10), { bookkeeper, results: resultFile(place()) })
    await expect(running).rejects.toThrow('gone')
    expect(await names()).toEqual(['told.csv.part'])
  })

  test('is not begun for a file that cannot be used', async () => {
    const file = path.join(directory, 'other.csv')
    await writeFile(file, 'account,number\nA1,I1\n')
    await expect(run(file, { results: resultFile(place()) })).rejects.toThrow('no column amount')
    expect(await names()).toEqual([])
  })

  test('that cannot be written ends the import before anything is booked', async () => {
    let groups = 0
    const bookkeeper = slowBookkeeper(() => (groups += 1))
    const results = resultFile(path.join(directory, 'nowhere', 'told.csv'))
    await expect(run(await fileOf(10), { bookkeeper, results })).rejects.toThrow(
      'told.csv cannot be written',
    )
    expect(groups).toBe(0)
  })
})
