import { expect, test } from 'vitest'
import { commandOf, openingSteps } from '../simulator/steps.ts'
import { loneLane } from './lone-lane.ts'

const it = loneLane()

type Step = Parameters<typeof commandOf>[0]

const run = (steps: readonly Step[], isBound: boolean) => {
  const commands = steps.map((step) => commandOf(step, it.tenantId))
  const companions = () => [{ text: 'select 1', values: [] }]
  return it.bookkeeper.submitGroup(commands, isBound ? { companions } : {})
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
    expect(it.bugs).toEqual([])
    const { rows } = await it.database.ownerPool.query(
      `select status, primary_debtor ->> 'title' as title from quittance.claim where tenant_id = $1 and reference = 'I'`,
      [it.tenantId],
    )
    expect(rows).toEqual([{ status: 'ACTIVE', title: 'Dr' }])
  },
)
