import { beforeAll, expect, test } from 'vitest'
import { claimsPaidBy } from '../../../src/book/index.ts'
import { laneSettings, loadEntries } from '../../../src/book/load-statements.ts'
import { valuesOf } from '../../../src/book/statement.ts'
import { heldNow } from '../../../src/crm/cancel-payment.ts'
import { findPayment } from '../../../src/crm/payment.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import { type Client, clientOf, openAccount } from '../../conformance/crmcom/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, type Scan, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs, manyOnOne, write } from './history.ts'

const it = world()
const onBig = { accounts_receivable_identifier: 'number=BIG' }
let tenant: TestTenant
let client: Client

/** Payments of BIG, each meant for one invoice, and bills of two invoices each. */
const crm = `
  insert into crm_payment (tenant_id, payment_id, classification, account_id, state, reference_number, number, amount_minor,
    type_id, method_id, back_office_code, issued_at, posted_at, updated_at, details)
  select $1::uuid, md5('payment' || n)::uuid, 'PAYMENT', md5('big')::uuid, 'POSTED', n, n, 5000, t.config_id, m.config_id,
    'code' || n, c.created_at, c.created_at, c.created_at, json_build_object('receivedAtMs', 0, 'receivedBy', u.actor,
      'notes', null, 'udf', '{}'::json, 'claimIds', array[c.claim_id], 'billIds', '{}'::text[], 'cardId', null,
      'rejectionReasonId', null, 'issueReason', null, 'createdBy', u.actor, 'updatedBy', u.actor)
  from generate_series(1, ${manyOnOne}) as n
  join claim c on c.tenant_id = $1::uuid and c.reference = 'B-' || n
  join crm_config t on t.tenant_id = $1::uuid and t.kind = 'TYPE' and t.name = 'Payment 1'
  join crm_config m on m.tenant_id = $1::uuid and m.kind = 'METHOD' and m.name = 'Cash'
  cross join (select json_build_object('userId', 'u', 'unitId', 'u') as actor) as u;
  insert into crm_bill (tenant_id, bill_id, account_id, number, from_on, to_on, created_at)
  select $1::uuid, md5('bundle' || n)::uuid, md5('big')::uuid, n, '2026-01-01', '2026-01-31',
    timestamptz '2026-01-01 00:00Z' + n * interval '1 minute' from generate_series(1, ${manyOnOne / 2}) as n;
  insert into crm_bill_invoice (tenant_id, claim_id, bill_id)
  select $1::uuid, md5('bill' || n)::uuid, md5('bundle' || (n + 1) / 2)::uuid from generate_series(1, ${manyOnOne}) as n`

beforeAll(async () => {
  tenant = await it.tenant()
  client = await clientOf(it, tenant)
  await fill(it, tenant, ['accounts', 'oneBigAccount'])
  await write(it, tenant, crm)
  // All invoices of an account are numbered when the first of them is seen.
  await client.read('invoices/list', { ...onBig, number_of_results: '1' })
  await it.database.ownerPool.query('analyze')
}, fillingMs)

async function scansOfCall(method: string, query: Record<string, string>): Promise<Scan[]> {
  const statements = await statementsOf(() => client.read(method, query))
  const { connection } = it.database
  return scansOf({ connection, tenantId: tenant.tenantId }, statements)
}

const ten = { ...onBig, number_of_results: '10' }

test.each([
  ['invoices/list', ten, 'claim'],
  ['invoices/show', { invoice_identifier: 'number=B-17' }, 'claim'],
  ['payments/list', ten, 'crm_payment'],
  ['payments/get_latest', { ...onBig, number: '10' }, 'crm_payment'],
  ['payments/show', { payment_identifier: 'number=17' }, 'crm_payment'],
  ['payments/show', { payment_identifier: 'back_office_code=code17' }, 'crm_payment'],
  ['bills/list', ten, 'crm_bill'],
  ['bills/get_latest', { ...onBig, number: '10' }, 'crm_bill'],
  ['bills/show', { bill_identifier: 'number=17' }, 'crm_bill'],
  ['accounts_receivable/show', onBig, 'account'],
  ['accounts_receivable/show', { accounts_receivable_identifier: 'name=Ada Byron 17' }, 'debtor'],
])(
  '%s reads no more of an account with thousands of invoices than it shows: %j',
  async (method, query, table) => {
    const scans = await scansOfCall(method, query)
    expect(tablesIn(scans)).toContain(table)
    // Ten bills are twenty invoices; nothing but the configuration, which is small, is read whole.
    expectAtMost(
      60,
      scans.filter(({ relation }) => relation !== 'crm_config'),
    )
  },
)

test('what an invoice was for is known without its payments, also when they were too much or taken back', async () => {
  await openAccount(tenant, { reference: 'X', invoices: [['X-1', 10_000]] })
  const add = async (ledgerEntryReference: string, on: string, details: object) => {
    const context = { ledgerEntryReference: on }
    const entry = { accountReference: 'X', ledgerEntryReference, context, ...details }
    const answer = await tenant.post('add_account_ledger_entries', [entry])
    expect(answer.body.X).toMatchObject({ success: true })
  }
  await add('PAID', 'X-1', { paymentDetails: { amount: 13_000 } })
  await add('BACK', 'PAID', { chargebackDetails: { amount: 4_000 } })
  await add('LESS', 'X-1', { discountDetails: { amount: 300 } })
  const shown = await client.read('invoices/show', { invoice_identifier: 'number=X-1' })
  expect(shown).toMatchObject({ net_amount: 97, discount_amount: 3, unsettled_amount: 7 })
})

test('what a payment was booked on and still holds is found without what else was booked and taken back', async () => {
  await write(
    it,
    tenant,
    `insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, item_seq,
       details, context, created_at, booked_at, command_id)
     select tenant_id, account_id, 100000 + seq, 'taken/' || reference, 'chargeback', 'ledger', 'item', 'cash:TRY', 1, 100,
       item_seq, '{}', json_build_object('ledgerEntryReference', reference), created_at, booked_at, command_id
     from entry where tenant_id = $1::uuid and account_id = md5('big')::uuid and reference like 'B-%/2'`,
  )
  const entries = ['B-7/2', 'B-7/3', 'B-8/2']
  await write(
    it,
    tenant,
    `update crm_payment set entries = '{${entries.join(',')}}', amount_minor = 15000
     where tenant_id = $1::uuid and payment_id = md5('payment7')::uuid`,
  )
  await it.database.ownerPool.query('analyze')
  const { tenantId } = tenant
  const { connection } = it.database
  const statements = await statementsOf(() =>
    inTransaction(it.database.db, { tenantId, now: it.now, isReadOnly: true }, async (tx) => {
      const payment = await findPayment(tx, { field: 'number', value: '7' })
      expect(await heldNow(tx, payment)).toBe(15_000 - 200)
      const booked = entries.map((entryReference) => ({ accountReference: 'BIG', entryReference }))
      expect(await claimsPaidBy(tx, booked)).toEqual(['B-7', 'B-8'])
    }),
  )
  expectAtMost(20, await scansOf({ connection, tenantId }, statements))
  const wanted = entries.map((r) => ({ t: tenantId, a: 'BIG', r }))
  const loading = [{ text: loadEntries.text, values: valuesOf(loadEntries, wanted) }]
  expectAtMost(20, await scansOf({ connection, tenantId, settings: laneSettings }, loading))
})
