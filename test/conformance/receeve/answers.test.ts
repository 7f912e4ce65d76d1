import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  claim,
  eventsOf,
  invoice,
  type Loose,
  openAccount,
  parameterError,
  payment,
  refusedWith,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const success = (...messages: string[]) => ({
  success: true,
  messages,
  messageIds: messages.map(() => expect.any(String)),
})

async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openAccount(tenant, [invoice('INV', 1_000)], { products: [{ productReference: 'P' }] })
  await tenant.post('create_claims', { C: claim(500, { accountReference: 'ACC' }) })
  return tenant
}

const onAccount = (more: object) => [{ accountReference: 'ACC', ...more }]

describe('every operation answers in the published words of §3.2', () => {
  const rows: [string, unknown, string, string[]][] = [
    ['create_accounts', { NEW: { currency: 'EUR' } }, 'NEW', ['Successfully created Account NEW']],
    ['update_account_meta', { ACC: { a: 1 } }, 'ACC', ['Successfully updated Account meta ACC']],
    [
      'add_account_ledger_entries',
      onAccount(payment('PAY', 1, 'INV')),
      'ACC',
      ['Successfully added Ledger Entries: PAY'],
    ],
    [
      'add_account_products',
      onAccount({ productReference: 'P2' }),
      'ACC',
      ['Successfully added Product P2'],
    ],
    [
      'update_account_products',
      onAccount({ productReference: 'P', name: 'x' }),
      'ACC',
      ['Successfully added Product P'],
    ],
    [
      'add_account_debtors',
      onAccount(person('E')),
      'ACC',
      ['Successfully updated debtors for account ACC'],
    ],
    [
      'update_account_debtors',
      onAccount({ debtorReference: 'D', title: 'Dr' }),
      'ACC',
      ['Successfully updated debtors for account ACC'],
    ],
    [
      'set_account_scores',
      onAccount({ type: 'BEHAVIORAL', value: null }),
      'ACC',
      ['Successfully set the score of BEHAVIORAL'],
    ],
    [
      'match_account_payment',
      onAccount({ currency: 'EUR', totalAmount: 5, matchStrategy: 'ORDERED_LEDGER_ENTRIES' }),
      'ACC',
      ['Successfully matched payment for account ACC'],
    ],
    [
      'update_account_ledger_entries_amounts',
      onAccount({
        ledgerEntries: [{ ledgerEntryReference: 'INV', amount: 9, reason: 'X', meta: {} }],
      }),
      'ACC',
      ['Successfully updated ledger entry amounts for account ACC'],
    ],
    ['create_claims', { N: claim(1) }, 'N', ['Successfully created claim N']],
    ['update_claims', { C: { totalFees: 5 } }, 'C', ['Successfully updated claim C']],
    ['import_claims', { C: claim(7) }, 'C', ['Successfully imported claim C']],
    [
      'credit_claims',
      { C: { amount: 5, currency: 'EUR', originator: 'DCA' } },
      'C',
      ['Successfully credited claim C'],
    ],
    [
      'debit_claims',
      { C: { amount: 5, currency: 'EUR', originator: 'CLIENT' } },
      'C',
      ['Successfully debited claim C'],
    ],
    [
      'resolve_claims',
      [{ ref: 'C', reason: 'FRAUDULENT' }],
      'C',
      ['Successfully processed action'],
    ],
  ]
  test.each(rows)('%s', async (...[operation, body, key, messages]) => {
    const tenant = await prepared()
    const answer = await tenant.post(operation, body)
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.body)).toEqual([key])
    expect(answer.body[key]).toMatchObject(success(...messages))
  })

  test('recreate_claims', async () => {
    const tenant = await prepared()
    await tenant.call({ method: 'DELETE', url: '/q/v1/claims/C' })
    const answer = await tenant.post('recreate_claims', { C: claim(9) })
    expect(answer.body.C).toMatchObject(success('Successfully recreated claim C'))
  })

  test('data echoes what was sent, in an array for array bodies, and resolve_claims has none (3.1.4)', async () => {
    const tenant = await prepared()
    const credit = { amount: 5, currency: 'EUR', originator: 'DCA', descriptionText: 'part' }
    const credited = await tenant.post('credit_claims', { C: credit })
    expect(credited.body.C.data).toEqual(credit)
    const product = { accountReference: 'ACC', productReference: 'P3' }
    const added = await tenant.post('add_account_products', [product])
    expect(added.body.ACC.data).toEqual([{ ...product, meta: {} }])
    const resolved = await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }])
    expect(resolved.body.C).not.toHaveProperty('data')
  })

  test('D-10: entries of one account are named together, and D-8: their data is one list', async () => {
    const tenant = await prepared()
    const entries = [payment('P-1', 1, 'INV'), payment('P-2', 2, 'INV')]
    const body = entries.map((entry) => ({ accountReference: 'ACC', ...entry }))
    const answer = await tenant.post('add_account_ledger_entries', body)
    expect(answer.body.ACC.messages).toEqual(['Successfully added Ledger Entries: P-1, P-2'])
    expect(answer.body.ACC.data).toEqual(body)
  })
})

