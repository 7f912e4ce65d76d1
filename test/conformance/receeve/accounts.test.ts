import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, world } from '../../world.ts'
import {
  accountOf,
  book,
  claim,
  claimOf,
  claimsOf,
  done,
  eventsDuring,
  invoice,
  linesOf,
  openAccount,
  parameterError,
  payment,
  refusedWith,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const nameless = {
  debtorReference: 'D',
  contactInformation: { country: 'DE' },
}

describe('debtors', () => {
  const rows: [string, Record<string, unknown>, boolean][] = [
    ['no names', {}, false],
    ['a last name only', { lastName: 'Byron' }, false],
    ['a natural person with a company name', { type: 'natural', companyName: 'Acme' }, false],
    ['a company without its name', { type: 'legal', firstName: 'Ada', lastName: 'Byron' }, false],
    ['a company', { type: 'legal', companyName: 'Acme' }, true],
    ['a natural person', { type: 'natural', firstName: 'Ada', lastName: 'Byron' }, true],
    ['names without a type', { firstName: 'Ada', lastName: 'Byron' }, true],
  ]
  test.each(rows)('D-15: %s', async (_what, names, isTaken) => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { debtors: [] })
    const debtor = { ...nameless, ...names }
    const added = await tenant.post('add_account_debtors', [{ accountReference: 'ACC', ...debtor }])
    expect(added.status).toBe(200)
    expect(added.body.ACC.success).toBe(isTaken)
    if (!isTaken)
      expect(added.body.ACC.messages[0]).toMatch(
        /^\[4000\] ParameterInputError: Invalid input: debtor D lacks /,
      )
    const created = await tenant.post('create_claims', { C: claim(5, { primaryDebtor: debtor }) })
    expect(created.body.C.success).toBe(isTaken)
  })

  test('D-15: a tenant may switch strictDebtorNames off', async () => {
    const tenant = await it.tenant('Lax', { strictDebtorNames: false })
    await openAccount(tenant, [], { debtors: [nameless] })
    expect((await accountOf(tenant)).debtors).toEqual([nameless])
  })

  test('D-17: unknown fields are ignored and never shown', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { debtors: [person('D', { shoeSize: 42 })], colour: 'red' })
    const account = await accountOf(tenant)
    expect(account).not.toHaveProperty('colour')
    expect(account.debtors).toEqual([person('D')])
    const body = { C: claim(5, { repaymentsHistory: [] }) }
    await done(tenant, { operation: 'create_claims', body, key: 'C' })
  })

  test('D-36: adding a known debtor or product answers 4002, updating an unknown one 4005 or 4006', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { products: [{ productReference: 'P' }] })
    const onAccount = (more: object) => [{ accountReference: 'ACC', ...more }]
    const rows: [string, object, number, string][] = [
      ['add_account_debtors', person('D'), 4002, 'Debtor already exists in the account'],
      [
        'add_account_products',
        { productReference: 'P' },
        4002,
        'Product already exists in the account',
      ],
      ['update_account_debtors', person('X'), 4005, 'Debtor not found'],
      ['update_account_products', { productReference: 'X' }, 4006, 'Product not found'],
    ]
    for (const [operation, more, code, text] of rows) {
      const answer = await tenant.post(operation, onAccount(more))
      expect(answer.body.ACC).toEqual(refusedWith(parameterError(code, text)))
    }
  })

  test('D-36: update merges fields, contact field by field, and replaces further contacts', async () => {
    const tenant = await it.tenant()
    const contactInformation = {
      country: 'DE',
      city: 'Bonn',
      additionalContactInformation: [{ email: 'a@x.de' }, { email: 'b@x.de' }],
    }
    await openAccount(tenant, [], { debtors: [person('D', { contactInformation, title: 'Dr' })] })
    const change = {
      accountReference: 'ACC',
      debtorReference: 'D',
      firstName: 'Augusta',
      contactInformation: { city: 'Ulm', additionalContactInformation: [{ email: 'c@x.de' }] },
    }
    await done(tenant, { operation: 'update_account_debtors', body: [change], key: 'ACC' })
    expect((await accountOf(tenant)).debtors).toEqual([
      {
        debtorReference: 'D',
        firstName: 'Augusta',
        lastName: 'Byron',
        title: 'Dr',
        contactInformation: {
          country: 'DE',
          city: 'Ulm',
          additionalContactInformation: [{ email: 'c@x.de' }],
        },
      },
    ])
  })

  test('D-37: an update reaches the copies on active claims that name the debtor, no others', async () => {
    const tenant = await it.tenant()
    await openAccount(
      tenant,
      [
        invoice('PAID', 100),
        payment('PAY', 100, 'PAID'),
        invoice('OPEN', 100),
        invoice('OTHER', 100, { context: { externalDebtorReference: 'E' } }),
      ],
      { debtors: [person('D'), person('E', { firstName: 'Eve' })] },
    )
    const events = await eventsDuring(it, tenant, () =>
      tenant.post('update_account_debtors', [
        { accountReference: 'ACC', debtorReference: 'D', firstName: 'Augusta' },
      ]),
    )
    const names = (await claimsOf(tenant)).map((one) => [
      one.claimReference,
      one.primaryDebtor.firstName,
    ])
    expect(names).toEqual([
      ['OPEN', 'Augusta'],
      ['OTHER', 'Eve'],
      ['PAID', 'Ada'],
    ])
    expect(events.map(({ type }) => type)).toEqual(['event.accountDebtor.updated'])
  })

  test('D-38: one debtor reference is one person over all accounts of a tenant', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const body = { B: { currency: 'USD', debtors: [person('D', { firstName: 'Augusta' })] } }
    await done(tenant, { operation: 'create_accounts', body, key: 'B' })
    expect((await accountOf(tenant)).debtors[0].firstName).toBe('Augusta')
    const found = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D')
    expect(found.body.map((one: Loose) => one.accountReference)).toEqual(['ACC', 'B'])
  })

  test('D-39: the accounts of a debtor come as one flat list, with active and resolved claims', async () => {
    const tenant = await it.tenant()
    await openAccount(
      tenant,
      [invoice('A', 100), invoice('B', 100), payment('PAY', 100, 'B'), invoice('C', 1)],
      { meta: { m: 1 }, paymentReference: 'PR', portfolioReference: 'PF' },
    )
    await tenant.call({ method: 'DELETE', url: '/q/v1/claims/C' })
    const { body } = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D')
    expect(body).toMatchObject([
      {
        accountReference: 'ACC',
        currency: 'EUR',
        meta: { m: 1 },
        paymentReference: 'PR',
        portfolioReference: 'PF',
        debtors: [person('D')],
        claims: [
          { claimReference: 'A', status: 'ACTIVE' },
          { claimReference: 'B', status: 'RESOLVED' },
        ],
      },
    ])
    expect(body[0].claims).toHaveLength(2)
  })
})

