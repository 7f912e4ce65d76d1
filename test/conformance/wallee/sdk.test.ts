import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, world } from '../../world.ts'
import { macHeaders } from './sign.ts'

const require = createRequire(import.meta.url)
const it = world()
let tenant: TestTenant
let base: string
beforeAll(async () => {
  // The SDKs sign with the machine's own time.
  it.now = new Date()
  tenant = await it.tenant()
  await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = it.assembly.app.server.address() as AddressInfo
  base = `http://127.0.0.1:${port}/api`
})

/** A service of a version 1 SDK, with nothing changed but where it calls. */
function service(sdk: string, name: string) {
  const { PostFinanceCheckout } = require(sdk)
  const { spaceId, userId, authenticationKey } = tenant.wallee
  const made = new PostFinanceCheckout.api[name]({
    space_id: spaceId,
    user_id: userId,
    api_secret: authenticationKey,
  })
  made.basePath = base
  return made
}

const refusal = async (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.unreachable('the SDK was not refused'),
    (error: unknown) => error,
  )

describe.each(['postfinancecheckout-3', 'postfinancecheckout-4'])('the SDK %s', (sdk) => {
  test('keeps customers: creates, reads, searches, counts, updates and deletes them', async () => {
    const customers = service(sdk, 'CustomerService')
    const space = tenant.wallee.spaceId
    const { body: made } = await customers.create(space, {
      customerId: `${sdk}-1`,
      emailAddress: `${sdk}@example.com`,
      familyName: 'Muster',
      givenName: 'Anna',
      language: 'de-CH',
      metaData: { src: 'sdk' },
    })
    expect(made).toMatchObject({ familyName: 'Muster', metaData: { src: 'sdk' }, version: 1 })
    expect(made.createdOn).toBeInstanceOf(Date)
    expect((await customers.read(space, made.id)).body.customerId).toBe(`${sdk}-1`)
    const leaf = {
      type: 'LEAF',
      fieldName: 'emailAddress',
      operator: 'EQUALS',
      value: `${sdk}@example.com`,
    }
    const query = {
      filter: leaf,
      numberOfEntities: 20,
      orderBys: [{ fieldName: 'familyName', sorting: 'ASC' }],
      startingEntity: 0,
      language: 'en-US',
    }
    const found = await customers.search(space, query)
    expect(found.body.map((one: { id: number }) => one.id)).toEqual([made.id])
    expect((await customers.count(space, leaf)).body).toBe(1)
    expect((await customers.count(space)).body).toBeGreaterThanOrEqual(1)
    const change = { id: made.id, version: 1, familyName: 'Neu' }
    expect((await customers.update(space, change)).body).toMatchObject({
      familyName: 'Neu',
      version: 2,
    })
    const stale = await refusal(customers.update(space, change))
    expect(stale.response.statusCode ?? stale.response.status).toBe(409)
    const wrong = await refusal(customers.create(space, { emailAddress: 'none' }))
    expect(wrong.errorType).toBe('ClientError')
    expect(wrong.response.statusCode ?? wrong.response.status).toBe(442)
    await customers._delete(space, made.id)
    const gone = await refusal(customers.read(space, made.id))
    expect(gone.response.statusCode ?? gone.response.status).toBe(442)
  })

  test('keeps addresses with dates, and comments with pins', async () => {
    const space = tenant.wallee.spaceId
    const { body: owner } = await service(sdk, 'CustomerService').create(space, {})
    const addresses = service(sdk, 'CustomerAddressService')
    const { body: made } = await addresses.create(space, {
      customer: owner.id,
      addressType: 'BILLING',
      address: { city: 'Bern', country: 'CH', dateOfBirth: new Date('1980-05-06T00:00:00Z') },
    })
    expect(made).toMatchObject({ defaultAddress: true, customer: { id: owner.id } })
    await addresses.selectDefaultAddress(space, made.id)
    const comments = service(sdk, 'CustomerCommentService')
    const { body: comment } = await comments.create(space, { customer: owner.id, content: 'hi' })
    await comments.pinComment(space, comment.id)
    expect((await comments.read(space, comment.id)).body).toMatchObject({
      pinned: true,
      customer: owner.id,
    })
  })

  test('reads reference data', async () => {
    const { body: countries } = await service(sdk, 'CountryService').all()
    expect(countries).toHaveLength(249)
    const states = await service(sdk, 'CountryStateService').country('CH')
    expect(states.body).toHaveLength(26)
    expect((await service(sdk, 'CountryStateService').country('BR')).body).toHaveLength(27)
    const { body: currencies } = await service(sdk, 'CurrencyService').all()
    const yen = currencies.find((one: any) => one.currencyCode === 'JPY')
    expect(yen).toMatchObject({ fractionDigits: 0, numericCode: 392 })
    expect((await service(sdk, 'LanguageService').all()).body.length).toBeGreaterThan(50)
    const forms = await service(sdk, 'LegalOrganizationFormService').country('CH')
    expect(forms.body.every((one: any) => one.country === 'CH')).toBe(true)
    expect((await service(sdk, 'LabelDescriptionService').all()).body.length).toBeGreaterThan(0)
    expect((await service(sdk, 'StaticValueService').all()).body.length).toBeGreaterThan(0)
    expect((await service(sdk, 'PermissionService').all()).body.length).toBeGreaterThan(40)
  })
})

