import { existsSync } from 'node:fs'
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { secretKey } from '../../test/world.ts'
import { createTenant } from '../identity/index.ts'
import { newId } from '../kernel/id.ts'
import { createSealer } from '../platform/sealer.ts'
import { runCli } from './main.ts'

let database: TestDatabase
let directory: string
let tenantId: string
const printed = { out: '', err: '' }

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'quittance-result-'))
  const deps = { now: () => new Date(), sealer: createSealer(secretKey) }
  const input = { name: `Acme ${newId()}`, isSandbox: false }
  ;({ tenantId } = await createTenant(database.db, input, deps))
  await writeFile(at('invoices.csv'), text)
  for (const [stream, name] of [
    [process.stdout, 'out'],
    [process.stderr, 'err'],
  ] as const)
    vi.spyOn(stream, 'write').mockImplementation((words) => {
      printed[name] += String(words)
      return true
    })
})
afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = undefined
  await rm(directory, { recursive: true })
})

const text = 'account,number,amount,due\nA1,I1,1.00,2026-01-31\nA1,I2,much,2026-01-31\n'
const head = 'line,reference,result,reason\n'
const at = (name: string) => path.join(directory, name)
const read = (name: string) => readFile(at(name), 'utf8')
const maps = {
  accountReference: 'account',
  ledgerEntryReference: 'number',
  amount: 'amount',
  dueDate: 'due',
}

async function importFile(name: string, ...options: string[]): Promise<number> {
  Object.assign(printed, { out: '', err: '' })
  process.exitCode = undefined
  const mapping = Object.entries(maps).flatMap(([field, column]) => ['--map', `${field}=${column}`])
  const words = ['--tenant', tenantId, '--kind', 'entries', '--currency', 'EUR', ...mapping]
  const place = ['--database-url', databaseUrl(database.connection), '--data-dir', directory]
  await runCli(['node', 'quittance', 'import', at(name), ...words, ...place, ...options])
  return exitCode()
}

const exitCode = () => Number(process.exitCode ?? 0)

async function booked(): Promise<number> {
  const { rows } = await database.ownerPool.query(
    'select count(*)::int as count from quittance.entry where tenant_id = $1',
    [tenantId],
  )
  return rows[0].count
}

describe('the result of an import', () => {
  test('is written beside the file when nobody names a place, and the user is told where', async () => {
    expect(await importFile('invoices.csv')).toBe(1)
    expect(await read('invoices.result.csv')).toBe(
      `${head}2,I1,imported,\n3,I2,invalid,amount: much: The amount is not a decimal number\n`,
    )
    expect(printed.err).toContain(`What became of every row: ${at('invoices.result.csv')}\n`)
    expect(await read('invoices.csv')).toBe(text)
    expect(existsSync(at('invoices.result.csv.part'))).toBe(false)
  })

  test('is named in the JSON, and the next import of the file writes it anew', async () => {
    await importFile('invoices.csv')
    await importFile('invoices.csv', '--json')
    expect(JSON.parse(printed.out).resultFile).toBe(at('invoices.result.csv'))
    expect(await read('invoices.result.csv')).toContain('2,I1,unchanged,\n')
  })

  test('goes where --result says and nowhere else, also over something that was there', async () => {
    await writeFile(at('elsewhere.csv'), 'old')
    await importFile('invoices.csv', '--result', at('elsewhere.csv'))
    expect(await read('elsewhere.csv')).toContain('2,I1,imported,\n')
    expect(existsSync(at('invoices.result.csv'))).toBe(false)
    expect(printed.err).toContain(`What became of every row: ${at('elsewhere.csv')}\n`)
  })

  test('is not written with --no-result, and the user is told how to have one', async () => {
    const before = await readdir(directory)
    expect(await importFile('invoices.csv', '--no-result')).toBe(1)
    expect(await booked()).toBe(1)
    expect(await readdir(directory)).toEqual(before)
    expect(printed.err).not.toContain('What became of every row')
    expect(printed.err).toContain('--result file.csv writes what became of every row')
  })

  test('of the real import is left alone by a dry run, which has one when it is asked for', async () => {
    await importFile('invoices.csv')
    const real = await read('invoices.result.csv')
    await importFile('invoices.csv', '--dry-run')
    expect(await read('invoices.result.csv')).toBe(real)
    await importFile('invoices.csv', '--dry-run', '--result', at('dry.csv'))
    expect(await read('dry.csv')).toContain('2,I1,unchanged,\n')
  })

  test('never takes the name of the file, whatever that is called', async () => {
    for (const [name, result] of [
      ['invoices', 'invoices.result.csv'],
      ['invoices.result.csv', 'invoices.result.result.csv'],
      ['invoices.csv.part', 'invoices.csv.result.csv'],
    ] as const) {
      await writeFile(at(name), text)
      await importFile(name)
      expect(await read(name)).toBe(text)
      expect(await read(result)).toContain(head)
      await rm(at(name))
    }
  })
})

