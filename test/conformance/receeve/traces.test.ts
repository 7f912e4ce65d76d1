import { afterAll, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const claimOf = (accountReference: string, more: object = {}) => ({
  amount: 500,
  currency: 'EUR',
  originalDueDate: '2026-01-01',
  currentDueDate: '2026-01-01',
  accountReference,
  primaryDebtor: person('D-MOVES'),
  ...more,
})

async function eventsOf(tenant: TestTenant, type: string) {
  const { rows } = await it.database.ownerPool.query(
    `select data, metadata from quittance.event where tenant_id = $1 and type = $2 order by seq`,
    [tenant.tenantId, type],
  )
  return rows
}

test('a moved claim is found under its debtor in its new account (D-75)', async () => {
  const tenant = await it.tenant()
  await tenant.post('create_claims', { C: claimOf('FROM') })
  await tenant.post('create_accounts', { TO: { currency: 'EUR', debtors: [person('OTHER')] } })
  await tenant.post('update_claims', { C: { accountReference: 'TO' } })
  const found = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D-MOVES')
  const claims = found.body.flatMap((account: Record<string, any>) =>
    account.claims.map(
      (claim: Record<string, unknown>) => `${account.accountReference} ${claim.claimReference}`,
    ),
  )
  expect(claims).toEqual(['TO C'])
})

test('a credit on a claim that asks for nothing tells what was overpaid (D-80)', async () => {
  const tenant = await it.tenant()
  await tenant.post('create_claims', { C: claimOf('A') })
  const credit = (amount: number) =>
    tenant.post('credit_claims', { C: { amount, currency: 'EUR', originator: 'DCA' } })
  await credit(500)
  const answer = await credit(30)
  expect(answer.body.C.messages).toEqual(['Successfully credited claim C', 'Overpaid amount 30'])
  const events = await eventsOf(tenant, 'event.claimTotalAmount.updated')
  expect(events.map(({ data }) => data.overpaidAmount)).toEqual([undefined, 30])
})

test('a read that fires a trigger passes the minor version on (D-20, D-21)', async () => {
  const tenant = await it.tenant()
  await tenant.post('create_claims', { C: claimOf('A') })
  await tenant.get('get_account_claims', 'accountReference=A&triggerName=looked&minorVersion=7')
  const [event] = await eventsOf(tenant, 'event.customClaimTrigger.executed')
  expect([event.data.triggerName, event.metadata.minorVersion]).toEqual(['looked', '7'])
})