describe('the SDK postfinancecheckout-5', () => {
  const services = () => {
    const sdk = require('postfinancecheckout-5')
    const { userId, authenticationKey } = tenant.wallee
    const config = new sdk.Configuration({
      basePath: `${base}/v2.0`,
      httpBearerAuth: new sdk.HttpBearerAuth(userId, authenticationKey),
    })
    return { sdk, of: (name: string) => new sdk[name](config) }
  }

  test('keeps customers, their addresses and comments', async () => {
    const { of } = services()
    const space = tenant.wallee.spaceId
    const customers = of('CustomersService')
    const made = await customers.postCustomers({
      space,
      customerCreate: { customerId: 'five', familyName: 'Mus ter', metaData: { a: 'b' } },
    })
    expect(made).toMatchObject({ customerId: 'five', version: 1 })
    expect(made.createdOn).toBeInstanceOf(Date)
    const changed = await customers.patchCustomersId({
      id: made.id,
      space,
      expand: new Set(['labels']),
      customerActive: { version: 1, familyName: 'Mus ter', emailAddress: 'five@example.com' },
    })
    expect(changed.version).toBe(2)
    const stale = await refusal(
      customers.patchCustomersId({ id: made.id, space, customerActive: { version: 1 } }),
    )
    expect(stale.response.status).toBe(409)
    const found = await customers.getCustomersSearch({
      space,
      query: `familyName:~"Mus ter" AND -id:${made.id + 1} id:>=${made.id}`,
      order: 'familyName:ASC',
      limit: 10,
      offset: 0,
      expand: new Set(['a', 'b.c']),
    })
    expect(found).toMatchObject({ hasMore: false, limit: 10, offset: 0 })
    expect(found.data.map((one: any) => one.id)).toEqual([made.id])
    const page = await customers.getCustomers({
      space,
      after: made.id - 1,
      limit: 10,
      order: 'ASC',
    })
    expect(page.data[0].id).toBe(made.id)
    const history = await customers.getCustomersIdEmailAddresses({ id: made.id, space })
    expect(history.data[0].emailAddress).toBe('five@example.com')
    const bulk = await customers.postCustomersBulk({ space, customerCreate: [{}, {}] })
    expect(bulk.map((one: any) => one.statusCode)).toEqual([201, 201])
    const gone = await customers.deleteCustomersBulk({
      space,
      requestBody: bulk.map((one: any) => one.id),
    })
    expect(gone.map((one: any) => one.statusCode)).toEqual([204, 204])
    const comments = of('CustomerCommentsService')
    const comment = await comments.postCustomersCustomerIdComments({
      customerId: made.id,
      space,
      customerCommentCreate: { content: 'hi', customer: made.id },
    })
    await comments.postCustomersCustomerIdCommentsIdPin({
      customerId: made.id,
      id: comment.id,
      space,
    })
    const read = await comments.getCustomersCustomerIdCommentsId({
      customerId: made.id,
      id: comment.id,
      space,
      expand: new Set(['customer']),
    })
    expect(read).toMatchObject({ pinned: true, customer: { id: made.id, customerId: 'five' } })
    const address = await of('CustomerAddressesService').postCustomersCustomerIdAddresses({
      customerId: made.id,
      space,
      customerAddressCreate: {
        customer: made.id,
        address: { city: 'Bern', dateOfBirth: new Date('1980-05-06T00:00:00Z') },
      },
    })
    expect(address.address.dateOfBirth).toEqual(new Date('1980-05-06T00:00:00Z'))
  })

  test('reads reference data and who may do what', async () => {
    const { of } = services()
    expect((await of('CountriesService').getCountries()).data).toHaveLength(249)
    const states = await of('CountriesService').getCountriesCountryCodeStates({ countryCode: 'CH' })
    expect(states).toHaveLength(26)
    expect((await of('CurrenciesService').getCurrenciesCode({ code: 'BHD' })).fractionDigits).toBe(
      3,
    )
    expect((await of('LanguagesService').getLanguagesCode({ code: 'de-CH' })).iso3Code).toBe('deu')
    const spaces = await of('SpacesService').getSpaces({ expand: new Set(['account']) })
    expect(spaces.data[0]).toMatchObject({
      id: tenant.wallee.spaceId,
      account: { state: 'ACTIVE' },
    })
    const users = await of('ApplicationUsersService').getApplicationUsers({})
    expect(users.data[0].id).toBe(tenant.wallee.userId)
    expect((await of('RolesService').getRoles({})).data).toHaveLength(2)
  })
})

test('a request line may be as long as a document in base64', async () => {
  const target = `/api/country-state/country?code=${'A'.repeat(2_000_000)}`
  const { userId, authenticationKey: key } = tenant.wallee
  const headers = macHeaders({ userId, key, at: new Date() }, 'GET', target)
  const answer = await fetch(base.replace(/\/api$/, target), { headers })
  // Read as a whole, and refused for what it says, not for its length.
  expect(answer.status).toBe(442)
  expect(await answer.json()).toMatchObject({ type: 'DEVELOPER_ERROR' })
})
