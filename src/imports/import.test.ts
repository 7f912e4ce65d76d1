import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { assertBooksBalance } from '../../test/invariants.ts'
import { secretKey } from '../../test/world.ts'
import { runCli } from '../cli/main.ts'
import { createTenant } from '../identity/index.ts'
import { newId } from '../kernel/id.ts'
import { createSealer } from '../platform/sealer.ts'

const ibmFile = path.join(import.meta.dirname, '../../../shared/data/accounts-receivable.csv')
const ibmOptions = [
  '--kind',
  'entries',
  '--currency',
  'USD',
  '--date-format',
  'M/D/YYYY',
  '--unknown-country',
  'ZZ',
  ...maps({
    accountReference: 'customerID',
    ledgerEntryReference: 'invoiceNumber',
    amount: 'InvoiceAmount',
    dueDate: 'DueDate',
    createdAt: 'InvoiceDate',
    debtorReference: 'customerID',
    companyName: 'customerID',
    country: 'countryCode',
    'meta.disputed': 'Disputed',
    'meta.countryCode': 'countryCode',
  }),
]

let database: TestDatabase
let directory: string
let tenantId: string
const printed = { out: '', err: '' }

beforeAll(async () => {
  database = await testDatabase()
  directory = await mkdtemp(path.join(os.tmpdir(), 'quittance-import-'))
})
afterAll(async () => {
  await database.close()
  await rm(directory, { recursive: true })
})
beforeEach(async () => {
  const deps = { now: () => new Date(), sealer: createSealer(secretKey) }
  const input = { name: `Acme ${newId()}`, isSandbox: false }
  ;({ tenantId } = await createTenant(database.db, input, deps))
  printed.out = ''
  printed.err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

function maps(map: Record<string, string>): string[] {
  return Object.entries(map).flatMap(([field, column]) => ['--map', `${field}=${column}`])
}

const place = () => ['--database-url', databaseUrl(database.connection), '--data-dir', directory]

interface Imported {
  code: number
  summary: Record<string, number>
  results: Record<'line' | 'reference' | 'result' | 'reason', string>[]
}

async function importFile(file: string, ...options: string[]): Promise<Imported> {
  printed.out = ''
  process.exitCode = undefined
  const result = path.join(directory, `${newId()}.csv`)
  const words = ['import', file, '--tenant', tenantId, '--result', result, '--json', ...options]
  await runCli(['node', 'quittance', ...words, ...place()])
  const text = existsSync(result) ? await readFile(result, 'utf8') : ''
  return {
    code: exitCode(),
    summary: printed.out === '' ? {} : JSON.parse(printed.out),
    results: parse(text, { columns: true }),
  }
}

const exitCode = () => Number(process.exitCode ?? 0)

async function importText(text: string | Buffer, ...options: string[]): Promise<Imported> {
  const file = path.join(directory, `${newId()}-source.csv`)
  await writeFile(file, text)
  return importFile(file, ...options)
}

async function one<T = number>(question: string): Promise<T> {
  const { rows } = await database.ownerPool.query({
    text: question.replace('from ', 'from quittance.').replace('$1', `'${tenantId}'`),
    rowMode: 'array',
  })
  return rows[0]![0] as T
}

/** Every row of this tenant as it is stored, in one text per table. */
async function everything(): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const table of ['account', 'debtor', 'account_debtor', 'entry', 'item', 'claim', 'event'])
    all[table] = await one<string>(
      `select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from ${table} t where tenant_id = $1`,
    )
  return all
}

