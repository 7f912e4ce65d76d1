import { beforeAll, expect, test } from 'vitest'
import { person, world } from '../../world.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
let others: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
  others = client(it, await it.tenant())
})

const account = (debtors: unknown[]) => ({ currency: 'EUR', debtors, ledgerEntries: [] })

test('creates, reads, changes and deletes a customer through version 1', async () => {
  const created = await us.v1('POST', '/customer/create', {
    familyName: 'Muster',
    customerId: 'C-7',
  })
  expect(created.status, JSON.stringify(created.body)).toBe(200)
  expect(created.body).toMatchObject({ familyName: 'Muster', customerId: 'C-7', version: 1 })
  const { id } = created.body
  const read = await us.v1('GET', `/customer/read?id=${id}`)
  expect(read.body).toEqual(created.body)
  const changed = await us.v1('POST', '/customer/update', { id, version: 1, givenName: 'Anna' })
  expect(changed.body).toMatchObject({ familyName: 'Muster', givenName: 'Anna', version: 2 })
  const stale = await us.v1('POST', '/customer/update', { id, version: 1, givenName: 'Eva' })
  expect(stale.status).toBe(409)
  expect((await us.v1('POST', '/customer/delete', id)).status).toBe(200)
  expect((await us.v1('GET', `/customer/read?id=${id}`)).status).toBe(442)
})

test('takes the sample body of the published page (seed 004), and answers a stale version with 409', async () => {
  const { body: created } = await us.v2('POST', '/customers', { familyName: 'A' })
  const sample = {
    metaData: { string: 'string' },
    emailAddress: 'a@example.com',
    familyName: 'string',
    givenName: 'string',
    preferredCurrency: 'CHF',
    customerId: 'string',
    language: 'de-CH',
    version: created.version,
  }
  const changed = await us.v2('PATCH', `/customers/${created.id}?expand=labels`, sample)
  expect(changed.status, JSON.stringify(changed.body)).toBe(200)
  expect(changed.body).toMatchObject({ ...sample, version: created.version + 1 })
  const stale = await us.v2('PATCH', `/customers/${created.id}`, sample)
  expect(stale.status).toBe(409)
  expect(stale.body).toMatchObject({ code: 'customer_changed' })
})

test('shows a debtor of another door as a customer at once, and a customer as a debtor there', async () => {
  await us.tenant.post('create_accounts', { ACC: account([person('D-1')]) })
  const found = await us.v2('GET', '/customers/search?query=customerId:D-1')
  expect(found.body.data).toHaveLength(1)
  const [shown] = found.body.data
  expect(shown).toMatchObject({
    givenName: 'Ada',
    familyName: 'Byron',
    emailAddress: 'ada@example.com',
  })
  const changed = await us.v2('PATCH', `/customers/${shown.id}`, {
    version: shown.version,
    familyName: 'Lovelace',
  })
  expect(changed.body).toMatchObject({ familyName: 'Lovelace', customerId: 'D-1' })
  const there = await us.tenant.get('get_account', 'accountReference=ACC')
  expect(JSON.stringify(there.body)).toContain('Lovelace')
  const created = await us.v1('POST', '/customer/create', {
    customerId: 'D-2',
    givenName: 'Grace',
    familyName: 'Hopper',
  })
  await us.tenant.post('create_accounts', {
    'ACC-2': account([person('D-2', { firstName: 'Grace' })]),
  })
  const read = await us.v2('GET', `/customers/${created.body.id}`)
  expect(read.body).toMatchObject({ givenName: 'Grace', familyName: 'Byron' })
  expect(read.body.version).toBeGreaterThan(1)
})

test('keeps a customer with accounts, and merges two into one that has the accounts of both', async () => {
  await us.tenant.post('create_accounts', {
    'ACC-M': account([person('M-1')]),
    'ACC-N': account([person('M-2', { contactInformation: { country: 'CH', city: 'Bern' } })]),
  })
  const by = async (reference: string) =>
    (await us.v2('GET', `/customers/search?query=customerId:${reference}`)).body.data[0]
  const [survivor, other] = [await by('M-1'), await by('M-2')]
  expect((await us.v2('DELETE', `/customers/${other.id}`)).status).toBe(422)
  const { ownerPool } = it.database
  await ownerPool.query(
    `insert into quittance.contact (tenant_id, debtor_reference, created_at) values ($1, 'M-1', now()), ($1, 'M-2', now())`,
    [us.tenant.tenantId],
  )
  await ownerPool.query(
    `insert into quittance.contact_preference (tenant_id, debtor_reference, channel, preference, source, changed_at)
     values ($1, 'M-1', 'email', 'allowed', 'agent', now()), ($1, 'M-2', 'email', 'denied', 'debtor', now())`,
    [us.tenant.tenantId],
  )
  const merged = await us.v2('POST', `/customers/${survivor.id}/merge/${other.id}`)
  expect(merged.status, JSON.stringify(merged.body)).toBe(200)
  expect((await us.v2('GET', `/customers/${other.id}`)).status).toBe(404)
  const there = await us.tenant.get('get_account', 'accountReference=ACC-N')
  expect(JSON.stringify(there.body)).toContain('M-1')
  expect(JSON.stringify(there.body)).not.toContain('M-2')
  const { rows } = await ownerPool.query(
    `select debtor_reference, preference from quittance.contact_preference where tenant_id = $1`,
    [us.tenant.tenantId],
  )
  expect(rows).toEqual([{ debtor_reference: 'M-1', preference: 'denied' }])
  expect((await us.v2('POST', `/customers/${survivor.id}/merge/${survivor.id}`)).status).toBe(422)
})

