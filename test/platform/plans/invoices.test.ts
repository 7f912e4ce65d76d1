import { beforeAll, expect, test } from 'vitest'
import { findInvoice } from '../../../src/invoices/index.ts'
import { receivedOn } from '../../../src/invoices/received.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOf, statementsOf } from './explain.ts'
import { fill, fillingMs } from './history.ts'

const it = world()
const most = 20
let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  await fill(it, tenant, ['accounts'])
}, fillingMs)

test('what was paid on an invoice, wherever it was, is found among thousands of invoices', async () => {
  const { tenantId } = tenant
  const { rows } = await it.database.ownerPool.query<{ number: number; claimId: string }>(
    `select number::int, claim_id as "claimId" from quittance.claim where tenant_id = $1 and reference = 'C-17'`,
    [tenantId],
  )
  const { number, claimId } = rows[0]!
  const statements = await statementsOf(() =>
    inTransaction(it.database.db, { tenantId, now: it.now, isReadOnly: true }, async (tx) => {
      expect(await findInvoice(tx, number)).toMatchObject({ paidMinor: 5_000 })
      expect(await receivedOn(tx, claimId)).toEqual([
        { accountReference: 'A-17', reference: 'payment-17', leftMinor: 5_000 },
      ])
    }),
  )
  const { connection } = it.database
  expectAtMost(most, await scansOf({ connection, tenantId }, statements))
})