const entryMaps = maps({
  accountReference: 'account',
  ledgerEntryReference: 'number',
  amount: 'amount',
  dueDate: 'due',
  debtorReference: 'account',
  companyName: 'account',
  country: ':DE',
})
const entryOptions = ['--kind', 'entries', '--currency', 'EUR', ...entryMaps]
const claimOptions = [
  '--kind',
  'claims',
  '--currency',
  'EUR',
  ...maps({
    claimReference: 'ref',
    debtorReference: 'person',
    firstName: 'first',
    lastName: 'last',
    country: 'land',
    amount: 'amount',
    originalDueDate: 'due',
    'meta.zone': 'zone',
    'meta.a': 'a',
  }),
]
const claimHead = 'ref,person,first,last,land,amount,due,zone,a\n'
const claimRow = (n: number, amount = '10.50', person = `P${n % 7}`) =>
  `C${n},${person},Ada,Byron,DE,${amount},2026-04-01,north,x${n}\n`

describe.skipIf(!existsSync(ibmFile))(
  'the receivables published by IBM (skipped where ../shared is absent)',
  () => {
    it('are 100 accounts and 147,703.18, and a second import changes nothing', async () => {
      const first = await importFile(ibmFile, ...ibmOptions)
      expect(first.code).toBe(0)
      expect(first.summary).toMatchObject({ rows: 2466, imported: 2466, refused: 0, invalid: 0 })
      expect(await one('select count(*) from account where tenant_id = $1')).toBe(100)
      expect(await one<string>('select sum(amount_minor) from entry where tenant_id = $1')).toBe(
        '14770318',
      )
      expect(
        await one<string>('select sum(outstanding_minor) from account where tenant_id = $1'),
      ).toBe('14770318')
      const invoice = await database.ownerPool.query(
        `select amount_minor, created_at, details from quittance.entry where tenant_id = $1 and reference = '611365'`,
        [tenantId],
      )
      expect(invoice.rows).toEqual([
        {
          amount_minor: 5594,
          created_at: new Date('2013-01-02T00:00:00Z'),
          details: {
            amount: 5594,
            dueDate: '2013-02-01',
            meta: { disputed: 'No', countryCode: '391' },
          },
        },
      ])
      const countries = await one<string>(
        `select string_agg(distinct data -> 'contactInformation' ->> 'country', ',') from debtor where tenant_id = $1`,
      )
      expect(countries).toBe('EG,ZZ')
      const before = await everything()
      const second = await importFile(ibmFile, ...ibmOptions)
      expect(second.summary).toMatchObject({ rows: 2466, unchanged: 2466 })
      expect(await everything()).toEqual(before)
      await assertBooksBalance(database.ownerPool)
    }, 60_000)

    it('name the rows whose country is no country when nothing stands in for it', async () => {
      const options = ibmOptions.filter((word) => word !== '--unknown-country' && word !== 'ZZ')
      const { code, summary, results } = await importFile(ibmFile, ...options)
      expect(code).toBe(1)
      expect(summary).toMatchObject({ imported: 387, invalid: 2079 })
      expect(results[0]).toMatchObject({ line: '2', result: 'invalid' })
      expect(results[0]!.reason).toContain('countryCode: 391 is no country of ISO 3166')
    }, 60_000)
  },
)

