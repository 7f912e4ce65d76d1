import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newId } from '../../src/kernel/id.ts'
import { MemoryStore, type Row } from './memory-store.ts'
import { commandOf, openingSteps, stepArbitrary } from './steps.ts'

const numRuns = Number(process.env.PROPERTY_RUNS ?? 150)
const parameters = { numRuns, seed: 20_260_311, interruptAfterTimeLimit: 25_000 }

/** Every item that asks for a claim's money, beside the claim that owns it. */
function itemsOfClaims(store: MemoryStore): { item: Row; claim: Row | undefined }[] {
  const owners = new Map<string, Row>()
  for (const claim of store.claim.all()) owners.set(`${claim.account_id} ${claim.item_seq}`, claim)
  return store.account.all().flatMap(({ account_id: accountId }) => {
    const items = store.item.part(accountId)
    return [...items.values()].flatMap((item) => {
      const principal = item.parent_seq === null ? item : items.get(String(item.parent_seq))!
      if (principal.kind !== 'invoice') return []
      return [{ item, claim: owners.get(`${accountId} ${principal.item_seq}`) }]
    })
  })
}

/** Tries to take one cent more of each account by every entry that could be named. */
function raiseAll(store: MemoryStore): void {
  for (const { account_id: accountId, reference: accountReference } of store.account.all()) {
    const booked = [...store.entry.part(accountId).values()]
    for (const { origin, reference } of booked) {
      if (origin !== 'ledger') continue
      const raise = {
        ledgerEntryReference: newId(),
        chargebackDetails: { amount: 1 },
        context: { ledgerEntryReference: reference },
      }
      const input = { accountReference, entries: [raise] }
      store.run([commandOf({ operation: 'addLedgerEntries', input }, store.tenantId)])
    }
  }
}

describe('whatever is done', () => {
  const left = { behind: 0, inProduct: 0 }
  test('nothing is asked for that no claim shows (D-73, D-78), and what is asked for is in the product of its claim (D-60)', () => {
    const steps = fc.array(stepArbitrary(''), { minLength: 30, maxLength: 60, size: 'max' })
    const property = fc.property(steps, (made) => {
      const store = new MemoryStore(newId(), new Date('2026-03-10T12:00:00.000Z'))
      for (const step of [...openingSteps(''), ...made])
        store.run([commandOf(step, store.tenantId)])
      raiseAll(store)
      for (const { item, claim } of itemsOfClaims(store)) {
        if (!claim) {
          expect(item.outstanding_minor, item.reference).toBe(0)
          left.behind += 1
        } else if (!claim.is_managed) {
          expect(item.product_reference, item.reference).toBe(claim.product_reference)
          if (claim.product_reference !== null) left.inProduct += 1
        }
      }
    })
    fc.assert(property, parameters)
    expect(Math.min(left.behind, left.inProduct)).toBeGreaterThan(0)
  })
})
