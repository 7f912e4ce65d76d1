import { ReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Bookkeeper, callContext, type Command } from '../book/index.ts'
import { WorkQueue } from '../book/queue.ts'
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
    const whileWriting = ['told.csv.part', 'told.csv.part.lock']
    expect(seen).toEqual([whileWriting, whileWriting])
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

  test('of an import that still writes it is left alone by another, which is refused', async () => {
    const file = await fileOf(3_000)
    let groupsOfOthers = 0
    const bookkeeper = slowBookkeeper(() => (groupsOfOthers += 1))
    const results = resultFile(place())
    const write: typeof results.write = async (reports) => {
      const second = run(file, { bookkeeper, results: resultFile(place()) })
      await expect(second).rejects.toThrow(
        /Another import \(pid \d+\) is writing its result to .*told\.csv;/,
      )
      await results.write(reports)
    }
    await run(file, { results: { ...results, write } })
    expect(groupsOfOthers).toBe(0)
    expect(await names()).toEqual(['told.csv'])
    expect((await readFile(place(), 'utf8')).trimEnd().split('\n')).toHaveLength(1 + 3_000)
    // It may be written again, also over what a killed one left behind.
    const dead = JSON.stringify({ pid: 2 ** 22 + 1, identity: 'dead', nonce: '' })
    await writeFile(`${place()}.part.lock`, dead)
    await writeFile(`${place()}.part`, 'half of a')
    await run(file, { results: resultFile(place()) })
    expect(await names()).toEqual(['told.csv'])
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

describe('rows that share an account, a debtor or a claim', () => {
  const claims = mappingOf({
    map: {
      claimReference: 'claim',
      accountReference: 'account',
      debtorReference: 'debtor',
      companyName: 'debtor',
      country: ':DE',
      amount: ':1.00',
      originalDueDate: ':2026-01-31',
      currency: ':EUR',
    },
    options: { kind: 'claims' },
  })

  /** What the needs of a command may not be decided beside, or before, that of an earlier one. */
  const keysOf = ({ needs }: Command) => [
    ...(needs.accounts ?? []).map((reference) => `account ${reference}`),
    ...(needs.debtors ?? []).map((reference) => `debtor ${reference}`),
    ...(needs.claims ?? []).map((reference) => `claim ${reference}`),
  ]

  /** Two lanes at the queue of the bookkeeper, each of which takes as many turns for its work as it likes. */
  function lanesOf(turnsOf: () => number, decide: (commands: readonly Command[]) => void) {
    const queue = new WorkQueue<{
      keys: string[]
      size: number
      commands: readonly Command[]
      tell: () => void
    }>()
    let isBusy = 0
    const work = async (): Promise<void> => {
      for (let works = queue.take(256); works.length > 0; works = queue.take(256)) {
        for (let turn = turnsOf(); turn > 0; turn -= 1) await nextTurn()
        for (const { commands, tell } of works) {
          decide(commands)
          tell()
        }
        queue.release(works)
        if (!queue.isEmpty) wake()
      }
      isBusy -= 1
    }
    const wake = () => {
      if (isBusy >= 2) return
      isBusy += 1
      void work()
    }
    const submitGroup = (commands: readonly Command[]) =>
      new Promise((resolve) => {
        const tell = () => resolve(commands.map(() => ({ result: 'imported' })))
        queue.push({ keys: commands.flatMap(keysOf), size: commands.length, commands, tell })
        setImmediate(wake)
      })
    return { submitGroup } as unknown as Bookkeeper
  }

  test('are booked in the order of the file, however long its parts take, so that the later wins', async () => {
    const file = path.join(directory, 'shared.csv')
    const shape = fc.record({
      rows: fc.integer({ min: 1, max: 5_000 }),
      accounts: fc.constantFrom(5, 500, 1_000_000),
      debtors: fc.constantFrom(5, 500, 1_000_000),
      claims: fc.constantFrom(500, 1_000_000),
      random: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ rows, random, ...pools }) => {
        const below = (max: number) => Math.floor(Number(random.next().value) * max)
        const lines = Array.from(
          { length: rows },
          () => `C${below(pools.claims)},A${below(pools.accounts)},D${below(pools.debtors)}\n`,
        )
        await writeFile(file, `claim,account,debtor\n${lines.join('')}`)
        const last = new Map<string, string>()
        const overtaken: string[] = []
        let decided = 0
        const bookkeeper = lanesOf(
          () => below(30),
          (commands) => {
            for (const command of commands) {
              decided += 1
              for (const key of keysOf(command)) {
                // Ids of commands ascend with the rows.
                if (command.id < (last.get(key) ?? '')) overtaken.push(key)
                last.set(key, command.id)
              }
            }
          },
        )
        await run(file, { bookkeeper, mapping: claims })
        expect(overtaken).toEqual([])
        expect(decided).toBe(rows)
      }),
      { numRuns: 12 },
    )
  })
})