describe('importing ledger entries', () => {
  it('names wrong rows by line and reason while the rest loads', async () => {
    const text = [
      'account,number,amount,due,currency',
      'A1,I1,10.00,2026-01-31,EUR',
      'A1,I2,10.00,2026-02-30,EUR',
      'A1,I3,ten,2026-01-31,EUR',
      'A1,I4,10.001,2026-01-31,EUR',
      'A1,,10.00,2026-01-31,EUR',
      'A1,I1,11.00,2026-01-31,EUR',
      'A1,I1,10.00,2026-01-30,EUR',
      'A1,I5,10.00,2026-01-31,USD',
      'A1,I6,10.00',
      '"A1","I7","10.00","2026-01-31",E"UR',
      'A1,I8,"20.00",2026-01-31,EUR',
      'A1,I1,10.00,2026-01-31,EUR',
      'A1,I9,"30.00,2026-01-31,EUR',
      'A2,I10,0.10,2026-01-31,EUR',
      '',
    ].join('\r\n')
    const options = ['--kind', 'entries', ...entryMaps, ...maps({ currency: 'currency' })]
    const { code, summary, results } = await importText(text, ...options)
    const told = results.map(({ line, result, reason }) => `${line} ${result} ${reason}`.trim())
    expect(told).toEqual([
      '2 imported',
      '3 invalid due: 2026-02-30 is no date written as YYYY-MM-DD',
      '4 invalid amount: ten: The amount is not a decimal number',
      '5 invalid amount: 10.001: An amount in EUR has at most 2 decimals',
      '6 invalid number is empty',
      '7 refused Already defined ledger entry: with another amount',
      '8 refused Already defined ledger entry: with another due date',
      '9 refused Currency does not match: the account keeps EUR',
      '10 invalid the row has 3 cells, the head has 5',
      '11 invalid a quote stands within a cell that does not begin with one',
      '12 imported',
      '13 unchanged',
      '14 invalid a quote is never closed',
      '15 imported',
    ])
    expect(code).toBe(1)
    expect(summary).toMatchObject({ rows: 14, imported: 3, unchanged: 1, refused: 3, invalid: 7 })
    expect(await one('select count(*) from entry where tenant_id = $1')).toBe(3)
    await assertBooksBalance(database.ownerPool)
  })

  it('books payments, fees and corrections against the invoices that they name', async () => {
    const text = [
      'account,number,kind,target,amount,due',
      'A1,I1,invoice,,100.00,2026-01-31',
      'A1,F1,fee,I1,5.00,',
      'A1,P1,payment,I1,60.00,',
      'A1,D1,adjustment,I1,-10.00,',
      'A1,P2,payment,I9,1.00,',
      '',
    ].join('\n')
    const more = maps({ entryKind: 'kind', targetReference: 'target' })
    const first = await importText(text, ...entryOptions, ...more)
    expect(first.results.map(({ result }) => result).join()).toBe(
      'imported,imported,imported,imported,refused',
    )
    expect(first.results[4]!.reason).toBe('Ledger entry not found')
    expect(await one('select outstanding_minor from account where tenant_id = $1')).toBe(3500)
    const second = await importText(text, ...entryOptions, ...more)
    expect(second.summary).toMatchObject({ unchanged: 4, refused: 1 })
    await assertBooksBalance(database.ownerPool)
  })

  it('D-44: a debtor that comes later makes claims of the invoices that wait for one', async () => {
    const alone = ['--kind', 'entries', '--currency', 'EUR']
    const money = maps({
      accountReference: 'account',
      ledgerEntryReference: 'number',
      amount: 'amount',
      dueDate: 'due',
    })
    await importText('account,number,amount,due\nA1,I1,1.00,2026-01-31\n', ...alone, ...money)
    expect(await one<string>('select status from claim where tenant_id = $1')).toBe('PENDING')
    await importText('account,number,amount,due\nA1,I2,1.00,2026-01-31\n', ...entryOptions)
    expect(
      await one<string>(`select string_agg(status, ',') from claim where tenant_id = $1`),
    ).toBe('ACTIVE,ACTIVE')
    await assertBooksBalance(database.ownerPool)
  })

  it('reads windows-1252, semicolons, commas before cents and German dates', async () => {
    const text =
      'Konto;Beleg;Betrag;Fällig;Notiz\r\nMüller;R-1;1234,50;31.01.2026;"fünf € – „ja“;\r\nnein"\r\n'
    const bytes = Buffer.from(
      Array.from(
        text,
        (letter) =>
          ({ '€': 0x80, '–': 0x96, '„': 0x84, '“': 0x93 })[letter] ?? letter.charCodeAt(0),
      ),
    )
    const { code, results } = await importText(
      bytes,

      '--kind',
      'entries',
      '--currency',
      'EUR',
      '--delimiter',
      ';',
      '--encoding',
      'windows-1252',
      '--decimal-mark',
      ',',
      '--date-format',
      'DD.MM.YYYY',
      ...maps({
        accountReference: 'Konto',
        ledgerEntryReference: 'Beleg',
        amount: 'Betrag',
        dueDate: 'Fällig',
        'meta.note': 'Notiz',
      }),
    )
    expect(results).toEqual([{ line: '2', reference: 'R-1', result: 'imported', reason: '' }])
    expect(code).toBe(0)
    expect(await one<string>('select reference from account where tenant_id = $1')).toBe('Müller')
    const details = await one<Record<string, unknown>>(
      'select details from entry where tenant_id = $1',
    )
    expect(details).toEqual({
      amount: 123450,
      dueDate: '2026-01-31',
      meta: { note: 'fünf € – „ja“;\r\nnein' },
    })
  })

  it('says of a file in windows-1252 that it is no UTF-8', async () => {
    const row = Buffer.from('account,number,amount,due\nMüller,I1,1.00,2026-01-31\n', 'latin1')
    const { code, results } = await importText(row, ...entryOptions)
    expect(code).toBe(1)
    expect(results[0]!.reason).toBe('account is no UTF-8; is the file in windows-1252?')
  })
})

