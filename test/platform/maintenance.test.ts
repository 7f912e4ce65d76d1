import { expect, test } from 'vitest'
import { removeExpired } from '../../src/platform/maintenance.ts'
import { person, world } from '../world.ts'

const it = world()
const days = (n: number) => `now() - interval '${n} days'`

test('events are removed after 400 days and first answers after 72 hours, not before (D-100)', async () => {
  const tenant = await it.tenant()
  await tenant.post('create_accounts', { A: { currency: 'EUR', debtors: [person('D')] } }, '', {
    'idempotency-key': 'young',
  })
  const { ownerPool } = it.database
  for (const age of [399, 401]) {
    await ownerPool.query(
      `insert into quittance.event (tenant_id, message_id, type, data, occurred_at)
       values ($1, gen_random_uuid(), 'event.note.created', '{}', ${days(age)})`,
      [tenant.tenantId],
    )
  }
  await ownerPool.query(
    `insert into quittance.idempotent_request (tenant_id, key, fingerprint, holder, locked_until, status, answer, created_at)
     values ($1, 'old', 'f', gen_random_uuid(), now(), 200, '{}', ${days(4)})`,
    [tenant.tenantId],
  )
  await ownerPool.query(
    `update quittance.idempotent_request set created_at = now() where key = 'young'`,
  )
  const { db, log } = it.assembly.services
  expect(await removeExpired({ db, log, clock: () => new Date() })).toEqual({
    events: 1,
    answers: 1,
  })
  const left = await ownerPool.query(`select key from quittance.idempotent_request`)
  expect(left.rows).toEqual([{ key: 'young' }])
})

test('the database refuses to remove what must still be kept', async () => {
  await expect(
    it.database.appPool.query(
      `select * from remove_expired(now() - interval '30 days', now() - interval '4 days', 10)`,
    ),
  ).rejects.toThrow('must still be kept')
})
