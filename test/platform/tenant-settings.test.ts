import { expect, test } from 'vitest'
import { type TestTenant, world } from '../world.ts'

const it = world()

const change = (tenant: TestTenant, payload: Record<string, unknown>) =>
  tenant.call({ method: 'PATCH', url: '/q/v1/tenant', payload })
const shown = async (tenant: TestTenant) =>
  (await tenant.call({ method: 'GET', url: '/q/v1/tenant' })).body

test('a tenant sees and changes its name, time zone and settings, one at a time', async () => {
  const tenant = await it.tenant('Acme')
  expect(await shown(tenant)).toEqual({
    tenantId: tenant.tenantId,
    name: 'Acme',
    timeZone: 'Europe/Berlin',
    isSandbox: false,
    settings: {},
  })
  const creditor = {
    name: 'Acme AG',
    iban: 'CH93 0076 2011 6238 5295 7',
    address: { country: 'CH' },
  }
  await change(tenant, { name: 'Acme AG', timeZone: 'Europe/Zurich', settings: { creditor } })
  await change(tenant, { settings: { language: 'de', verification: ['birthday', 'lastName'] } })
  expect(await shown(tenant)).toMatchObject({
    name: 'Acme AG',
    timeZone: 'Europe/Zurich',
    settings: { creditor, language: 'de', verification: ['birthday', 'lastName'] },
  })
  await change(tenant, { settings: { creditor: null } })
  expect((await shown(tenant)).settings).toEqual({
    language: 'de',
    verification: ['birthday', 'lastName'],
  })
})

test('the next request already goes by a setting that was changed', async () => {
  const tenant = await it.tenant()
  await tenant.post('create_accounts', { A: { currency: 'EUR' } })
  const nameless = {
    B: {
      currency: 'EUR',
      debtors: [{ debtorReference: 'D', contactInformation: { country: 'DE' } }],
    },
  }
  const refused = await tenant.post('create_accounts', nameless)
  expect(refused.body['B'].success).toBe(false)
  await change(tenant, { settings: { strictDebtorNames: false } })
  const opened = await tenant.post('create_accounts', nameless)
  expect(opened.body['B'].success).toBe(true)
})

test.each([
  ['nothing', {}],
  ['an unknown setting', { settings: { colour: 'red' } }],
  ['a wrong IBAN', { settings: { creditor: { iban: 'DE00 1234 5678 9012 3456 78' } } }],
  ['an unknown time zone', { timeZone: 'Mars/Olympus' }],
  [
    'four questions',
    { settings: { verification: ['birthday', 'postalCode', 'lastName', 'claimReference'] } },
  ],
  ['whether it is a sandbox', { isSandbox: true }],
])('%s is refused and changes nothing', async (_what, payload) => {
  const tenant = await it.tenant('Acme')
  expect((await change(tenant, payload)).status).toBe(400)
  expect(await shown(tenant)).toMatchObject({ name: 'Acme', settings: {} })
})
