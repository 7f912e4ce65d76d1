import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { paymentWork } from '../../../src/checkout/index.ts'
import { createGateways } from '../../../src/gateways/index.ts'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  balanceOf,
  book,
  chargeback,
  claim,
  deleteClaim,
  done,
  eventsDuring,
  eventsOf,
  fee,
  invoice,
  linesOf,
  type Loose,
  openAccount,
  payment,
  reasonOf,
} from './given.ts'

const it = world()
const noon = it.now
let tenant: TestTenant
beforeEach(async () => {
  tenant = await prepared()
})
afterEach(() => {
  it.now = noon
})
afterAll(() => assertBooksBalance(it.database.ownerPool))

type Fields = Record<string, unknown>
const later = (ms: number) => {
  it.now = new Date(it.now.getTime() + ms)
}
const settledAfterMs = 5_000
const dayMs = 86_400_000

/** ACC with the managed claim INV of 1000 and its fee of 100, and the unmanaged claim C of 500 with fees of 50. */
async function prepared(isSandbox = false): Promise<TestTenant> {
  const made = await it.tenant('Acme', {}, isSandbox)
  await openAccount(made, [invoice('INV', 1_000), fee('FEE', 100, 'INV', { type: 'LATE' })])
  const fees = [{ name: 'interest', amount: 50 }]
  const body = { C: claim(500, { accountReference: 'ACC', fees }) }
  await done(made, { operation: 'create_claims', body, key: 'C' })
  return made
}

