import { afterAll, describe, expect, test } from 'vitest'
import { createAccount } from '../../../src/accounts/index.ts'
import { callContext } from '../../../src/book/index.ts'
import { createMandate, deleteMandate } from '../../../src/mandates/index.ts'
import type { MandateData } from '../../../src/mandates/schema.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  eventsDuring,
  eventsOf,
  invoice,
  openAccount,
  parameterError,
  refusedWith,
} from './given.ts'
import { isSeedPresent, missingFrom, readSamples } from './seed.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>
const bank = { holderName: 'Ada', bankName: 'Bank', accountNumber: 'DE89370400440532013000' }
const card = { cardIssuer: 'VISA', lastDigits: '4242' }
const mandate = (mandateId: string, more: Fields = {}): MandateData => ({
  mandateId,
  accountReference: 'ACC',
  providerName: 'trustly',
  debtorReference: 'D',
  productReferences: ['P'],
  mandateRepresentation: bank,
  ...more,
})

const contextOf = ({ tenantId }: TestTenant) =>
  callContext({ tenantId, timeZone: 'UTC', settings: {} }, { originator: 'Test' })

async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  const products = [{ productReference: 'P' }, { productReference: 'P-2' }]
  await openAccount(tenant, [invoice('INV', 100)], { products })
  return tenant
}

const create = (tenant: TestTenant, ...mandates: object[]) =>
  tenant.post('create_account_mandates', mandates)
const remove = (tenant: TestTenant, ...ids: string[]) =>
  tenant.post(
    'delete_account_mandates',
    ids.map((mandateId) => ({ accountReference: 'ACC', mandateId })),
  )

async function mandatesOf(tenant: TestTenant, reference = 'ACC') {
  const answer = await tenant.get('get_account_mandates', `accountReference=${reference}`)
  expect(answer.status).toBe(200)
  return answer.body as Fields[]
}
const idsOf = async (tenant: TestTenant) =>
  (await mandatesOf(tenant)).map(({ mandateId }) => mandateId)

describe.runIf(isSeedPresent)('the published samples', () => {
  test('create, get and delete answer in the published shapes', async () => {
    const samples = readSamples()
    const tenant = await it.tenant()
    const account = 'ACCOUNT_REFERENCE_002'
    const id = 'd34b443e-968e-4647-80ec-292ee38c8b34'
    await tenant.post('create_accounts', {
      [account]: {
        currency: 'EUR',
        debtors: [person('EXTERNAL_DEBTOR_REF_002')],
        products: [{ productReference: 'PRODUCT_REFERENCE_1' }],
      },
    })
    const published = (operation: string) => Object.values(samples.get(operation)?.answer as object)
    const body = samples.get('create_account_mandates')?.body
    const created = await tenant.post('create_account_mandates', body)
    expect(created.body).toMatchObject({
      [account]: { success: true, messages: [`Successfully created mandate ${id}`], data: body },
    })
    expect(missingFrom(created.body[account], published('create_account_mandates')[0])).toEqual([])
    const shown = await mandatesOf(tenant, account)
    expect(missingFrom(shown, samples.get('get_account_mandates')?.answer)).toEqual([])
    expect(shown).toEqual(body)
    const named = samples.get('delete_account_mandates')?.body
    const deleted = await tenant.post('delete_account_mandates', named)
    const { messages } = published('delete_account_mandates')[0]
    expect(deleted.body).toMatchObject({ [account]: { success: true, messages } })
    expect(deleted.body[account]).not.toHaveProperty('data')
    expect(await mandatesOf(tenant, account)).toEqual([])
  })
})