describe('importing claims', () => {
  it('D-106: brings claims to the state of the file; what is as it was leaves no trace', async () => {
    const rows = Array.from({ length: 30 }, (_, n) => claimRow(n)).join('')
    expect((await importText(claimHead + rows, ...claimOptions)).summary).toMatchObject({
      imported: 30,
    })
    const before = await everything()
    const again = await importText(`\ufeff${claimHead}${rows}`, ...claimOptions)
    expect(again.summary).toMatchObject({ imported: 0, unchanged: 30 })
    expect(await everything()).toEqual(before)
    const changed = await importText(
      claimHead + rows.replace(claimRow(5), claimRow(5, '7.25')),
      ...claimOptions,
    )
    expect(changed.summary).toMatchObject({ imported: 1, unchanged: 29 })
    expect(
      await one(
        `select i.outstanding_minor from item i where i.reference = 'C5' and i.tenant_id = $1`,
      ),
    ).toBe(725)
    await assertBooksBalance(database.ownerPool)
  })

  it('D-41: names claims by their own references, and takes none for the receeve form of another', async () => {
    const row = (name: string, amount: string) => claimRow(1, amount, 'P1').replace(/^[^,]*/, name)
    await importText(claimHead + row('Loan', '100.00'), ...claimOptions)
    const receeveForm = await one<string>(
      'select receeve_reference from claim where tenant_id = $1',
    )
    const { summary } = await importText(claimHead + row(receeveForm, '25.00'), ...claimOptions)
    expect(summary).toMatchObject({ rows: 1, imported: 1 })
    const again = await importText(
      claimHead + row('Loan', '100.00') + row(receeveForm, '25.00'),
      ...claimOptions,
    )
    expect(again.summary).toMatchObject({ rows: 2, unchanged: 2 })
    expect(await one('select count(*) from claim where tenant_id = $1')).toBe(2)
    await assertBooksBalance(database.ownerPool)
  })

  it('a second import leaves a person alone who is described differently by two claims', async () => {
    const rows = claimRow(1, '1.00', 'P1') + claimRow(2, '1.00', 'P1').replace('Ada', 'Augusta')
    await importText(claimHead + rows, ...claimOptions)
    const before = await everything()
    expect((await importText(claimHead + rows, ...claimOptions)).summary).toMatchObject({
      unchanged: 2,
    })
    expect(await everything()).toEqual(before)
  })

  it('books by the clock of a sandbox tenant', async () => {
    await database.ownerPool.query(
      'update quittance.tenant set is_sandbox = true, clock_offset_ms = $2 where tenant_id = $1',
      [tenantId, 60 * 86_400_000],
    )
    const { code } = await importText(claimHead + claimRow(1), ...claimOptions)
    expect(code).toBe(0)
    const { rows } = await database.ownerPool.query(
      `select bool_and(booked_at > now() + interval '59 days') as "isAhead" from quittance.entry where tenant_id = $1`,
      [tenantId],
    )
    expect(rows).toEqual([{ isAhead: true }])
  })

  it('a dry run says what would happen and writes nothing', async () => {
    await importText(claimHead + claimRow(1), ...claimOptions)
    const before = await everything()
    const rows = claimRow(1) + claimRow(2) + claimRow(3).replace('DE', 'Narnia')
    const { code, summary } = await importText(claimHead + rows, ...claimOptions, '--dry-run')
    expect(summary).toMatchObject({ imported: 1, unchanged: 1, invalid: 1, isDryRun: true })
    expect(code).toBe(1)
    expect(await everything()).toEqual(before)
  })
})