const returnUrl = 'https://portal.example/back?payment={paymentId}'
const send = (method: 'GET' | 'POST', url: string, body?: unknown, headers: Fields = {}) =>
  tenant.call({
    method,
    url: `/q/v1${url}`,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
const startWith = (claims: object[], more: Fields = {}) =>
  send('POST', '/payments', { claims, returnUrl, ...more })

interface Started {
  readonly paymentId: string
  readonly page: string
}

/** Opens a payment of these claims, `['INV', 600]`, and answers its id and the path of its page. */
async function started(...claims: [reference: string, amountMinor: number][]): Promise<Started> {
  const shares = claims.map(([reference, amountMinor]) => ({ reference, amountMinor }))
  const answer = await startWith(shares)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  const { paymentId, redirectUrl } = answer.body
  return { paymentId, page: new URL(redirectUrl).pathname }
}

const choose = (page: string, form: Record<string, string>) =>
  it.inject({
    method: 'POST',
    url: page,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(form).toString(),
  })
const instantCard = '5555555555554444'
const payAtOnce = (page: string) => choose(page, { outcome: 'pay', card: instantCard })

const refresh = async (paymentId: string) => {
  const answer = await send('POST', `/payments/${paymentId}/refresh`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}
const stateOf = async (paymentId: string) => {
  const answer = await send('GET', `/payments/${paymentId}`)
  return answer.body.state as string
}
const disputed = (paymentId: string) => send('POST', `/payments/${paymentId}/sandbox-dispute`)

const typesOf = (events: { type: string }[]) => events.map(({ type }) => type.replace('event.', ''))
const paymentTypes = (events: { type: string }[]) =>
  typesOf(events).filter((type) => /Payment/.test(type))

/** `payment 600 of INV`, one line for each entry of the account's ledger that is neither invoice nor fee. */
async function moneyOf(account = 'ACC'): Promise<string[]> {
  const { rows } = await it.database.ownerPool.query<{ line: string }>(
    `select e.kind || ' ' || e.amount_minor || ' of ' || coalesce(e.context ->> 'ledgerEntryReference', 'the account')
       as line
     from quittance.entry e join quittance.account a on a.tenant_id = e.tenant_id and a.account_id = e.account_id
     where e.tenant_id = $1 and a.reference = $2 and e.kind in ('payment', 'chargeback') order by e.seq`,
    [tenant.tenantId, account],
  )
  return rows.map(({ line }) => line)
}

/** Does all that is due, by itself or by the server's own round. */
async function untilState(paymentId: string, state: string): Promise<void> {
  const { services, bookkeeper, sealer } = it.assembly
  const { db, config, log, clock } = services
  const publicUrl = () => services.publicUrl()
  const nowOf = () => it.now
  const gateways = createGateways({ config, db, sealer, clock, nowOf, publicUrl })
  const work = paymentWork({ db, bookkeeper, gateways, nowOf, publicUrl, clock, log })
  expect(await work.nextDueAt(tenant.tenantId)).toBeInstanceOf(Date)
  // Days later the token of the tenant has run out.
  const round = async () => {
    await work.runDue(tenant.tenantId, new AbortController().signal)
    const { rows } = await it.database.ownerPool.query<{ state: string }>(
      'select state from quittance.portal_payment where payment_id = $1',
      [paymentId],
    )
    return rows[0]?.state
  }
  await expect.poll(round, { timeout: 20_000 }).toBe(state)
}

describe('a payment through the sandbox', () => {
  test('changes no balance while it is processing and books on the managed claim once it settled', async () => {
    const { paymentId, page } = await started(['INV', 600])
    const shown = await it.inject({ method: 'GET', url: page })
    expect(shown.status).toBe(200)
    expect(shown.body).toContain('6.00 EUR')
    const paid = await choose(page, { outcome: 'pay' })
    expect(paid.status).toBe(303)
    expect(paid.headers['location']).toBe(`https://portal.example/back?payment=${paymentId}`)
    expect(await stateOf(paymentId)).toBe('processing')
    expect(await linesOf(tenant)).toContain('INV ACTIVE 1000+100')

    later(settledAfterMs)
    const settled = await refresh(paymentId)
    expect(settled).toMatchObject({
      state: 'settled',
      amountMinor: 600,
      claims: [{ reference: 'INV', amountMinor: 600 }],
      history: [{ state: 'open' }, { state: 'processing' }, { state: 'settled' }],
    })
    // Fees first (D-79).
    expect(await linesOf(tenant)).toContain('INV ACTIVE 500+0')
    expect(await moneyOf()).toEqual(['payment 100 of FEE', 'payment 500 of INV'])
    const { ledgerEntries } = await accountOf(tenant)
    expect(ledgerEntries.at(-1)).toMatchObject({
      paymentDetails: {
        amount: 500,
        paymentProvider: 'SANDBOX',
        meta: { originator: 'CLIENT', trackingId: settled.trackingId, claimReference: 'INV' },
      },
      context: { ledgerEntryReference: 'INV' },
    })
  })

  test('tells of each state with the fields that the contract names', async () => {
    const events = await eventsDuring(it, tenant, async () => {
      const { paymentId, page } = await started(['INV', 600])
      await choose(page, { outcome: 'pay' })
      later(settledAfterMs)
      await refresh(paymentId)
      await refresh(paymentId)
    })
    const told = events.filter(({ type }) => /Payment/.test(type))
    expect(typesOf(told)).toEqual([
      'landingPagePaymentInit.succeeded',
      'landingPagePayment.succeeded',
      'claimDebtPayment.processing',
      'claimDebtPayment.settled',
    ])
    const fields = {
      claimRef: 'INV',
      receeveClaimRef: 'INV-2026-01-31',
      accountReference: 'ACC',
      externalDebtorRef: 'D',
      providerName: 'SANDBOX',
      amount: 600,
      currency: 'EUR',
      trackingId: expect.stringMatching(/^pay_/),
      paymentId: expect.any(String),
    }
    expect(told[2]?.data).toEqual(fields)
    expect(told[3]?.data).toEqual(fields)
  })

  test('credits an unmanaged claim, with CLIENT as the originator, and resolves it', async () => {
    const { page } = await started(['C', 550])
    const events = await eventsDuring(it, tenant, () => payAtOnce(page))
    expect(await reasonOf(it, tenant, 'C')).toEqual({ status: 'RESOLVED', reason: 'CLAIM_PAID' })
    const updated = events.find(({ type }) => type === 'event.claimTotalAmount.updated')
    expect(updated?.data).toMatchObject({ claimRef: 'C', reason: 'PAYMENT', originator: 'CLIENT' })
    const { ledgerEntries } = await accountOf(tenant)
    expect(ledgerEntries).toHaveLength(2)
  })

  test('pays several claims of several accounts together and tells of them once', async () => {
    const body = { OTHER: claim(300, { primaryDebtor: person('E') }) }
    await done(tenant, { operation: 'create_claims', body, key: 'OTHER' })
    const { paymentId, page } = await started(['INV', 1_100], ['OTHER', 100], ['C', 50])
    const events = await eventsDuring(it, tenant, async () => {
      await choose(page, { outcome: 'pay' })
      later(settledAfterMs)
      await refresh(paymentId)
    })
    expect((await linesOf(tenant)).toSorted()).toEqual(['C ACTIVE 500+0', 'INV RESOLVED 0+0'])
    expect(await linesOf(tenant, 'E')).toEqual(['OTHER ACTIVE 200+0'])
    const told = events.filter(({ type }) => type.includes('DebtPayment'))
    expect(typesOf(told)).toEqual([
      'multiClaimDebtPayment.processing',
      'multiClaimDebtPayment.settled',
    ])
    expect(told[1]?.data).toMatchObject({
      providerName: 'SANDBOX',
      amount: 1_250,
      currency: 'EUR',
      claims: [
        { claimRef: 'INV', amount: 1_100 },
        { claimRef: 'OTHER', amount: 100 },
        { claimRef: 'C', amount: 50 },
      ],
    })
  })

  test('leaves as credit of the account what the claim did not ask for any more when it settled', async () => {
    const { page } = await started(['INV', 1_100])
    await book(tenant, payment('PAID', 1_000, 'INV'))
    const events = await eventsDuring(it, tenant, () => payAtOnce(page))
    expect(await balanceOf(it, tenant)).toEqual({ balance: 550 - 1_000, credit: 1_000 })
    const updated = events.find(
      ({ type, data }) => type === 'event.claimTotalAmount.updated' && data.claimRef === 'INV',
    )
    expect(updated?.data).toMatchObject({ overpaidAmount: 1_000 })
  })

  test('leaves all of it as credit when the claim was deleted meanwhile', async () => {
    const { paymentId, page } = await started(['C', 500])
    await deleteClaim(tenant, 'C')
    await payAtOnce(page)
    expect(await stateOf(paymentId)).toBe('settled')
    expect(await balanceOf(it, tenant)).toMatchObject({ credit: 500 })
    await disputed(paymentId)
    expect(await stateOf(paymentId)).toBe('disputed')
    expect(await balanceOf(it, tenant)).toMatchObject({ credit: 0 })
  })

  test('pays a claim in the account that it was moved to, and asks for it there again', async () => {
    const { paymentId, page } = await started(['C', 550])
    await openAccountNamed('NEW')
    await done(tenant, {
      operation: 'update_claims',
      body: { C: { accountReference: 'NEW' } },
      key: 'C',
    })
    await payAtOnce(page)
    expect(await linesOf(tenant, 'NEW')).toEqual(['C RESOLVED 0+0'])
    await disputed(paymentId)
    expect(await linesOf(tenant, 'NEW')).toEqual(['C ACTIVE 500+50'])
  })
})

const openAccountNamed = (reference: string) =>
  done(tenant, {
    operation: 'create_accounts',
    body: { [reference]: { currency: 'EUR', debtors: [person('D')], ledgerEntries: [] } },
    key: reference,
  })

describe('a payment that comes to nothing', () => {
  test('is declined, changes no balance, and is told as failed', async () => {
    const { paymentId, page } = await started(['INV', 600])
    const events = await eventsDuring(it, tenant, () => choose(page, { outcome: 'decline' }))
    expect(await stateOf(paymentId)).toBe('declined')
    expect(typesOf(events)).toEqual(['landingPagePayment.failed', 'claimDebtPayment.declined'])
    expect(await moneyOf()).toEqual([])
  })

  test('is declined after it was processing by the card that does so', async () => {
    const { paymentId, page } = await started(['INV', 600])
    await choose(page, { outcome: 'pay', card: '4000 0000 0000 0341' })
    expect(await stateOf(paymentId)).toBe('processing')
    later(settledAfterMs)
    await untilState(paymentId, 'declined')
    const types = paymentTypes(await eventsOf(it, tenant))
    expect(types).toContain('claimDebtPayment.declined')
    expect(types).not.toContain('landingPagePayment.failed')
  })

  test('is canceled by who leaves, who comes back to the page for it', async () => {
    const { paymentId, page } = await started(['INV', 600])
    const left = await choose(page, { outcome: 'leave' })
    expect(left.status).toBe(303)
    expect(await stateOf(paymentId)).toBe('canceled')
    expect((await choose(page, { outcome: 'pay' })).status).toBe(409)
    expect(paymentTypes(await eventsOf(it, tenant))).toContain('landingPagePayment.interrupted')
  })

  test('is interrupted a day after it was left open, and can be paid no more', async () => {
    const { paymentId, page } = await started(['INV', 600])
    later(dayMs)
    await untilState(paymentId, 'interrupted')
    expect(paymentTypes(await eventsOf(it, tenant)).at(-1)).toBe('landingPagePayment.interrupted')
    expect((await choose(page, { outcome: 'pay' })).status).toBe(409)
    expect(await moneyOf()).toEqual([])
  })

  test('settles by itself when nobody came back to ask', async () => {
    const { paymentId, page } = await started(['INV', 600])
    await choose(page, { outcome: 'pay' })
    later(settledAfterMs)
    await untilState(paymentId, 'settled')
    expect(await moneyOf()).toEqual(['payment 100 of FEE', 'payment 500 of INV'])
  })
})

describe('a payment by a test clock', () => {
  test('settles and is disputed on the way, each at its own time', async () => {
    tenant = await prepared(true)
    const { paymentId, page } = await started(['INV', 600])
    const other = await started(['C', 550])
    await choose(page, { outcome: 'pay' })
    await choose(other.page, { outcome: 'pay', card: '4000000000000259' })
    const advanced = await send('POST', '/test-clock/advance', { hours: 12 })
    expect(advanced.status).toBe(200)
    const settled = (await send('GET', `/payments/${paymentId}`)).body
    expect(settled.history.at(-1)).toEqual({ state: 'settled', at: '2026-03-10T12:00:05.000Z' })
    await send('POST', '/test-clock/advance', { hours: 13 })
    const back = (await send('GET', `/payments/${other.paymentId}`)).body
    expect(back.history.at(-1)).toEqual({
      state: 'disputed',
      at: '2026-03-11T12:00:00.000Z',
      reason: 'payment_disputed',
    })
  })
})

describe('a payment that is disputed after it settled', () => {
  test('is charged back once, and its claims are asked for again', async () => {
    const { paymentId, page } = await started(['INV', 1_100], ['C', 550])
    await payAtOnce(page)
    expect((await linesOf(tenant)).toSorted()).toEqual(['C RESOLVED 0+0', 'INV RESOLVED 0+0'])
    const events = await eventsDuring(it, tenant, async () => {
      await disputed(paymentId)
      await disputed(paymentId)
      await refresh(paymentId)
    })
    expect(await stateOf(paymentId)).toBe('disputed')
    expect((await linesOf(tenant)).toSorted()).toEqual(['C ACTIVE 500+50', 'INV ACTIVE 1000+100'])
    expect((await moneyOf()).filter((line) => line.startsWith('chargeback'))).toHaveLength(4)
    expect(paymentTypes(events)).toEqual(['multiClaimDebtPayment.disputed'])
  })

  test('gives back the credit that it left before it asks a claim for anything', async () => {
    const { paymentId, page } = await started(['INV', 1_100])
    await book(tenant, payment('PAID', 1_000, 'INV'))
    await payAtOnce(page)
    await disputed(paymentId)
    expect(await balanceOf(it, tenant)).toEqual({ balance: 550 + 100, credit: 0 })
  })

  test('takes back no more than is left when somebody charged part of it back by hand', async () => {
    const { paymentId, page } = await started(['INV', 100])
    await payAtOnce(page)
    const { ledgerEntries } = await accountOf(tenant)
    await book(tenant, chargeback('BY-HAND', 40, ledgerEntries.at(-1).ledgerEntryReference))
    await disputed(paymentId)
    expect(await linesOf(tenant)).toContain('INV ACTIVE 1000+100')
  })

  test('is disputed by the card that does so a day later', async () => {
    const { paymentId, page } = await started(['INV', 600])
    await choose(page, { outcome: 'pay', card: '4000000000000259' })
    expect(await stateOf(paymentId)).toBe('settled')
    later(dayMs)
    await untilState(paymentId, 'disputed')
    it.now = noon
    expect(await linesOf(tenant)).toContain('INV ACTIVE 1000+100')
  })

  test('is refused as long as it has not settled', async () => {
    const { paymentId } = await started(['INV', 600])
    const answer = await disputed(paymentId)
    expect(answer).toMatchObject({ status: 409, body: { code: 'checkout_not_settled' } })
  })
})

describe('starting a payment', () => {
  const cases: [words: string, claims: object[], more: Fields, refusal: [number, string]][] = [
    [
      'more than a claim asks for',
      [{ reference: 'INV', amountMinor: 1_101 }],
      {},
      [409, 'amount_exceeds_owed'],
    ],
    ['an unknown claim', [{ reference: 'NONE', amountMinor: 1 }], {}, [404, 'claim_not_found']],
    [
      'a claim twice',
      [
        { reference: 'INV', amountMinor: 1 },
        { reference: 'INV', amountMinor: 2 },
      ],
      {},
      [400, 'claims_twice'],
    ],
    ['nothing', [{ reference: 'INV', amountMinor: 0 }], {}, [400, 'invalid_request']],
    [
      'an unknown provider',
      [{ reference: 'INV', amountMinor: 1 }],
      { provider: 'paypal' },
      [400, 'provider_not_offered'],
    ],
    [
      'a provider that is not set up',
      [{ reference: 'INV', amountMinor: 1 }],
      { provider: 'stripe' },
      [400, 'provider_not_offered'],
    ],
    [
      'a return to a script',
      [{ reference: 'INV', amountMinor: 1 }],
      { returnUrl: 'javascript:alert(1)' },
      [400, 'return_url_refused'],
    ],
    [
      'a return to another host in disguise',
      [{ reference: 'INV', amountMinor: 1 }],
      { returnUrl: '//evil.example' },
      [400, 'return_url_refused'],
    ],
  ]
  test.each(cases)('is refused for %s', async (_words, claims, more, [status, code]) => {
    expect(await startWith(claims, more)).toMatchObject({ status, body: { code } })
    expect((await send('GET', '/payments')).body.items).toEqual([])
  })

  test('is refused for a claim that asks for nothing, for another currency, and for another tenant’s', async () => {
    const body = { USD: claim(500, { currency: 'USD', primaryDebtor: person('U') }) }
    await done(tenant, { operation: 'create_claims', body, key: 'USD' })
    const mixed = await startWith([
      { reference: 'INV', amountMinor: 1 },
      { reference: 'USD', amountMinor: 1 },
    ])
    expect(mixed).toMatchObject({ status: 400, body: { code: 'currencies_differ' } })
    await deleteClaim(tenant, 'C')
    const gone = await startWith([{ reference: 'C', amountMinor: 1 }])
    expect(gone).toMatchObject({ status: 409, body: { code: 'claim_not_payable' } })
    tenant = await it.tenant('Other')
    const foreign = await startWith([{ reference: 'INV', amountMinor: 1 }])
    expect(foreign).toMatchObject({ status: 404, body: { code: 'claim_not_found' } })
  })

  test('counts what is processing already', async () => {
    const { page } = await started(['INV', 600])
    await choose(page, { outcome: 'pay' })
    const second = await startWith([{ reference: 'INV', amountMinor: 501 }])
    expect(second).toMatchObject({ status: 409, body: { code: 'amount_exceeds_owed' } })
    expect((await startWith([{ reference: 'INV', amountMinor: 500 }])).status).toBe(201)
  })

  test('opens one payment for one Idempotency-Key', async () => {
    const body = { claims: [{ reference: 'INV', amountMinor: 5 }], returnUrl: '/c/x' }
    const key = { 'idempotency-key': 'once' }
    const first = await send('POST', '/payments', body, key)
    const again = await send('POST', '/payments', body, key)
    expect(again.body).toEqual(first.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect((await send('GET', '/payments')).body.items).toHaveLength(1)
  })
})

describe('the payments of a tenant', () => {
  test('are listed by claim, the newest first, page by page, and to nobody else', async () => {
    const first = await started(['INV', 1])
    const second = await started(['INV', 2], ['C', 3])
    const third = await started(['C', 4])
    const idsOf = (answer: Loose) => answer.body.items.map(({ id }: { id: string }) => id)
    expect(idsOf(await send('GET', '/payments?claim=INV'))).toEqual([
      second.paymentId,
      first.paymentId,
    ])
    const page = await send('GET', '/payments?limit=2')
    expect(idsOf(page)).toEqual([third.paymentId, second.paymentId])
    const rest = await send('GET', `/payments?limit=2&cursor=${page.body.nextCursor}`)
    expect(idsOf(rest)).toEqual([first.paymentId])
    expect(rest.body.nextCursor).toBeNull()
    expect(await send('GET', '/payments?cursor=x')).toMatchObject({ status: 400 })
    tenant = await it.tenant('Other')
    expect(idsOf(await send('GET', '/payments'))).toEqual([])
    for (const path of ['', '/refresh', '/sandbox-dispute']) {
      const method = path === '' ? 'GET' : 'POST'
      const answer = await send(method, `/payments/${first.paymentId}${path}`)
      expect(answer).toMatchObject({ status: 404, body: { code: 'payment_not_found' } })
    }
  })
})

describe('the page of the sandbox', () => {
  test('shows what it is told as text, and runs nothing', async () => {
    const answer = await startWith([{ reference: 'INV', amountMinor: 5 }], {
      description: '<script>alert(1)</script>',
    })
    const shown = await it.inject({ method: 'GET', url: new URL(answer.body.redirectUrl).pathname })
    expect(shown.body).toContain('&lt;script&gt;')
    expect(shown.body).not.toContain('<script')
    expect(shown.headers['content-security-policy']).toContain(`default-src 'none'`)
  })

  test('says what is wrong with a card number it does not know, and stays open', async () => {
    const { paymentId, page } = await started(['INV', 5])
    for (const card of ['4111', 'constructor', '__proto__', 'toString']) {
      const answer = await choose(page, { outcome: 'pay', card })
      expect({ card, status: answer.status }).toEqual({ card, status: 400 })
      expect(answer.body).toContain('role="alert"')
    }
    expect(await stateOf(paymentId)).toBe('open')
  })

  test('is not found for an address that nobody was given', async () => {
    const { page } = await started(['INV', 5])
    for (const url of [
      `${page.slice(0, -3)}xyz`,
      '/sandbox-pay/x',
      `/sandbox-pay/${'y'.repeat(300)}`,
    ]) {
      expect((await it.inject({ method: 'GET', url })).status, url).toBe(404)
      expect((await payAtOnce(url)).status, url).toBe(404)
    }
  })
})

describe('a card on file at the sandbox', () => {
  const charge = async (cardReference: string, idempotencyKey = 'key') => {
    const { services, sealer } = it.assembly
    const { db, config, clock } = services
    const publicUrl = () => services.publicUrl()
    const gateways = createGateways({ config, db, sealer, clock, nowOf: () => it.now, publicUrl })
    const provider = await gateways.provider(tenant.tenantId)
    return provider.chargeCard?.({
      amountMinor: 500,
      currency: 'EUR',
      cardReference,
      idempotencyKey,
      description: 'Bill',
    })
  }

  test('is charged once for one key, and declined where its reference says so', async () => {
    const first = await charge('card_1')
    expect(first).toMatchObject({
      status: 'succeeded',
      provider: 'SANDBOX',
      chargeReference: expect.stringMatching(/^ch_/),
    })
    expect(await charge('card_1')).toEqual(first)
    expect(await charge('card_declined_2')).toEqual({ status: 'declined', reason: 'card_declined' })
    await expect(charge('card_3')).rejects.toMatchObject({ code: 'key_reused' })
  })
})
