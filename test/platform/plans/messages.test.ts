import { beforeAll, describe, expect, test } from 'vitest'
import { resumeSubscriber } from '../../../src/communications/index.ts'
import { createPrepare } from '../../../src/communications/messages/prepare-texts.ts'
import { takeDue } from '../../../src/communications/messages/take-due.ts'
import { inTransaction, type Tx } from '../../../src/platform/db.ts'
import { native } from '../../journeys/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, type Scan, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs, write } from './history.ts'

const it = world()
// As many as are taken at once, with a few rows for each.
const most = 150
let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  const document = { paths: { main: [{ type: 'wait', days: 1 }] } }
  await native(tenant, {
    method: 'POST',
    url: '/journeys',
    body: { name: 'Dunning', document },
    status: 201,
  })
  await fill(it, tenant, ['accounts', 'aroundClaims', 'runs', 'messages'])
}, fillingMs)

class Undone extends Error {}

/** What some work of the tenant at a time reads; nothing of it stays. */
async function scansAt(now: Date, work: (tx: Tx) => Promise<unknown>): Promise<Scan[]> {
  const { tenantId } = tenant
  const undone = () =>
    inTransaction(it.database.db, { tenantId, now }, async (tx) => {
      await work(tx)
      throw new Undone()
    })
  const statements = await statementsOf(() => expect(undone()).rejects.toThrow(Undone))
  return scansOf({ connection: it.database.connection, tenantId }, statements)
}

const take = (tx: Tx) =>
  takeDue(tx, {
    prepare: createPrepare({
      renderer: { close: () => Promise.resolve() } as never,
      publicUrl: () => 'https://example.com',
    }),
    clock: () => tx.now,
    unsubscribeUrl: () => 'https://example.com/u/x',
  })

describe('what is sent next is found, decided and prepared without reading what was sent', () => {
  test('while thousands wait for later, and one debtor was written to thousands of times', async () => {
    await write(
      it,
      tenant,
      `update message set due_at = timestamptz '2026-03-15 12:00Z'
       where tenant_id = $1::uuid and status = 'QUEUED' and debtor_reference in ('D-1', 'D-2', 'D-3')`,
    )
    const scans = await scansAt(new Date('2026-03-16T12:00:00Z'), async (tx) => {
      expect((await take(tx)).examined).toBe(3)
    })
    const read = ['message', 'claim', 'account', 'item', 'contact', 'journey_run', 'tenant']
    expect([...tablesIn(scans)]).toEqual(expect.arrayContaining(read))
    expectAtMost(most, scans)
  })

  test('when thousands are due at one moment', async () => {
    const scans = await scansAt(new Date('2026-04-02T12:00:00Z'), async (tx) => {
      expect((await take(tx)).examined).toBeGreaterThan(3)
    })
    expectAtMost(most, scans)
  })
})

test('messages that wait for a journey are found among thousands that wait for something else', async () => {
  await write(
    it,
    tenant,
    `update message set decision = '{"because": "journey_paused"}'
     where tenant_id = $1::uuid and status = 'QUEUED' and debtor_reference = 'D-5'`,
  )
  const event = {
    messageId: '',
    type: 'event.strategy.resumed',
    data: { claimRef: 'C-5' },
    metadata: {},
    occurredAt: it.now,
    xid: '1',
  }
  const scans = await scansAt(it.now, (tx) => resumeSubscriber.handle(tx, [event]))
  expect(tablesIn(scans)).toContain('message')
  expectAtMost(most, scans)
})