describe('account, products, scores and meta', () => {
  test('D-26: setting a score replaces the one of its type, and claims do not inherit it', async () => {
    const tenant = await it.tenant()
    const scores = [
      { type: 'INTERNAL', value: 'A' },
      { type: 'EXTERNAL', value: 'X' },
    ]
    await openAccount(tenant, [invoice('INV', 1)], { scores })
    const score = { type: 'INTERNAL', value: { points: 7 }, meta: { by: 'us' } }
    const body = [{ accountReference: 'ACC', ...score }]
    await done(tenant, { operation: 'set_account_scores', body, key: 'ACC' })
    const shown = (await accountOf(tenant)).scores
    expect(shown).toHaveLength(2)
    expect(shown).toEqual(expect.arrayContaining([scores[1], score]))
    expect(await claimOf(tenant, 'INV')).not.toHaveProperty('scores')
  })

  test('D-27: a managed claim takes the portfolio of its account', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('INV', 1)], { portfolioReference: 'PF' })
    expect((await claimOf(tenant, 'INV')).portfolioReference).toBe('PF')
  })

  test('D-28: meta merges key by key at the top and keeps null', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { meta: { a: { x: 1 }, b: 2, c: 3 } })
    const patch = { a: { y: 2 }, b: null }
    const body = { ACC: patch }
    const item = await done(tenant, { operation: 'update_account_meta', body, key: 'ACC' })
    expect(item.data).toEqual(patch)
    expect((await accountOf(tenant)).meta).toEqual({ a: { y: 2 }, b: null, c: 3 })
  })

  test('D-29: active claims follow the account meta, resolved ones keep theirs, own keys win', async () => {
    const tenant = await it.tenant()
    const entries = [
      invoice('OPEN', 100, { meta: { own: 'claim', shared: 'claim' } }),
      invoice('PAID', 100),
      payment('PAY', 100, 'PAID'),
    ]
    await openAccount(tenant, entries, { meta: { shared: 'account', old: 1 } })
    const events = await eventsDuring(it, tenant, () =>
      tenant.post('update_account_meta', { ACC: { old: 2, fresh: 3 } }),
    )
    expect((await claimOf(tenant, 'OPEN')).meta).toMatchObject({
      own: 'claim',
      shared: 'claim',
      old: 2,
      fresh: 3,
      accountReference: 'ACC',
      accountId: expect.any(String),
      __accountMetaFields__: ['old', 'fresh'],
    })
    const paid = (await claimOf(tenant, 'PAID')).meta
    expect(paid).toMatchObject({ shared: 'account', old: 1 })
    expect(paid).not.toHaveProperty('fresh')
    const told = events.filter(({ type }) => type === 'event.claimMeta.updated')
    expect(told.map(({ data }) => [data.claimRef, data.meta.old])).toEqual([['OPEN', 2]])
  })

  test('D-29: a claim that one request reopens and resolves again keeps the meta of that moment', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('I', 100), payment('P', 100, 'I')], { meta: { v: 1 } })
    await tenant.post('update_account_meta', { ACC: { v: 2 } })
    expect((await claimOf(tenant, 'I')).meta.v).toBe(1)
    const steps = [
      { ledgerEntryReference: 'I', amount: 50, reason: 'CHARGEBACK', meta: {} },
      { ledgerEntryReference: 'I', amount: 0, reason: 'PAYMENT', meta: {} },
    ].map((step) => ({ accountReference: 'ACC', ledgerEntries: [step] }))
    const answer = await tenant.post('update_account_ledger_entries_amounts', steps)
    expect(answer.body.ACC.success).toBe(true)
    await tenant.post('update_account_meta', { ACC: { v: 3 } })
    expect((await claimOf(tenant, 'I')).meta.v).toBe(2)
  })

  test('D-30: a failing part fails the whole account and its claims, others in the batch are opened', async () => {
    const tenant = await it.tenant()
    const twice = { currency: 'EUR', debtors: [person('D'), person('D')] }
    const lost = {
      currency: 'EUR',
      debtors: [person('D')],
      ledgerEntries: [invoice('I-1', 1), payment('P', 1, 'GONE')],
    }
    const good = { currency: 'EUR', debtors: [person('G')], ledgerEntries: [invoice('I-1', 1)] }
    const answer = await tenant.post('create_accounts', { TWICE: twice, LOST: lost, GOOD: good })
    expect(answer.body.TWICE.messages).toEqual([
      'Error creating the Account TWICE: [4002] ParameterInputError: Debtor already exists in the account',
    ])
    expect(answer.body.LOST.messages).toEqual([
      'Error creating the Account LOST: [4008] ParameterInputError: Ledger entry not found',
    ])
    expect(await linesOf(tenant, 'GOOD')).toEqual(['I-1 ACTIVE 1+0'])
    expect((await tenant.get('get_account', 'accountReference=LOST')).status).toBe(400)
    expect((await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D')).body).toEqual(
      [],
    )
  })
})

