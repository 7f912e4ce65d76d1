import { expect, test } from 'vitest'
import { world } from '../../test/world.ts'
import { demoLines, seedDemo } from './index.ts'

const it = world()

test(
  'the demo tenant is chased to the end: reminder, SMS, letter, final notice, agency; and nobody who has paid',
  { timeout: 300_000 },
  async () => {
    const { assembly } = it
    const tenant = await seedDemo(assembly)
    const { tenantId, oauth } = tenant
    const printed = (await demoLines(assembly, tenant, 'http://127.0.0.1')).join('\n')
    expect(printed).toMatch(/\/c\/[1-9A-HJ-NP-Za-km-z]{18}\n/)
    expect(printed).toContain(`outbox list --tenant ${tenantId}`)
    const basic = Buffer.from(`${oauth.clientId}:${oauth.clientSecret}`).toString('base64')
    const token = await assembly.app.inject({
      method: 'POST',
      url: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
    })
    const advanced = await assembly.app.inject({
      method: 'POST',
      url: '/q/v1/test-clock/advance',
      headers: { authorization: `Bearer ${token.json().access_token}` },
      payload: { days: 90 },
    })
    expect(advanced.statusCode).toBe(200)
    const { rows } = await it.database.ownerPool.query<{ step: string; count: number }>(
      `select cause ->> 'step' as step, count(*)::integer as count from quittance.message
     where tenant_id = $1 and status = 'SENT' group by 1`,
      [tenantId],
    )
    const sent = Object.fromEntries(rows.map(({ step, count }) => [step, count]))
    for (const step of ['reminder', 'text', 'letter', 'final-notice'])
      expect(sent[step], step).toBeGreaterThan(10)
    const { rows: placed } = await it.database.ownerPool.query<{ status: string; count: number }>(
      `select c.status, count(*)::integer as count from quittance.placement p
     join quittance.claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id
     where p.tenant_id = $1 and p.status = 'PLACED' group by 1`,
      [tenantId],
    )
    expect(placed).toEqual([{ status: 'ACTIVE', count: expect.any(Number) as number }])
  },
)
