import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Bookkeeper } from '../../src/book/index.ts'
import { createTenant } from '../../src/identity/index.ts'
import { createSealer } from '../../src/platform/sealer.ts'
import { testDatabase, type TestDatabase } from '../database.ts'
import { assertBooksBalance } from '../invariants.ts'
import { commandOf, openingSteps } from '../simulator/steps.ts'
import { secretKey } from '../world.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
let database: TestDatabase
let bookkeeper: Bookkeeper
let tenantId: string
let bugs: unknown[]

beforeAll(async () => {
  database = await testDatabase()
  bookkeeper = new Bookkeeper({
    connection: database.connection,
    lanes: 1,
    queueMax: 100,
    nowOf: () => now,
    onBug: (error) => bugs.push(error),
  })
})
afterAll(async () => {
  await bookkeeper.close()
  await assertBooksBalance(database.ownerPool)
  await database.close()
})
beforeEach(async () => {
  bugs = []
  const sealer = createSealer(secretKey)
  const tenant = { name: 'T', isSandbox: false }
  ;({ tenantId } = await createTenant(database.db, tenant, { now: () => now, sealer }))
})

type Step = Parameters<typeof commandOf>[0]

const run = (steps: readonly Step[], isBound: boolean) => {
  const commands = steps.map((step) => commandOf(step, tenantId))
  const companions = () => [{ text: 'select 1', values: [] }]
  return bookkeeper.submitGroup(commands, isBound ? { companions } : {})
}

test.each([
  ['that stands or falls together', true],
  ['of which each is decided on its own', false],
])(
  'a claim that a batch %s wakes by its ledger can be changed by the rest of it',
  async (_what, isBound) => {
    await run(openingSteps(''), false)
    const invoice = {
      ledgerEntryReference: 'I',
      invoiceDetails: { amount: 100, dueDate: '2026-01-31' },
    }
    const payment = { ledgerEntryReference: 'P', paymentDetails: { amount: 100 } }
    await run(
      [
        {
          operation: 'addLedgerEntries',
          input: {
            accountReference: 'A0',
            entries: [
              { ...invoice, context: {} },
              { ...payment, context: { ledgerEntryReference: 'I' } },
            ],
          },
        },
      ] as Step[],
      false,
    )
    const target = { ledgerEntryReference: 'I', amount: 100, reason: 'CHARGEBACK', meta: {} }
    const outcomes = await run(
      [
        {
          operation: 'setTargetAmounts',
          input: { accountReference: 'A0', ledgerEntries: [target] },
        },
        {
          operation: 'updateDebtor',
          input: { accountReference: 'A0', debtor: { debtorReference: 'D0', title: 'Dr' } },
        },
      ] as Step[],
      isBound,
    )
    expect(outcomes.filter((outcome) => 'refusal' in outcome)).toEqual([])
    expect(bugs).toEqual([])
    const { rows } = await database.ownerPool.query(
      `select status, primary_debtor ->> 'title' as title from quittance.claim where tenant_id = $1 and reference = 'I'`,
      [tenantId],
    )
    expect(rows).toEqual([{ status: 'ACTIVE', title: 'Dr' }])
  },
)