describe('create_account_mandates', () => {
  test.each([
    ['ferratumCheckoutCreditCardV2', {}, 200],
    ['split', {}, 200],
    ['trustly', {}, 200],
    ['paylandsenBizum', { clientIpAddress: '192.0.2.1' }, 200],
    ['paylandsenCards', { clientIpAddress: '2001:db8::1' }, 200],
    ['paylandsenBizum', {}, 400],
    ['paylandsenCards', {}, 400],
    ['gocardless', {}, 400],
    ['trustly', { mandateRepresentation: card }, 200],
    ['trustly', { mandateRepresentation: undefined }, 200],
    ['trustly', { mandateRepresentation: { ...card, bankName: 'Bank' } }, 200],
    ['trustly', { mandateRepresentation: { bankName: 'Bank', accountNumber: '1' } }, 200],
    ['trustly', { mandateRepresentation: {} }, 400],
    ['trustly', { mandateRepresentation: { bankName: 'Bank' } }, 400],
    ['trustly', { mandateRepresentation: { cardIssuer: 'VISA' } }, 400],
    ['trustly', { mandateRepresentation: { ...bank, ...card } }, 400],
    ['trustly', { productReferences: [] }, 200],
    ['trustly', { productReferences: undefined }, 400],
    ['trustly', { debtorReference: undefined }, 400],
    ['trustly', { mandateId: undefined }, 400],
    ['trustly', { providerName: undefined }, 400],
  ])('D-93: %s with %j answers %i', async (providerName, more, status) => {
    const tenant = await prepared()
    const given = mandate('M', { providerName, ...more })
    const answer = await create(tenant, given)
    expect(answer.status).toBe(status)
    if (status === 400) {
      expect(answer.body).toMatchObject({ success: false, messageIds: [] })
      expect(await mandatesOf(tenant)).toEqual([])
      return
    }
    expect(answer.body.ACC).toMatchObject({ success: true })
    expect(answer.body.ACC.data).toEqual([JSON.parse(JSON.stringify(given))])
    const { clientIpAddress: _address, ...shown } = answer.body.ACC.data[0]
    expect(await mandatesOf(tenant)).toEqual([shown])
  })

  test('says which field a provider needs', async () => {
    const tenant = await prepared()
    const answer = await create(tenant, mandate('M', { providerName: 'paylandsenCards' }))
    expect(answer.body.message).toBe("body/[0] should have required property 'clientIpAddress'")
  })

  test('keeps the address of the customer and shows it to nobody', async () => {
    const tenant = await prepared()
    const clientIpAddress = '192.0.2.77'
    await create(tenant, mandate('M', { providerName: 'paylandsenBizum', clientIpAddress }))
    expect(JSON.stringify(await mandatesOf(tenant))).not.toContain(clientIpAddress)
    const { rows } = await it.database.ownerPool.query(
      'select client_ip_address as address from quittance.mandate where tenant_id = $1',
      [tenant.tenantId],
    )
    expect(rows).toEqual([{ address: clientIpAddress }])
  })

  test('D-17: keeps nothing that the contract does not know', async () => {
    const tenant = await prepared()
    const mandateRepresentation = { ...bank, secret: 'x' }
    await create(tenant, mandate('M', { mandateRepresentation, other: 1 }))
    expect(await mandatesOf(tenant)).toEqual([mandate('M')])
  })

  const refusals: [string, Fields, string, number, string][] = [
    ['an unknown account', { accountReference: 'NOPE' }, 'NOPE', 4004, 'Account not found'],
    ['a debtor of nobody', { debtorReference: 'E' }, 'ACC', 4005, 'Debtor not found'],
    ['a product of nobody', { productReferences: ['P', 'Q'] }, 'ACC', 4006, 'Product not found'],
    [
      'an id that is taken',
      { mandateId: 'TAKEN', providerName: 'split' },
      'ACC',
      4002,
      'Mandate already exists in the account',
    ],
  ]
  test.each(refusals)(
    'D-93: refuses %s and leaves no trace',
    async (...[, more, key, code, text]) => {
      const tenant = await prepared()
      await create(tenant, mandate('TAKEN'))
      const answer = await create(tenant, mandate('M', more))
      expect(answer).toMatchObject({ status: 200 })
      expect(answer.body).toEqual({ [key]: refusedWith(parameterError(code, text)) })
      expect(await mandatesOf(tenant)).toEqual([mandate('TAKEN')])
    },
  )

  test('a debtor of another account is none of this one', async () => {
    const tenant = await prepared()
    await tenant.post('create_accounts', { OTHER: { currency: 'EUR', debtors: [person('E')] } })
    const answer = await create(tenant, mandate('M', { debtorReference: 'E' }))
    expect(answer.body.ACC).toEqual(refusedWith(parameterError(4005, 'Debtor not found')))
  })

  test('one id may be taken in two accounts, and each shows its own', async () => {
    const tenant = await prepared()
    await tenant.post('create_accounts', { OTHER: { currency: 'EUR', debtors: [person('D')] } })
    const theirs = mandate('M', { accountReference: 'OTHER', productReferences: [] })
    const answer = await create(tenant, mandate('M'), theirs)
    expect(answer.body).toMatchObject({ ACC: { success: true }, OTHER: { success: true } })
    expect(await mandatesOf(tenant, 'OTHER')).toEqual([theirs])
  })

  test('D-8, D-9: several of one account fold under its reference', async () => {
    const tenant = await prepared()
    const given = [mandate('B'), mandate('A', { productReferences: ['P-2'] }), mandate('B')]
    const answer = await tenant.post('create_account_mandates', given, '?sequential=true')
    expect(Object.keys(answer.body)).toEqual(['ACC'])
    expect(answer.body.ACC).toMatchObject({
      success: false,
      messages: [
        'Successfully created mandate B',
        'Successfully created mandate A',
        parameterError(4002, 'Mandate already exists in the account'),
      ],
      data: given.slice(0, 2),
    })
    expect(await idsOf(tenant)).toEqual(['B', 'A'])
  })

  test('two at once under one id: one of them is refused', async () => {
    const tenant = await prepared()
    const answers = await Promise.all([1, 2, 3, 4].map(() => create(tenant, mandate('M'))))
    const succeeded = answers.filter(({ body }) => body.ACC.success)
    expect(succeeded).toHaveLength(1)
    expect(await idsOf(tenant)).toEqual(['M'])
  })

  test('D-18: async, it is made later and a failure is told by an event', async () => {
    const tenant = await prepared()
    const body = [mandate('M'), mandate('M-2', { debtorReference: 'E' })]
    const answer = await tenant.post('create_account_mandates', body, '?async=true')
    expect(answer.body.ACC).toMatchObject({
      success: true,
      messages: ['Successfully processed action', 'Successfully processed action'],
    })
    await expect.poll(() => idsOf(tenant), { timeout: 10_000 }).toEqual(['M'])
    const failed = async () =>
      (await eventsOf(it, tenant)).filter(({ type }) => type === 'event.command.failed').length
    await expect.poll(failed, { timeout: 10_000 }).toBe(1)
  })

  test('an Idempotency-Key makes one mandate and answers twice', async () => {
    const tenant = await prepared()
    const headers = { 'idempotency-key': 'once' }
    const once = () => tenant.post('create_account_mandates', [mandate('M')], '', headers)
    const first = await once()
    expect(first.body.ACC.success).toBe(true)
    expect((await once()).body).toEqual(first.body)
  })
})