describe('business refusals answer 200 for their item alone (§3.3)', () => {
  test('create_claims on an existing reference answers the published 4002, the others are created', async () => {
    const tenant = await prepared()
    const answer = await tenant.post('create_claims', {
      A: claim(1),
      C: claim(1),
      INV: claim(1),
      B: claim(1),
    })
    expect(answer.status).toBe(200)
    const refused = refusedWith(parameterError(4002, 'Claim already exists in the system'))
    expect(answer.body).toMatchObject({ A: { success: true }, B: { success: true } })
    expect(answer.body.C).toEqual(refused)
    expect(answer.body.INV).toEqual(refused)
  })

  test('D-14: update and import answer the published text, then the coded one', async () => {
    const tenant = await prepared()
    const updated = await tenant.post('update_claims', { NOPE: { amount: 1 }, C: { amount: 1 } })
    expect(updated.body.NOPE).toEqual(
      refusedWith(
        'Error processing message "cmd.claim.update.v1"',
        parameterError(4003, 'Claim not found'),
      ),
    )
    expect(updated.body.C.success).toBe(true)
    await tenant.call({ method: 'DELETE', url: '/q/v1/claims/C' })
    const imported = await tenant.post('import_claims', { C: claim(1) })
    expect(imported.body.C).toEqual(
      refusedWith(
        'Error processing message "cmd.claim.import.v1"',
        parameterError(4011, 'Claim is deleted'),
      ),
    )
  })

  const empty = { scores: [], debtors: [], products: [], ledgerEntries: [] }
  test('D-31: an account that exists answers 4002 with four empty lists', async () => {
    const tenant = await prepared()
    const answer = await tenant.post('create_accounts', {
      ACC: { currency: 'EUR' },
      B: { currency: 'EUR' },
    })
    expect(answer.body.ACC).toEqual({
      ...refusedWith(
        'Error creating the Account ACC: [4002] ParameterInputError: Account already exists in the system',
      ),
      data: empty,
    })
    expect(answer.body.B.success).toBe(true)
  })

  test('D-30: an entry that is named twice answers the published 4007 and leaves no account', async () => {
    const tenant = await prepared()
    const ledgerEntries = [invoice('X', 1), invoice('X', 1)]
    const answer = await tenant.post('create_accounts', { NEW: { currency: 'EUR', ledgerEntries } })
    expect(answer.body.NEW).toEqual({
      ...refusedWith('Error creating the Account NEW: [4007] t: Already defined ledger entry'),
      data: empty,
    })
    expect((await tenant.get('get_account', 'accountReference=NEW')).status).toBe(400)
  })

  test('D-13: unknown accounts answer 4004 in every account operation', async () => {
    const tenant = await prepared()
    const calls: [string, unknown][] = [
      ['update_account_meta', { NO: { a: 1 } }],
      ['add_account_ledger_entries', [{ accountReference: 'NO', ...invoice('I', 1) }]],
      ['add_account_products', [{ accountReference: 'NO', productReference: 'P' }]],
      ['update_account_products', [{ accountReference: 'NO', productReference: 'P' }]],
      ['add_account_debtors', [{ accountReference: 'NO', ...person('D') }]],
      ['update_account_debtors', [{ accountReference: 'NO', ...person('D') }]],
      ['set_account_scores', [{ accountReference: 'NO', type: 'INTERNAL', value: 'x' }]],
      [
        'update_account_ledger_entries_amounts',
        [
          {
            accountReference: 'NO',
            ledgerEntries: [{ ledgerEntryReference: 'I', amount: 1, reason: 'X', meta: {} }],
          },
        ],
      ],
    ]
    for (const [operation, body] of calls) {
      const answer = await tenant.post(operation, body)
      expect([operation, answer.body.NO]).toEqual([
        operation,
        refusedWith(parameterError(4004, 'Account not found')),
      ])
    }
  })

  test('D-13: unknown claims answer 4003 in credit, debit, resolve and recreate', async () => {
    const tenant = await prepared()
    const money = { amount: 1, currency: 'EUR', originator: 'DCA' }
    const calls: [string, unknown][] = [
      ['credit_claims', { NO: money }],
      ['debit_claims', { NO: money }],
      ['resolve_claims', [{ ref: 'NO', reason: 'CLAIM_PAID' }]],
      ['recreate_claims', { NO: claim(1) }],
    ]
    for (const [operation, body] of calls) {
      const answer = await tenant.post(operation, body)
      expect(answer.body.NO).toEqual(refusedWith(parameterError(4003, 'Claim not found')))
    }
  })
})

