import { beforeAll, expect, test } from 'vitest'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs } from './history.ts'

const it = world()
let tenant: TestTenant
let path: string

beforeAll(async () => {
  tenant = await it.tenant('Acme', {
    creditor: { name: 'Acme', iban: 'DE02120300000000202051' },
    verification: ['lastName'],
  })
  await fill(it, tenant, ['accounts', 'aroundClaims'])
  const { body } = await tenant.get('get_landing_page_url', 'claimReference=C-17')
  path = new URL(body.URL as string).pathname
}, fillingMs)

async function scansOfVisit(visit: () => Promise<void>) {
  const { connection } = it.database
  return scansOf({ connection, tenantId: tenant.tenantId }, await statementsOf(visit))
}

test('the page of a debtor, with its identity check, reads what is about the claim and nothing of the thousands beside it', async () => {
  const { app } = it.assembly
  const scans = await scansOfVisit(async () => {
    const asked = await app.inject({ method: 'GET', url: path })
    expect(asked.body).toContain('lastName')
    const cookie = cookiesOf(asked)
    const csrf = /name="csrf" value="([^"]+)"/.exec(asked.body)![1]!
    const answered = await app.inject({
      method: 'POST',
      url: path,
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ csrf, lastName: 'Byron 17' }).toString(),
    })
    expect(answered.statusCode).toBe(303)
    const shown = await app.inject({
      method: 'GET',
      url: path,
      headers: { cookie: cookiesOf(answered) },
    })
    expect(shown.statusCode).toBe(200)
    expect(shown.body).toContain('C-17')
  })
  const read = [
    'link',
    'claim',
    'account',
    'item',
    'entry',
    'promise',
    'placement',
    'portal_payment',
  ]
  expect([...tablesIn(scans)]).toEqual(expect.arrayContaining(read))
  expectAtMost(20, scans)
})

test('its address is found and given without looking at other links', async () => {
  const scans = await scansOfVisit(async () => {
    await tenant.get('get_landing_page_url', 'claimReference=C-18')
  })
  expect([...tablesIn(scans)]).toContain('link')
  expectAtMost(5, scans)
})

const cookiesOf = ({ cookies }: { cookies: { name: string; value: string }[] }) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