describe('importing accounts', () => {
  const options = [
    '--kind',
    'accounts',
    ...maps({
      accountReference: 'account',
      currency: ':EUR',
      debtorReference: 'person',
      companyName: 'name',
      country: 'land',
      'meta.region': 'region',
    }),
  ]
  it('opens each with its debtor, and refuses one that is there and differs', async () => {
    const text = 'account,person,name,land,region\nA1,P1,Pym,DEU,n\nA2,P2,Quex,276,s\n'
    expect((await importText(text, ...options)).summary).toMatchObject({ imported: 2 })
    const again = await importText(text.replace('276,s', '276,w'), ...options)
    expect(again.summary).toMatchObject({ unchanged: 1, refused: 1 })
    expect(again.results[1]!.reason).toBe('Account already exists in the system: with another meta')
    const countries = await one<string>(
      `select string_agg(data -> 'contactInformation' ->> 'country', ',') from debtor where tenant_id = $1`,
    )
    expect(countries).toBe('DE,DE')
  })
})

describe('rows of one debtor or one claim on several accounts', () => {
  const person = maps({ debtorReference: 'd', companyName: 'd', country: ':DE', city: 'city' })

  async function citiesOf(): Promise<Record<string, string>> {
    const { rows } = await database.ownerPool.query<{ reference: string; city: string }>(
      `select reference, data->'contactInformation'->>'city' as city
       from quittance.debtor where tenant_id = $1`,
      [tenantId],
    )
    return Object.fromEntries(rows.map(({ reference, city }) => [reference, city]))
  }

  it('leave a person as the later row of the file says, be it thousands of rows away', async () => {
    const last: Record<string, string> = {}
    const lines = Array.from({ length: 5_000 }, (_, row) => {
      const debtor = `D${Math.floor(Math.random() * 60)}`
      last[debtor] = `Town ${row}`
      return `A${row},${debtor},Town ${row}\n`
    })
    const options = ['--kind', 'accounts', '--currency', 'EUR', ...person]
    const map = maps({ accountReference: 'a' })
    const { code } = await importText(`a,d,city\n${lines.join('')}`, ...options, ...map)
    expect(code).toBe(0)
    expect(await citiesOf()).toEqual(last)
  })

  it('leave a claim where the later row of the file says', async () => {
    const accounts = ['A', 'B', 'A2', 'B2', 'B3', 'A3', 'A4', 'B4']
    const lines = accounts.map((account, row) => {
      const pair = Math.floor(row / 2)
      return `C${pair},${account},D${pair},${row % 2 === 0 ? 'Old' : 'New'},${row + 1}.00\n`
    })
    const options = ['--kind', 'claims', '--currency', 'EUR', ...person]
    const map = maps({
      claimReference: 'c',
      accountReference: 'a',
      amount: 'amount',
      originalDueDate: ':2026-01-31',
    })
    const { code } = await importText(`c,a,d,city,amount\n${lines.join('')}`, ...options, ...map)
    expect(code).toBe(0)
    expect(await citiesOf()).toEqual({ D0: 'New', D1: 'New', D2: 'New', D3: 'New' })
    const { rows } = await database.ownerPool.query(
      `select c.reference, a.reference as account from quittance.claim c
       join quittance.account a using (tenant_id, account_id) where c.tenant_id = $1 order by 1`,
      [tenantId],
    )
    expect(rows.map(({ account }) => account)).toEqual(['B', 'B2', 'A3', 'B4'])
  })
})

