import { expect, test } from 'vitest'
import { claim, done } from '../../test/conformance/receeve/given.ts'
import { world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { journeySubscriber } from './follow-claims.ts'

const it = world({ workers: false })
const [early, late, latest] = ['2026-03-09', '2026-03-10', '2026-03-11'].map(
  (day) => `${day}T12:00:00.000Z`,
) as [string, string, string]

const opened = (at: string) => ({
  messageId: newId(),
  type: 'event.debtorEmail.opened',
  data: { claimRef: 'C' },
  metadata: {},
  occurredAt: new Date(at),
  xid: '3',
})

test('when something last happened never goes back, however late an event is committed', async () => {
  const tenant = await it.tenant()
  await done(tenant, { operation: 'create_claims', body: { C: claim(500) }, key: 'C' })
  const { tenantId } = tenant
  const handle = async (...times: string[]) => {
    await inTransaction(it.database.db, { tenantId, now: it.now }, (tx) =>
      journeySubscriber().handle(tx, times.map(opened)),
    )
    const { rows } = await it.database.ownerPool.query<{ at: Date }>(
      `select happened_at as at from quittance.claim_last where tenant_id = $1`,
      [tenantId],
    )
    return rows.map(({ at }) => at.toISOString())
  }
  // Both in one batch, and one after the other.
  expect(await handle(late, early)).toEqual([late])
  expect(await handle(early)).toEqual([late])
  expect(await handle(latest)).toEqual([latest])
})
