import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { addLedgerEntries, createAccount } from '../../src/accounts/index.ts'
import { callContext, type Command, type Json, type Outcome } from '../../src/book/index.ts'
import { person } from '../world.ts'
import { loneLane } from './lone-lane.ts'

const accounts = ['A', 'B', 'C']
const it = loneLane()

beforeEach(async () => {
  await Promise.all(accounts.map((reference) => it.bookkeeper.submit(opening(reference))))
  await vi.waitFor(() => expect(it.batches).toHaveLength(1), { interval: 5 })
  it.batches.length = 0
})

const context = () =>
  callContext(
    { tenantId: it.tenantId, timeZone: 'Europe/Berlin', settings: {} },
    { originator: 'test' },
  )

const opening = (reference: string) =>
  createAccount(context(), {
    reference,
    currency: 'EUR',
    debtors: [person(`D-${reference}`)],
    ledgerEntries: [
      {
        ledgerEntryReference: `${reference}-invoice`,
        invoiceDetails: { amount: 1_000, dueDate: '2026-01-31' },
        context: {},
      },
    ],
  })

/** A payment of ten cents on the invoice of an account. */
function paying(account: string, reference: string, details: Json = {}): Command {
  return addLedgerEntries(context(), {
    accountReference: account,
    entries: [
      {
        ledgerEntryReference: reference,
        paymentDetails: { amount: 10, ...details },
        context: { ledgerEntryReference: `${account}-invoice` },
      },
    ],
  })
}

/** A new due date, whether there is such a day or not, for the invoice of an account. */
function moving(account: string, reference: string, dueDate: string): Command {
  return addLedgerEntries(context(), {
    accountReference: account,
    entries: [
      {
        ledgerEntryReference: reference,
        adjustmentDetails: { amount: 0, dueDate },
        context: { ledgerEntryReference: `${account}-invoice` },
      },
    ],
  })
}

/** What an account asks for, its payments in the order in which they were booked, and how often each was told of. */
async function bookOf(account: string) {
  const { rows } = await it.database.ownerPool.query<{
    outstanding: number
    entries: string[]
    told: string[]
  }>(
    `select outstanding_minor as outstanding,
       array(select e.reference from quittance.entry e
         where e.tenant_id = a.tenant_id and e.account_id = a.account_id and e.kind = 'payment' order by e.seq) as entries,
       array(select one ->> 'ledgerEntryReference' from quittance.event v, jsonb_array_elements(v.data -> 'ledgerEntries') as one
         where v.tenant_id = a.tenant_id and v.type = 'event.accountLedgerEntries.added'
           and v.data ->> 'accountReference' = a.reference and one ? 'paymentDetails' order by v.xid, v.seq) as told
     from quittance.account a where tenant_id = $1 and reference = $2`,
    [it.tenantId, account],
  )
  return rows[0]
}

const booked = (...entries: string[]) => ({
  outstanding: 1_000 - 10 * entries.length,
  entries,
  told: entries,
})

/** A decision that goes wrong when it has recorded everything. */
function buggy(command: Command): Command {
  return {
    ...command,
    decide(desk) {
      command.decide(desk)
      throw new Error('a bug')
    },
  }
}

// Each is decided without complaint; what it fails at is nothing that a caller could be told.
const poisons: [string, () => Command, unknown][] = [
  ['whose decision throws', () => buggy(paying('A', 'poison')), { message: 'a bug' }],
  [
    'with a text that PostgreSQL cannot store',
    () => paying('A', 'poison', { reason: 'nul \u0000' }),
    { code: expect.stringMatching(/^22/) },
  ],
  [
    'whose rows cannot be made',
    () => moving('A', 'poison', '2026-02-30'),
    { message: '2026-02-30 is no day' },
  ],
  [
    'that a constraint of the database refuses',
    () => paying('A', 'poison'),
    { code: '23514', constraint: 'no_poison' },
  ],
]

describe.each(poisons)('one command %s', (what, poison, error) => {
  const isConstraint = what.includes('constraint')
  beforeAll(async () => {
    if (isConstraint)
      await it.database.ownerPool.query(
        `alter table quittance.entry add constraint no_poison check (reference <> 'poison')`,
      )
  })
  afterAll(async () => {
    if (isConstraint)
      await it.database.ownerPool.query('alter table quittance.entry drop constraint no_poison')
  })

  const neighbours = () =>
    [
      ['A', 'A-1'],
      ['B', 'B-1'],
      ['A', 'A-2'],
      ['C', 'C-1'],
    ].map(([account = '', reference = '']) => paying(account, reference))

  /** They came as one batch, which came apart: each neighbour has a commit of its own. */
  async function expectOneBatch(commands: number): Promise<void> {
    // A batch is told of just after its last answer.
    await vi.waitFor(() => expect(it.batches).toHaveLength(1), { interval: 5 })
    expect(it.batches).toMatchObject([{ commands, commitsMs: { length: 4 } }])
  }

  async function expectOnlyNeighbours(): Promise<void> {
    expect(await bookOf('A')).toEqual(booked('A-1', 'A-2'))
    expect(await bookOf('B')).toEqual(booked('B-1'))
    expect(await bookOf('C')).toEqual(booked('C-1'))
    expect(it.bugs).toEqual([expect.objectContaining(error as object)])
  }

  test('fails alone among requests of its batch, and nothing of it stays', async () => {
    const [a1, b1, a2, c1] = neighbours() as [Command, Command, Command, Command]
    // In one turn of the event loop, so they are one batch.
    const settled = await Promise.allSettled(
      [a1, b1, poison(), a2, c1].map((command) => it.bookkeeper.submit(command)),
    )
    const done = { status: 'fulfilled', value: { result: undefined } }
    const failed = { status: 'rejected', reason: expect.objectContaining(error as object) }
    expect(settled).toEqual([done, done, failed, done, done])
    await expectOneBatch(5)
    await expectOnlyNeighbours()
  })

  test('fails alone in a group whose commands are accepted each on its own', async () => {
    const [a1, b1, a2, c1] = neighbours() as [Command, Command, Command, Command]
    const outcomes: Outcome[] = await it.bookkeeper.submitGroup([a1, b1, poison(), a2, c1])
    const done = { result: undefined }
    const failed = { refusal: expect.objectContaining({ code: 'internal' }) }
    expect(outcomes).toEqual([done, done, failed, done, done])
    await expectOneBatch(5)
    await expectOnlyNeighbours()
  })

  test('fails the whole of a group that commits whole, and not the requests beside it', async () => {
    const [a1, b1, a2, c1] = neighbours() as [Command, Command, Command, Command]
    const whole = [paying('A', 'lost'), poison(), paying('C', 'lost')]
    const settled = await Promise.allSettled([
      ...[a1, b1].map((command) => it.bookkeeper.submit(command)),
      it.bookkeeper.submitGroup(whole, { isWhole: true }),
      ...[a2, c1].map((command) => it.bookkeeper.submit(command)),
    ])
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    await expectOneBatch(7)
    await expectOnlyNeighbours()
  })

  test('leaves the lane fit for what comes after it, and no account locked', async () => {
    await expect(it.bookkeeper.submit(poison())).rejects.toMatchObject(error as object)
    await it.database.ownerPool.query(
      'select from quittance.account where tenant_id = $1 for update nowait',
      [it.tenantId],
    )
    expect(await it.bookkeeper.submit(paying('A', 'after'))).toEqual({ result: undefined })
    expect(await bookOf('A')).toEqual(booked('after'))
  })
})
