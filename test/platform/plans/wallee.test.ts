import { beforeAll, expect, test } from 'vitest'
import type { HandedEvent } from '../../../src/events/index.ts'
import { levelEvents } from '../../../src/faces/wallee/webhooks/level-changes.ts'
import { tellDunningLevels } from '../../../src/faces/wallee/webhooks/tell-dunning-levels.ts'
import { newId } from '../../../src/kernel/id.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import { native } from '../../journeys/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs, write } from './history.ts'

const it = world()
const most = 20
let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  const document = { paths: { main: [{ type: 'wait', days: 1 }] } }
  const body = { name: 'Dunning', document }
  await native(tenant, { method: 'POST', url: '/journeys', body, status: 201 })
  await fill(it, tenant, ['accounts', 'runs', 'messages'])
}, fillingMs)

const said = (type: string, data: HandedEvent['data']): HandedEvent => ({
  messageId: newId(),
  type,
  data,
  metadata: {},
  occurredAt: it.now,
  xid: '1',
})

test('what an event means for the levels of a case is found among thousands of messages', async () => {
  const { tenantId } = tenant
  const { rows } = await it.database.ownerPool.query<{ id: string; bundleId: string }>(
    `select message_id as id, bundle_id as "bundleId" from quittance.message where tenant_id = $1 and key = 'sent7'`,
    [tenantId],
  )
  await write(
    it,
    tenant,
    `update message set status = 'FAILED', sent_at = null where tenant_id = $1::uuid and key = 'sent9';
     update message set message_url = '/email/Message/' || message_id || '.eml'
     where tenant_id = $1::uuid and key in ('sent7', 'sent8')`,
  )
  const events = [
    said('event.debtorEmail.delivered', { messageURL: `/email/Message/${rows[0]?.id}.eml` }),
    said('event.strategy.stopped', { claimRef: 'C-8' }),
    said('event.debtorEmailProcessing.failed', { claimRef: 'C-9', bundleId: rows[0]?.bundleId }),
  ]
  for (const { type } of events) expect(levelEvents).toContain(type)
  const statements = await statementsOf(() =>
    inTransaction(it.database.db, { tenantId, now: it.now, isReadOnly: true }, async (tx) => {
      const told = await tellDunningLevels(tx, events)
      const causes = new Set(told.map(({ causeId }) => causeId))
      expect([...causes].toSorted()).toEqual(events.map(({ messageId }) => messageId).toSorted())
    }),
  )
  const scans = await scansOf({ connection: it.database.connection, tenantId }, statements)
  expect([...tablesIn(scans)]).toEqual(expect.arrayContaining(['journey_run', 'message']))
  expectAtMost(most, scans)
})