describe('schema errors fail the whole request with 400 in both published shapes (D-12)', () => {
  const without = (body: Record<string, unknown>, field: string) => {
    const { [field]: _gone, ...rest } = body
    return rest
  }
  const noCountry = claim(1, { primaryDebtor: { ...person('D'), contactInformation: {} } })
  const rows: [string, unknown, string][] = [
    [
      'create_claims',
      { X: without(claim(1), 'amount') },
      "body/['X'] should have required property 'amount'",
    ],
    [
      'create_claims',
      { X: without(claim(1), 'currency') },
      "body/['X'] should have required property 'currency'",
    ],
    [
      'import_claims',
      { X: noCountry },
      "body/['X'].primaryDebtor.contactInformation should have required property 'country'",
    ],
    ['create_accounts', { X: {} }, "body/['X'] should have required property 'currency'"],
    [
      'create_accounts',
      { X: { currency: 'EUR', debtors: [person('D'), without(person('E'), 'debtorReference')] } },
      "body/['X'].debtors[1] should have required property 'debtorReference'",
    ],
    [
      'create_accounts',
      { 4711: { paymentReference: 'x' } },
      "body/['4711'] should have required property 'currency'",
    ],
    [
      'match_account_payment',
      [{ accountReference: 'ACC', currency: 'EUR', matchStrategy: 'ORDERED_LEDGER_ENTRIES' }],
      "body/[0] should have required property 'totalAmount'",
    ],
    [
      'add_account_debtors',
      [{ accountReference: 'ACC', debtorReference: 'E' }],
      "body/[0] should have required property 'contactInformation'",
    ],
    [
      'add_account_ledger_entries',
      onAccount({ ledgerEntryReference: 'I', invoiceDetails: { amount: 1 }, context: {} }),
      "body/[0].invoiceDetails should have required property 'dueDate'",
    ],
    ['resolve_claims', [{ ref: 'C' }], "body/[0] should have required property 'reason'"],
    [
      'credit_claims',
      { C: { amount: 1, currency: 'EUR' } },
      "body/['C'] should have required property 'originator'",
    ],
  ]
  test.each(rows)('%s %#: %s', async (operation, body, message) => {
    const tenant = await prepared()
    const answer = await tenant.post(operation, body)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ success: false, messageIds: [], message })
    expect(answer.body.messages[0]).toBe(message)
  })

  test('one bad item keeps every good one out (3.3.1)', async () => {
    const tenant = await prepared()
    const answer = await tenant.post('create_claims', { GOOD: claim(1), BAD: { amount: 1 } })
    expect(answer.status).toBe(400)
    const credited = await tenant.post('credit_claims', {
      GOOD: { amount: 1, currency: 'EUR', originator: 'DCA' },
    })
    expect(credited.body.GOOD.messages).toEqual([parameterError(4003, 'Claim not found')])
  })

  const wrongValues: [string, unknown][] = [
    ['create_claims', { X: claim(-1) }],
    ['create_claims', { X: claim(1.5) }],
    ['create_claims', { X: { ...claim(1), amount: '1' } }],
    ['create_claims', { X: claim(1, { currency: 'eur' }) }],
    ['create_claims', { X: claim(1, { originalDueDate: '2026-02-30' }) }],
    ['create_claims', { '': claim(1) }],
    ['create_claims', { X: claim(1, { primaryDebtor: person('D', { gender: 'X' }) }) }],
    ['update_claims', { C: {} }],
    ['resolve_claims', [{ ref: 'C', reason: 'BORED' }]],
    ['resolve_claims', [{ ref: '', reason: 'CLAIM_PAID' }]],
    ['set_account_scores', onAccount({ type: 'OTHER', value: 'x' })],
    ['add_account_ledger_entries', onAccount(invoice('I', 1, { extra: 1 }))],
    ['add_account_ledger_entries', onAccount({ ledgerEntryReference: 'I', context: {} })],
    ['add_account_ledger_entries', onAccount({ ...invoice('I', 1), ...payment('I', 1) })],
    [
      'match_account_payment',
      onAccount({
        currency: 'EUR',
        totalAmount: 1,
        matchStrategy: 'ORDERED_LEDGER_ENTRIES',
        context: { other: 1 },
      }),
    ],
  ]
  test.each(wrongValues)('%s refuses the value rules of 3.3.6: %j', async (operation, body) => {
    const tenant = await prepared()
    const answer = await tenant.post(operation, body)
    expect(answer.status).toBe(400)
    expect(answer.body.messages[0]).toMatch(/^body/)
    expect(answer.body.message).toBe(answer.body.messages[0])
  })

  test.each(['', '?async=true'])(
    '%s, the date of a credit or debit is any number, and kept to the millisecond (9.4)',
    async (query) => {
      const tenant = await it.tenant()
      await openAccount(tenant, [invoice('INV', 1_000)])
      const date = 1_647_526_514_000.1235
      const body = { INV: { amount: 10, currency: 'EUR', originator: 'DCA', date } }
      for (const operation of ['credit_claims', 'debit_claims']) {
        const answer = await tenant.post(operation, body, query)
        expect(answer.body.INV).toMatchObject({ success: true })
      }
      const dates = async () => {
        const { ledgerEntries } = (await tenant.get('get_account', 'accountReference=ACC')).body
        return (ledgerEntries as Loose[]).slice(1).map(({ paymentDetails, adjustmentDetails }) => {
          return (paymentDetails ?? adjustmentDetails).createdAt
        })
      }
      const whole = 1_647_526_514_000
      await expect.poll(dates, { timeout: 10_000 }).toEqual([whole, whole])
      const added = (await eventsOf(it, tenant)).filter(({ type }) => /Entries.added/.test(type))
      for (const { data } of added.slice(-2)) {
        const [{ paymentDetails, adjustmentDetails }] = data.ledgerEntries
        expect((paymentDetails ?? adjustmentDetails).createdAt).toBe(whole)
      }
      const wrong = { INV: { ...body.INV, date: -0.5 } }
      expect((await tenant.post('credit_claims', wrong)).status).toBe(400)
    },
  )

  test('text that is no JSON answers the published syntax error (3.3.2)', async () => {
    const tenant = await it.tenant()
    const answer = await tenant.post('create_claims', '{"A": {"amount": 1,}}')
    const message = 'SyntaxError: Unexpected token } in JSON at position 19'
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ success: false, messageIds: [], messages: [message], message })
  })

  test('D-34: an unknown account answers 400 on get_account and empty lists elsewhere', async () => {
    const tenant = await it.tenant()
    const message = parameterError(4004, 'Account not found')
    const answer = await tenant.get('get_account', 'accountReference=NO')
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ success: false, messageIds: [], messages: [message], message })
    const claims = await tenant.get('get_account_claims', 'accountReference=NO')
    expect([claims.status, claims.body]).toEqual([200, []])
    const accounts = await tenant.get('get_debtor_accounts_and_claims', 'debtorReference=NO')
    expect([accounts.status, accounts.body]).toEqual([200, []])
  })
})