describe('an import whose result has no place', () => {
  const refused = async (...options: string[]) => {
    const before = await readdir(directory)
    expect(await importFile('invoices.csv', ...options)).toBe(2)
    expect(await booked()).toBe(0)
    expect(await readdir(directory)).toEqual(before)
    expect(await read('invoices.csv')).toBe(text)
    expect(printed.err).toContain('--no-result writes none')
    return printed.err
  }

  test('is refused where it would overwrite the file itself, by whatever name', async () => {
    await link(at('invoices.csv'), at('linked.csv'))
    await symlink(at('invoices.csv'), at('symbolic.csv'))
    await link(at('invoices.csv'), at('behind.csv.part'))
    for (const name of ['invoices.csv', 'linked.csv', 'symbolic.csv', 'behind.csv'])
      expect(await refused('--result', at(name))).toContain('would overwrite the file itself')
    await link(at('invoices.csv'), at('invoices.result.csv'))
    expect(await refused()).toContain('would overwrite the file itself')
  })

  test('is refused where somebody else has a file of the name that nobody typed', async () => {
    await writeFile(at('invoices.result.csv'), 'the result of a year of work')
    expect(await refused()).toContain('invoices.result.csv is there and is no result of an import')
    expect(await read('invoices.result.csv')).toBe('the result of a year of work')
  })

  test('is refused where the place is no file', async () => {
    await mkdir(at('place'))
    expect(await refused('--result', at('place'))).toContain('place is no file')
    await symlink('/dev/null', at('nothing'))
    expect(await refused('--result', at('nothing'))).toContain('nothing is no file')
  })
})

describe('a mapping that is to be kept', () => {
  test('has its place looked at before anything is imported', async () => {
    await mkdir(at('place'))
    await link(at('invoices.csv'), at('linked.json'))
    const before = await readdir(directory)
    for (const [name, reason] of [
      ['nowhere/m.json', 'nowhere/m.json cannot be written: ENOENT'],
      ['invoices.csv/m.json', 'm.json cannot be written: ENOTDIR'],
      ['place', 'place cannot be written: EISDIR'],
      ['invoices.csv', `would overwrite ${at('invoices.csv')}`],
      ['linked.json', `would overwrite ${at('invoices.csv')}`],
      ['invoices.result.csv', `would overwrite ${at('invoices.result.csv')}`],
    ] as const) {
      expect(await importFile('invoices.csv', '--save-mapping', at(name))).toBe(2)
      expect(printed.err).toContain('Failed: --save-mapping')
      expect(printed.err).toContain(reason)
    }
    expect(await booked()).toBe(0)
    expect(await readdir(directory)).toEqual(before)
    expect(await read('invoices.csv')).toBe(text)
  })

  test('is not, and leaves nothing, where the import cannot be used', async () => {
    const before = await readdir(directory)
    expect(await importFile('invoices.csv', '--save-mapping', at('m.json'), '--tenant', 'No')).toBe(
      2,
    )
    expect(await readdir(directory)).toEqual(before)
  })

  test.skipIf(!existsSync('/dev/full'))(
    'on a disk that is full by then is told of after what became of the rows',
    async () => {
      expect(await importFile('invoices.csv', '--save-mapping', '/dev/full')).toBe(1)
      expect(await booked()).toBe(1)
      expect(printed.out).toContain('2 rows: 1 imported')
      expect(printed.err).toContain('The mapping was not kept: /dev/full cannot be written: ENOSPC')
    },
  )
})

test('a command that cannot be used leaves the result of the last import and no other', async () => {
  await importFile('invoices.csv')
  const before = await readdir(directory)
  const result = await read('invoices.result.csv')
  expect(await importFile('invoices.csv', '--map', 'createdAt=Booked')).toBe(2)
  expect(await importFile('invoices.csv', '--tenant', 'Nobody')).toBe(2)
  expect(await importFile('no-such-file.csv')).toBe(2)
  expect(printed.err).toContain('no-such-file.csv cannot be read')
  expect(await readdir(directory)).toEqual(before)
  expect(await read('invoices.result.csv')).toBe(result)
})
