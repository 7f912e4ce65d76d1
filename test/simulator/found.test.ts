import { describe, expect, test } from 'vitest'
import { newId } from '../../src/kernel/id.ts'
import { assertStoreBalances } from './balance.ts'
import { MemoryStore, type Row } from './memory-store.ts'
import { commandOf, openingSteps, type Step } from './steps.ts'

// What random commands, and reading the book beside them, found; each as short as it can be told. A0 has a debtor, A1
// has none.

const now = new Date('2026-03-10T12:00:00.000Z')
const opened = (): MemoryStore => {
  const store = new MemoryStore(newId(), now)
  done(store, openingSteps(''))
  return store
}

/** Decides steps as one batch; all must be accepted. */
function done(store: MemoryStore, steps: readonly Step[]): void {
  for (const outcome of store.run(steps.map((step) => commandOf(step, store.tenantId))))
    expect(outcome).not.toHaveProperty('refusal')
  assertStoreBalances(store)
}

function refusalOf(store: MemoryStore, step: Step): string | undefined {
  const [outcome] = store.run([commandOf(step, store.tenantId)])
  return outcome && 'refusal' in outcome ? outcome.refusal.code : undefined
}

const claimNamed = (store: MemoryStore, reference: string): Row =>
  store.claim.all().find((claim) => claim.reference === reference)!
const events = (store: MemoryStore, type: string) =>
  store.events.filter((event) => event.type === type)

const day = '2026-01-31'
const debtor = (reference: string, lastName = 'Byron') => ({
  debtorReference: reference,
  firstName: 'Ada',
  lastName,
  contactInformation: { country: 'DE' },
})
const claim = (data: object) => ({
  amount: 100,
  originalDueDate: day,
  currentDueDate: day,
  ...data,
})
const createClaim = (reference: string, data: object): Step => ({
  operation: 'createClaim',
  input: { reference, data: claim(data) },
})
const entries = (accountReference: string, ...booked: object[]): Step => ({
  operation: 'addLedgerEntries',
  input: { accountReference, entries: booked },
})
const invoice = (ledgerEntryReference: string) => ({
  ledgerEntryReference,
  invoiceDetails: { amount: 100, dueDate: day },
  context: {},
})
const chargeback = (ledgerEntryReference: string, of: string) => ({
  ledgerEntryReference,
  chargebackDetails: { amount: 7 },
  context: { ledgerEntryReference: of },
})
const meta = (value: object): Step => ({
  operation: 'updateAccountMeta',
  input: { accountReference: 'A0', meta: value },
})

describe('a claim', () => {
  test('named like the receeve form of another is a claim of its own (D-41)', () => {
    const store = opened()
    done(store, [createClaim('C', { accountReference: 'A0' })])
    done(store, [createClaim(`C-${day}`, { accountReference: 'A0', amount: 5 })])
    expect([claimNamed(store, 'C').status, claimNamed(store, `C-${day}`).status]).toEqual([
      'ACTIVE',
      'ACTIVE',
    ])
  })

  test('that is deleted asks for nothing again but through recreating (D-73)', () => {
    const store = opened()
    done(store, [entries('A0', invoice('I')), { operation: 'deleteClaim', input: 'I' }])
    expect(refusalOf(store, entries('A0', chargeback('B', 'I')))).toBe('claim_deleted')
    const target = { ledgerEntryReference: 'I', amount: 5, reason: 'INTEREST', meta: {} }
    const step: Step = {
      operation: 'setTargetAmounts',
      input: { accountReference: 'A0', ledgerEntries: [target] },
    }
    expect(refusalOf(store, step)).toBe('claim_deleted')
    assertStoreBalances(store)
  })

  test('that opens the second account of a debtor whose name is taken is followed there (D-32)', () => {
    const store = opened()
    const of = { currency: 'EUR', primaryDebtor: debtor('A1') }
    done(store, [createClaim('C1', of)])
    done(store, [createClaim('C2', of)])
    expect(claimNamed(store, 'C1').account_id).toBe(claimNamed(store, 'C2').account_id)
  })

  test.each([1, 2])(
    'that moves to an account without a debtor wakes the invoices there (D-44), in %i batches',
    (batches) => {
      const store = opened()
      done(store, [entries('A1', invoice('I')), createClaim('C', { accountReference: 'A0' })])
      expect(claimNamed(store, 'I').status).toBe('PENDING')
      const renamed: Step = {
        operation: 'updateDebtor',
        input: { accountReference: 'A0', debtor: { debtorReference: 'D0', lastName: 'Hopper' } },
      }
      done(store, [
        { operation: 'resolveClaim', input: { reference: 'C', reason: 'CLAIM_SOLD' } },
        renamed,
      ])
      const moved: Step[] = [
        { operation: 'updateClaim', input: { reference: 'C', data: { accountReference: 'A1' } } },
        entries('A1', invoice('LATER')),
      ]
      if (batches === 1) done(store, moved)
      else for (const step of moved) done(store, [step])
      for (const reference of ['I', 'LATER']) {
        // The record of the person, not the older copy on the claim that moved.
        expect(claimNamed(store, reference)).toMatchObject({
          status: 'ACTIVE',
          primary_debtor: { lastName: 'Hopper' },
        })
      }
    },
  )

  test('that is resolved twice in one batch keeps the meta of the second time (D-29)', () => {
    const store = opened()
    const pay = (reference: string, amount: number) => ({
      ledgerEntryReference: reference,
      paymentDetails: { amount },
      context: { ledgerEntryReference: 'I' },
    })
    done(store, [meta({ at: 1 }), entries('A0', invoice('I'), pay('P1', 100))])
    done(store, [meta({ at: 2 })])
    expect(claimNamed(store, 'I').frozen_meta).toEqual({ at: 1 })
    done(store, [entries('A0', chargeback('B', 'I')), entries('A0', pay('P2', 7))])
    expect(claimNamed(store, 'I')).toMatchObject({ status: 'RESOLVED', frozen_meta: { at: 2 } })
  })
})

describe('meta that is sent again', () => {
  test('is no change, though the database gives its keys back in another order', () => {
    const store = opened()
    const value = { a: { zz: 1, y: 2 } }
    done(store, [meta(value)])
    done(store, [meta(value)])
    expect(events(store, 'webhook.accountMeta.changed')).toHaveLength(1)
    const sent = { accountReference: 'A0', meta: value }
    done(store, [createClaim('C', sent)])
    done(store, [{ operation: 'importClaim', input: { reference: 'C', data: claim(sent) } }])
    expect(events(store, 'event.claimMeta.updated').map(({ data }) => data.claimRef)).toEqual([])
  })
})