test('remembers the e-mail addresses that a customer had', async () => {
  const { body: made } = await us.v2('POST', '/customers', { emailAddress: 'old@example.com' })
  await us.v2('PATCH', `/customers/${made.id}`, { version: 1, emailAddress: 'new@example.com' })
  const history = await us.v2('GET', `/customers/${made.id}/email-addresses`)
  const addresses = history.body.data.map((one: { emailAddress: string }) => one.emailAddress)
  expect(addresses.toSorted()).toEqual(['new@example.com', 'old@example.com'])
})

test('answers each entry of a bulk request for itself', async () => {
  const made = await us.v2('POST', '/customers/bulk', [
    { customerId: 'B-1' },
    { customerId: 'x'.repeat(101) },
  ])
  expect(made.status).toBe(200)
  expect(made.body.map((one: { statusCode: number }) => one.statusCode)).toEqual([201, 400])
  const [{ id, link }] = made.body
  expect(link).toBe(`/api/v2.0/customers/${id}`)
  const changed = await us.v2('PATCH', '/customers/bulk', [
    { id, version: 1, familyName: 'X' },
    { familyName: 'X', version: 1 },
  ])
  expect(changed.body.map((one: { statusCode: number }) => one.statusCode)).toEqual([200, 400])
  const gone = await us.v2('DELETE', '/customers/bulk', [id, 999_999])
  expect(gone.body.map((one: { statusCode: number }) => one.statusCode)).toEqual([204, 404])
  const many = Array.from({ length: 101 }, () => ({}))
  expect((await us.v2('POST', '/customers/bulk', many)).status).toBe(413)
})

test('makes the first address the default one and the contact information of the debtor', async () => {
  const { body: made } = await us.v1('POST', '/customer/create', { customerId: 'A-1' })
  const first = await us.v1('POST', '/customer-address/create', {
    customer: made.id,
    addressType: 'BILLING',
    address: {
      street: 'Weg 1',
      city: 'Bern',
      postcode: '3000',
      country: 'CH',
      dateOfBirth: '1980-05-06T00:00:00.000Z',
    },
  })
  expect(first.body).toMatchObject({
    defaultAddress: true,
    customer: { id: made.id, customerId: 'A-1' },
    address: { dateOfBirth: '1980-05-06' },
  })
  const second = await us.v2('POST', `/customers/${made.id}/addresses`, {
    customer: made.id,
    address: { street: 'Gasse 2', city: 'Zug', country: 'CH' },
  })
  expect(second.body).toMatchObject({ defaultAddress: false, customer: { id: made.id } })
  expect(second.body.customer).toEqual({ id: made.id })
  const whole = await us.v2(
    'GET',
    `/customers/${made.id}/addresses/${second.body.id}?expand=customer`,
  )
  expect(whole.body.customer).toMatchObject({ customerId: 'A-1' })
  await us.v1('GET', `/customer-address/select-default-address?id=${second.body.id}`)
  const { rows } = await it.database.ownerPool.query(
    `select data from quittance.debtor where reference = 'A-1' and tenant_id = $1`,
    [us.tenant.tenantId],
  )
  expect(rows[0].data.contactInformation).toMatchObject({ addressLine1: 'Gasse 2', city: 'Zug' })
  const list = await us.v2('GET', `/customers/${made.id}/addresses`)
  expect(list.body.data.map((one: any) => one.defaultAddress)).toEqual([false, true])
  expect((await others.v2('GET', `/customers/${made.id}/addresses`)).status).toBe(404)
})

test('pins and unpins comments by GET in version 1 and by POST in version 2', async () => {
  const { body: made } = await us.v2('POST', '/customers', {})
  const comment = await us.v2('POST', `/customers/${made.id}/comments`, {
    content: 'hi',
    customer: made.id,
  })
  expect(comment.status).toBe(201)
  const { id } = comment.body
  expect(await us.v1('GET', `/customer-comment/pin-comment?id=${id}`)).toMatchObject({
    status: 200,
    body: '',
  })
  const read = await us.v1('GET', `/customer-comment/read?id=${id}`)
  expect(read.body).toMatchObject({
    pinned: true,
    customer: made.id,
    createdBy: us.tenant.wallee.userId,
  })
  expect((await us.v2('POST', `/customers/${made.id}/comments/${id}/unpin`)).status).toBe(204)
  expect((await us.v2('POST', `/customers/${made.id + 1}/comments/${id}/pin`)).status).toBe(404)
  expect((await us.v1('GET', `/customer-comment/read?id=${id}`)).body.pinned).toBe(false)
})