describe('delete_account_mandates', () => {
  test('D-93: forgets what is there and refuses what is not', async () => {
    const tenant = await prepared()
    await create(tenant, mandate('A'), mandate('B'), mandate('C'))
    const answer = await remove(tenant, 'B', 'NOPE')
    const refused = parameterError(4000, 'Mandate not found')
    expect(answer.body.ACC).toMatchObject({
      success: false,
      messages: ['Successfully processed action', refused],
    })
    expect(await idsOf(tenant)).toEqual(['A', 'C'])
    expect((await remove(tenant, 'B')).body.ACC).toEqual(refusedWith(refused))
  })

  test('refuses an unknown account: 4004', async () => {
    const tenant = await prepared()
    const body = [{ accountReference: 'NOPE', mandateId: 'M' }]
    const answer = await tenant.post('delete_account_mandates', body)
    expect(answer.body.NOPE).toEqual(refusedWith(parameterError(4004, 'Account not found')))
  })

  test('an id that was deleted is free again, and comes last', async () => {
    const tenant = await prepared()
    await create(tenant, mandate('A'), mandate('B'))
    await remove(tenant, 'A')
    await create(tenant, mandate('A', { providerName: 'split' }))
    expect(await idsOf(tenant)).toEqual(['B', 'A'])
  })

  test('made and forgotten and made again in one batch, it is there once', async () => {
    const tenant = await prepared()
    await create(tenant, mandate('OLD'))
    const named = (mandateId: string) => ({ accountReference: 'ACC', mandateId })
    const again = mandate('OLD', { providerName: 'split' })
    const outcomes = await it.assembly.bookkeeper.submitGroup([
      createMandate(contextOf(tenant), mandate('NEW')),
      deleteMandate(contextOf(tenant), named('NEW')),
      deleteMandate(contextOf(tenant), named('OLD')),
      createMandate(contextOf(tenant), again),
    ])
    for (const outcome of outcomes) expect(outcome).not.toHaveProperty('refusal')
    expect(await mandatesOf(tenant)).toEqual([again])
  })
})

describe('get_account_mandates', () => {
  test('D-34: an unknown account has none', async () => {
    const tenant = await prepared()
    expect(await mandatesOf(tenant, 'NOPE')).toEqual([])
    expect(await mandatesOf(tenant)).toEqual([])
  })

  test('refuses to do without an account', async () => {
    const tenant = await prepared()
    expect(await tenant.get('get_account_mandates', '')).toMatchObject({ status: 400 })
  })

  test('does not show those of another tenant', async () => {
    const tenant = await prepared()
    await create(tenant, mandate('M'))
    expect(await mandatesOf(await prepared())).toEqual([])
  })

  test('D-20: each of the three fires a trigger for the active claims of the account', async () => {
    const tenant = await prepared()
    const query = '?triggerName=call-me'
    const calls = [
      () => tenant.post('create_account_mandates', [mandate('M')], query),
      () => tenant.get('get_account_mandates', 'accountReference=ACC&triggerName=call-me'),
      () =>
        tenant.post(
          'delete_account_mandates',
          [{ accountReference: 'ACC', mandateId: 'M' }],
          query,
        ),
    ]
    for (const call of calls) {
      const events = await eventsDuring(it, tenant, call)
      expect(events).toMatchObject([
        { type: 'event.customClaimTrigger.executed', data: { claimRef: 'INV' } },
      ])
    }
  })
})

test('an account that is opened in the same batch takes mandates', async () => {
  const tenant = await it.tenant()
  const account = {
    reference: 'ACC',
    currency: 'EUR',
    debtors: [person('D')],
    products: [{ productReference: 'P' }],
  }
  await it.assembly.bookkeeper.submitGroup<void>([
    createAccount(contextOf(tenant), account),
    createMandate(contextOf(tenant), mandate('M')),
  ])
  expect(await idsOf(tenant)).toEqual(['M'])
})