describe('a command that cannot be used', () => {
  const text = 'account,number,amount,due\nA1,I1,1.00,2026-01-31\n'
  const failed = async (content: string, ...options: string[]) => {
    const { code } = await importText(content, ...options)
    expect(code).toBe(2)
    expect(await one('select count(*) from account where tenant_id = $1')).toBe(0)
    return printed.err
  }

  it('names the columns that the file has', async () => {
    expect(await failed(text, ...entryOptions, '--map', 'createdAt=Booked')).toContain(
      'The file has no column Booked. It has: account, number, amount, due',
    )
  })

  it('names the fields that there are, and those that are missing', async () => {
    const said = await failed(text, '--kind', 'entries', '--map', 'amout=amount')
    expect(said).toContain('There is no field amout for entries. There are: accountReference, ')
    expect(said).toContain('entries need amount: --map amount=<column>')
    expect(said).toContain('or --currency EUR')
  })

  it('refuses a constant, a format or a tenant that cannot be', async () => {
    expect(await failed(text, ...entryOptions, '--map', 'country=:Narnia')).toContain(
      'Narnia is no',
    )
    expect(await failed(text, ...entryOptions, '--date-format', 'YY')).toContain('--date-format')
    expect(await failed('', ...entryOptions)).toContain('The file is empty')
    expect(await failed(text, ...entryOptions, '--tenant', 'Nobody')).toContain('no tenant Nobody')
  })

  it('a mapping is saved and used again', async () => {
    const saved = path.join(directory, 'mapping.json')
    await importText(text, ...entryOptions, '--save-mapping', saved)
    const again = await importText(text, '--mapping', saved)
    expect(again.summary).toMatchObject({ rows: 1, unchanged: 1 })
  })
})

describe('an import that is killed', () => {
  it('is finished by the same command, every row exactly once', async () => {
    const file = path.join(directory, 'killed.csv')
    const count = 6_000
    const rows = Array.from({ length: count }, (_, n) => claimRow(n, '1.00', `P${n % 900}`))
    await writeFile(file, claimHead + rows.join(''))
    const words = ['import', file, '--tenant', tenantId, '--json', ...claimOptions, ...place()]
    const binary = path.join(import.meta.dirname, '../../bin/quittance')
    const child = spawn(process.execPath, [binary, ...words], { stdio: 'ignore' })
    const ended = new Promise<string | null>((resolve) => {
      child.on('exit', (_code, signal) => resolve(signal))
    })
    const booked = () => one('select count(*) from claim where tenant_id = $1')
    const deadline = Date.now() + 60_000
    while ((await booked()) === 0) expect(Date.now()).toBeLessThan(deadline)
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    const before = await booked()
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(count)
    const result = path.join(directory, 'killed.result.csv')
    expect([existsSync(`${result}.part`), existsSync(result)]).toEqual([true, false])
    await runCli(['node', 'quittance', ...words])
    const summary: Record<string, number> = JSON.parse(printed.out)
    const told = parse(await readFile(result, 'utf8'), { columns: true })
    expect(told).toHaveLength(count)
    expect(existsSync(`${result}.part`)).toBe(false)
    expect(summary).toMatchObject({ rows: count, refused: 0, invalid: 0 })
    expect(summary['imported']! + summary['unchanged']!).toBe(count)
    expect(summary['unchanged']).toBeGreaterThanOrEqual(before)
    expect(await booked()).toBe(count)
    expect(
      await one(`select count(*) from event where tenant_id = $1 and type = 'event.claim.created'`),
    ).toBe(count)
    expect(
      await one<string>('select sum(outstanding_minor) from account where tenant_id = $1'),
    ).toBe(String(count * 100))
    await assertBooksBalance(database.ownerPool)
  }, 120_000)
})
