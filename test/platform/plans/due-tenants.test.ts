import { beforeAll, expect, test } from 'vitest'
import { native } from '../../journeys/given.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOfFunction } from './explain.ts'
import { fill, fillingMs, write } from './history.ts'

const it = world()
let tenant: TestTenant

/** Work of other kinds that waits for later. */
const waiting = `
  insert into crm_take_up (tenant_id, account_id, asked_at, ask_id)
  select $1::uuid, account_id, '2027-01-01', account_id from account where tenant_id = $1::uuid;
  insert into plan (tenant_id, plan_id, claim_id, definition_id, version, status, amount_minor, fee_minor, currency,
    broken_after, places, accepted_by, accepted_at, next_at)
  select p.tenant_id, gen_random_uuid(), p.claim_id, p.definition_id, 1, 'ACTIVE', 100, 0, 'TRY', 1, '[]', 'AGENT',
    p.accepted_at, '2027-01-01' from plan p where p.tenant_id = $1::uuid;
  insert into reaction (tenant_id, reaction_id, name, trigger, actions, position, is_active, version, active_since, created_at,
    updated_at, deleted_at)
  values ($1::uuid, md5('r')::uuid, 'R', '{}', '[]', 0, false, 1, now(), now(), now(), now());
  insert into reaction_firing (tenant_id, firing_id, reaction_id, reaction_name, reaction_version, event_id, event_type,
    context, chain, status, actions, done, is_booking, results, attempts, due_at, created_at)
  select $1::uuid, gen_random_uuid(), md5('r')::uuid, 'R', 1, message_id, type, '{}', '[]', 'WAITING', '[]', 0, false, '[]', 0,
    '2027-01-01', occurred_at from event where tenant_id = $1::uuid;
  insert into webhook_subscription (tenant_id, subscription_id, url, event_types, is_active, created_at, updated_at)
  values ($1::uuid, md5('s')::uuid, 'https://example.com', '["*"]', true, now(), now());
  insert into webhook_delivery (tenant_id, subscription_id, message_id, event_type, payload, state, is_ready, next_at,
    expires_at, created_at)
  select $1::uuid, md5('s')::uuid, message_id, type, '{}', 'PENDING', true, '2027-01-01', '2028-01-01', occurred_at
  from event where tenant_id = $1::uuid;
  insert into wallee_overdue_told (tenant_id, through_on) values ($1::uuid, '2026-03-10')`

beforeAll(async () => {
  tenant = await it.tenant()
  const document = { paths: { main: [{ type: 'wait', days: 1 }] } }
  const body = { name: 'Dunning', document }
  await native(tenant, { method: 'POST', url: '/journeys', body, status: 201 })
  await fill(it, tenant, ['accounts', 'aroundClaims', 'runs', 'messages', 'events'])
  await write(it, tenant, waiting)
  await it.database.ownerPool.query('analyze')
}, fillingMs)

test('whoever is asked which tenants have work due looks at no more than the first piece of each', async () => {
  const { rows } = await it.database.ownerPool.query<{ name: string }>(
    `select proname as name from pg_proc
     where pronamespace = 'quittance'::regnamespace and proname like '%\\_tenants\\_due' order by 1`,
  )
  const names = rows.map(({ name }) => name)
  expect(names).toContain('journey_tenants_due')
  // Before anything is due, in the middle, and when all of it is.
  for (const value of ['2025-01-01', '2026-03-25', '2028-01-01']) {
    for (const name of names)
      expectAtMost(5, await scansOfFunction(it.database.ownerPool, { name, argument: 'at', value }))
  }
})

test('whoever is asked which tenants have news looks at the newest event of each', async () => {
  const scans = await scansOfFunction(it.database.ownerPool, {
    name: 'tenants_behind',
    argument: 'subscribers',
    value: ['journeys', 'nobody'],
  })
  expectAtMost(20, scans)
})
