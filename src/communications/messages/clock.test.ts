import { expect, test } from 'vitest'
import { bundle, messageOf, native, openClaims, write } from '../../../test/messages.ts'
import { sandboxTenant } from '../../../test/native-calls.ts'
import { type TestTenant, world } from '../../../test/world.ts'
import { inTransaction } from '../../platform/db.ts'
import { queueMessages } from '../index.ts'

const it = world()
const patient = { timeout: 30_000 }
const statusOf = async (tenant: TestTenant, id: string) => (await messageOf(tenant, id)).status

test('a server sends by itself what agents write', async () => {
  const tenant = await it.tenant()
  await openClaims(tenant)
  const id = await write(tenant, { bundleId: await bundle(tenant) })
  await expect.poll(() => statusOf(tenant, id), patient).toBe('SENT')
})

test('the test clock sends at the moment that a message waits for, not later', async () => {
  const tenant = await sandboxTenant(it)
  await openClaims(tenant, ['C'], { country: 'JP' })
  const id = await write(tenant, { bundleId: await bundle(tenant) })
  const waits = async () => (await messageOf(tenant, id)).decision?.because
  await expect.poll(waits, patient).toBe('quiet_hours')
  const advanced = await native(tenant, 'POST', '/test-clock/advance', { hours: 20 })
  expect(advanced.status).toBe(200)
  expect(await messageOf(tenant, id)).toMatchObject({
    status: 'SENT',
    sentAt: '2026-03-10T23:00:00.000Z',
  })
})

test('a message of a paused journey leaves as soon as the journey goes on', async () => {
  const tenant = await it.tenant()
  await openClaims(tenant)
  const paused = await tenant.post('pause_journeys', [{ ref: 'C' }])
  expect(paused.body.C).toMatchObject({ success: true })
  const { rows } = await it.database.ownerPool.query<{ run_id: string; claim_id: string }>(
    'select run_id, claim_id from quittance.journey_run where tenant_id = $1',
    [tenant.tenantId],
  )
  const [run] = rows
  const message = {
    key: 'run/1',
    claimId: run!.claim_id,
    channel: 'email' as const,
    bundleId: await bundle(tenant),
    cause: { kind: 'journey' as const, id: run!.run_id },
  }
  const { db } = it.assembly.services
  await inTransaction(db, { tenantId: tenant.tenantId, now: it.now }, (tx) =>
    queueMessages(tx, [message]),
  )
  const one = async () => (await native(tenant, 'GET', '/messages')).body.items[0]
  await expect.poll(async () => (await one()).decision?.because, patient).toBe('journey_paused')
  const resumed = await tenant.post('resume_journeys', [{ ref: 'C' }])
  expect(resumed.body.C).toMatchObject({ success: true })
  await expect.poll(async () => (await one()).status, patient).toBe('SENT')
})