describe('accounts that claims open', () => {
  test("D-32: claims without an account share the debtor's account of their currency", async () => {
    const tenant = await it.tenant()
    await tenant.post('create_claims', {
      A: claim(1),
      B: claim(2),
      U: claim(3, { currency: 'USD' }),
    })
    expect(await linesOf(tenant, 'D')).toEqual(['A ACTIVE 1+0', 'B ACTIVE 2+0'])
    await tenant.post('create_claims', { C: claim(4), V: claim(5, { currency: 'USD' }) })
    expect(await linesOf(tenant, 'D')).toHaveLength(3)
    const { body } = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D')
    const usd = body.find((one: Loose) => one.currency === 'USD')
    expect(usd.claims.map((one: Loose) => one.claimReference)).toEqual(['U', 'V'])
    expect(body).toHaveLength(2)
  })

  test('D-32: an unrelated account of that name is left alone', async () => {
    const tenant = await it.tenant()
    const body = { D: { currency: 'EUR' } }
    await done(tenant, { operation: 'create_accounts', body, key: 'D' })
    await done(tenant, { operation: 'create_claims', body: { A: claim(1) }, key: 'A' })
    expect(await claimsOf(tenant, 'D')).toEqual([])
    const found = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=D')
    expect(found.body[0].accountReference).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('D-33: an unknown account is opened where debtor and currency are given, else 4004', async () => {
    const tenant = await it.tenant()
    const { currency: _c, primaryDebtor: _d, ...bare } = claim(1)
    const answer = await tenant.post('create_claims', {
      A: claim(1, { accountReference: 'NEW' }),
      B: { ...bare, accountReference: 'NEW' },
      C: { ...bare, accountReference: 'OTHER' },
    })
    expect(await linesOf(tenant, 'NEW')).toEqual(['A ACTIVE 1+0', 'B ACTIVE 1+0'])
    expect(answer.body.C).toEqual(refusedWith(parameterError(4004, 'Account not found')))
    expect((await accountOf(tenant, 'NEW')).currency).toBe('EUR')
  })

  test("D-77: a claim's debtor data is its own copy and reaches the debtor's record", async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [invoice('OLD', 1)])
    const moved = person('D', { contactInformation: { country: 'FR', city: 'Lyon' } })
    const unknown = person('E')
    await tenant.post('create_claims', {
      NEW: claim(1, { accountReference: 'ACC', primaryDebtor: moved }),
      E: claim(1, { accountReference: 'ACC', primaryDebtor: unknown }),
    })
    expect((await claimOf(tenant, 'OLD')).primaryDebtor).toEqual(person('D'))
    expect((await claimOf(tenant, 'NEW')).primaryDebtor).toEqual(moved)
    const { debtors } = await accountOf(tenant)
    expect(debtors[0].contactInformation).toMatchObject({ country: 'FR', city: 'Lyon' })
    expect(debtors[1]).toEqual(unknown)
  })

  test('D-44: a debtor that comes with a claim makes the waiting invoices claims too', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant, [], { debtors: [] })
    await book(tenant, invoice('WAITS', 100))
    expect(await claimsOf(tenant)).toEqual([])
    await tenant.post('create_claims', { C: claim(5, { accountReference: 'ACC' }) })
    expect(await linesOf(tenant)).toEqual(['C ACTIVE 5+0', 'WAITS ACTIVE 100+0'])
  })
})
