import { afterAll, describe, expect, test, vi } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import {
  accountOf,
  adjustment,
  book,
  claim,
  claimOf,
  deleteClaim,
  eventsDuring,
  eventsOf,
  fee,
  invoice,
  openAccount,
  payment,
  polledEvents,
  type Loose,
} from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const today = '2026-03-10'
const total = 'event.accountAmountTotalFees.updated'
const eur = { currency: 'EUR', originator: 'CLIENT' }

async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openAccount(tenant, [invoice('I', 1_000)])
  await tenant.post('create_claims', { C: claim(500, { accountReference: 'ACC', totalFees: 50 }) })
  return tenant
}

describe('what each change tells', () => {
  const onAccount = (more: object) => [{ accountReference: 'ACC', ...more }]
  const changed = 'event.claimTotalAmount.updated'
  const added = 'event.accountLedgerEntries.added'
  const rows: [string, unknown, string[]][] = [
    ['create_accounts', { NEW: { currency: 'EUR' } }, []],
    [
      'create_accounts',
      { NEW: { currency: 'EUR', debtors: [person('N')], ledgerEntries: [invoice('N', 5)] } },
      [added, 'event.claim.created', total],
    ],
    [
      'update_account_meta',
      { ACC: { a: 1 } },
      [
        'event.accountMeta.set',
        'webhook.accountMeta.changed',
        'event.claimMeta.updated',
        'event.claimMeta.updated',
      ],
    ],
    ['add_account_ledger_entries', onAccount(payment('P', 5, 'I')), [added, changed, total]],
    ['add_account_ledger_entries', onAccount(payment('P', 5)), [added]],
    [
      'add_account_ledger_entries',
      onAccount(payment('P', 1_000, 'I')),
      [added, changed, 'event.claim.resolved', total],
    ],
    [
      'update_account_debtors',
      onAccount({ debtorReference: 'D', title: 'Dr' }),
      ['event.accountDebtor.updated'],
    ],
    ['set_account_scores', onAccount({ type: 'INTERNAL', value: 'A' }), []],
    ['create_claims', { X: claim(7) }, ['event.claim.created', total]],
    ['update_claims', { C: { amount: 400 } }, [changed, total]],
    ['update_claims', { C: { amount: 500, paymentReference: 'RF' } }, []],
    ['update_claims', { C: { meta: { a: 1 } } }, ['event.claimMeta.updated']],
    ['update_claims', { C: { amount: 0, totalFees: 0 } }, [changed, 'event.claim.resolved', total]],
    ['resolve_claims', [{ ref: 'C', reason: 'CLAIM_SOLD' }], ['event.claim.resolved']],
    ['credit_claims', { C: { amount: 5, ...eur } }, [changed, total]],
    ['credit_claims', { I: { amount: 5, ...eur } }, [added, changed, total]],
    ['debit_claims', { C: { amount: 5, ...eur } }, [changed, total]],
    ['create_claims', { C: claim(1) }, []],
  ]
  test.each(rows)('%s %j, D-40: the account total once', async (operation, body, types) => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () => tenant.post(operation, body))
    expect(events.map(({ type }) => type)).toEqual(types)
  })

  test('deleting a claim tells its totals and its end', async () => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, () => deleteClaim(tenant, 'C'))
    expect(events.map(({ type }) => type)).toEqual(['event.claim.deleted', total])
    expect(events[1]?.data).toMatchObject({ amount: 1_000, totalFees: 0, totalAmount: 1_000 })
  })

  test('deleting a managed claim tells what of its ledger is written off', async () => {
    const tenant = await prepared()
    await book(tenant, fee('F', 30, 'I'), payment('P', 400, 'I'))
    const events = await eventsDuring(it, tenant, () => deleteClaim(tenant, 'I'))
    expect(events.map(({ type }) => type)).toEqual([added, 'event.claim.deleted', total])
    const off = (reference: string, amount: number) => ({
      ledgerEntryReference: expect.any(String),
      adjustmentDetails: { amount, reason: 'CLAIM_DELETED', createdAt: it.now.getTime() },
      context: { ledgerEntryReference: reference },
    })
    expect(events[0]?.data).toEqual({
      accountReference: 'ACC',
      ledgerEntries: [off('I', -600), off('F', -30)],
    })
    expect((await accountOf(tenant)).ledgerEntries).toEqual(
      expect.arrayContaining(events[0]?.data['ledgerEntries']),
    )
  })

  test('deleting a managed claim that asks for nothing tells of no entries', async () => {
    const tenant = await prepared()
    await book(tenant, payment('P', 1_000, 'I'))
    const events = await eventsDuring(it, tenant, () => deleteClaim(tenant, 'I'))
    expect(events.map(({ type }) => type)).toEqual(['event.claim.deleted'])
  })
})

describe('payloads', () => {
  const names = {
    claimRef: 'C',
    receeveClaimRef: 'C-2026-01-15',
    accountReference: 'ACC',
    externalDebtorRef: 'D',
  }

  async function payloadOf(tenant: TestTenant, type: string) {
    const events = await eventsOf(it, tenant)
    return events.findLast((event) => event.type === type)?.data
  }

  test('claim.created has the amount without fees, the currency and the current due date', async () => {
    const tenant = await prepared()
    expect(await payloadOf(tenant, 'event.claim.created')).toEqual({
      ...names,
      amount: 500,
      currency: 'EUR',
      dueDate: '2026-01-20',
    })
  })

  test('accountAmountTotalFees.updated has the sums over all claims of the account', async () => {
    const tenant = await prepared()
    expect(await payloadOf(tenant, total)).toEqual({
      accountReference: 'ACC',
      amount: 1_500,
      totalFees: 50,
      totalAmount: 1_550,
    })
  })

  test('accountDebtor.updated has the debtor in the words of the webhooks', async () => {
    const tenant = await prepared()
    const change = { debtorReference: 'D', gender: 'F', birthday: '1815-12-10' }
    await tenant.post('update_account_debtors', [{ accountReference: 'ACC', ...change }])
    expect(await payloadOf(tenant, 'event.accountDebtor.updated')).toEqual({
      accountReference: 'ACC',
      externalDebtorRef: 'D',
      debtor: {
        externalDebtorRef: 'D',
        firstName: 'Ada',
        lastName: 'Byron',
        gender: 'F',
        birthday: '1815-12-10',
        contactInformation: { country: 'DE', email: 'ada@example.com' },
      },
    })
  })

  test('claim.resolved has the reason and what is left, claimTotalAmount.updated old and new', async () => {
    const tenant = await prepared()
    await tenant.post('debit_claims', { C: { amount: 5, ...eur } })
    expect(await payloadOf(tenant, 'event.claimTotalAmount.updated')).toMatchObject({
      ...names,
      oldAmount: 500,
      oldTotalFees: 50,
      oldTotalAmount: 550,
      amount: 505,
      totalFees: 50,
      totalAmount: 555,
      reason: 'DEBIT',
    })
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'FRAUDULENT' }])
    expect(await payloadOf(tenant, 'event.claim.resolved')).toEqual({
      ...names,
      reason: 'FRAUDULENT',
      amount: 505,
      totalFees: 50,
    })
  })

  test('meta events have the patch, what changed, and the whole meta of the claim', async () => {
    const tenant = await prepared()
    await tenant.post('update_account_meta', { ACC: { a: 1, b: 1 } })
    await tenant.post('update_account_meta', { ACC: { a: 2, b: 1 } })
    expect(await payloadOf(tenant, 'event.accountMeta.set')).toEqual({
      accountReference: 'ACC',
      meta: { a: 2, b: 1 },
    })
    expect(await payloadOf(tenant, 'webhook.accountMeta.changed')).toEqual({
      accountReference: 'ACC',
      changed: { a: { old: 1, new: 2 } },
    })
    expect(await payloadOf(tenant, 'event.claimMeta.updated')).toMatchObject({
      meta: { a: 2, b: 1 },
    })
  })

  test('accountLedgerEntries.added has the entries as get_account shows them', async () => {
    const tenant = await prepared()
    await book(tenant, fee('F', 5, 'I', { type: 'LATE' }))
    const shown = await tenant.get('get_account', 'accountReference=ACC')
    expect(await payloadOf(tenant, 'event.accountLedgerEntries.added')).toEqual({
      accountReference: 'ACC',
      ledgerEntries: [shown.body.ledgerEntries.at(-1)],
    })
  })
})

describe('D-103: entries that were to move a due date and are not booked', () => {
  const adding = 'event.accountLedgerEntriesAdding.failed'
  const moving = 'event.accountInvoiceLedgerEntriesDueDateUpdate.failed'
  const dueDate = '2026-09-30'
  const unknownTarget = '[4008] ParameterInputError: '

  const onAccount = (...entries: object[]) =>
    entries.map((entry) => ({ accountReference: 'ACC', ...entry }))

  /** The events of an async call that fails; its last one is the sign that all of it is over. */
  async function failuresOf(tenant: TestTenant, entries: object[]) {
    return eventsDuring(it, tenant, async () => {
      const before = (await eventsOf(it, tenant)).length
      const body = onAccount(...entries)
      const answer = await tenant.post('add_account_ledger_entries', body, '?async=true')
      expect(answer.body.ACC).toMatchObject({ success: true })
      await vi.waitFor(
        async () => expect((await eventsOf(it, tenant)).length).toBeGreaterThan(before),
        { timeout: 15_000, interval: 20 },
      )
    })
  }

  test('are told of together, and each invoice whose date stays once', async () => {
    const tenant = await prepared()
    await book(tenant, invoice('J', 500))
    const error = expect.stringContaining(unknownTarget)
    const events = await failuresOf(tenant, [
      adjustment('A1', 0, 'I', { dueDate }),
      adjustment('A2', -5, 'I', { dueDate }),
      adjustment('A3', 0, 'J', { dueDate }),
      payment('P', 1, 'NOPE'),
    ])
    expect(events.map(({ type, data }) => ({ type, data }))).toEqual([
      {
        type: adding,
        data: {
          accountReference: 'ACC',
          ledgerEntryReferences: ['A1', 'A2', 'A3', 'P'],
          error,
        },
      },
      ...['I', 'J'].map((ledgerEntryReference) => ({
        type: moving,
        data: { accountReference: 'ACC', ledgerEntryReference, error },
      })),
    ])
    expect(await claimOf(tenant, 'I')).toMatchObject({
      amount: 1_000,
      currentDueDate: '2026-01-31',
    })
  })

  test('say nothing of dates where none was to move', async () => {
    const tenant = await prepared()
    const events = await failuresOf(tenant, [
      adjustment('A1', 5, 'I'),
      adjustment('A2', 5, undefined, { dueDate }),
      invoice('J', 5, { dueDate }),
      payment('P', 1, 'NOPE'),
    ])
    expect(events.map(({ type }) => type)).toEqual([adding])
  })

  test('tell nothing where the answer of the call has told it', async () => {
    const tenant = await prepared()
    const events = await eventsDuring(it, tenant, async () => {
      const answer = await book(tenant, adjustment('A', 0, 'NOPE', { dueDate }))
      expect(answer.messages).toEqual([expect.stringContaining(unknownTarget)])
    })
    expect(events).toEqual([])
  })
})

describe('D-85: what stop_journeys says of a claim', () => {
  const stop = (tenant: TestTenant, more: object) =>
    tenant.post('stop_journeys', [{ ref: 'C', ...more }])
  const described = async (tenant: TestTenant, work: () => Promise<unknown>) => {
    const events = await eventsDuring(it, tenant, work)
    const about = events.filter(({ data }) => data.claimRef === 'C')
    return about.map(({ type, data }) => [type, data.description ?? data.text])
  }

  test('is told by the end of its journey', async () => {
    const tenant = await prepared()
    expect(await described(tenant, () => stop(tenant, { description: 'sold' }))).toEqual([
      ['event.strategy.stopped', 'sold'],
    ])
  })

  test('is told by a note where the journey was stopped before, and the claim is resolved', async () => {
    const tenant = await prepared()
    await stop(tenant, {})
    const more = { reason: 'CLAIM_SOLD', description: 'sold' }
    expect(await described(tenant, () => stop(tenant, more))).toEqual([
      ['event.note.created', 'sold'],
      ['event.claim.resolved', undefined],
    ])
  })

  test('is told by a note where the claim is resolved and no journey is on it', async () => {
    const tenant = await prepared()
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_PAID' }])
    const events = await eventsDuring(it, tenant, () => stop(tenant, { description: 'sold' }))
    expect(events.map(({ type }) => type)).toEqual(['event.note.created'])
    expect(events[0]?.data).toEqual({
      claimRef: 'C',
      receeveClaimRef: 'C-2026-01-15',
      accountReference: 'ACC',
      externalDebtorRef: 'D',
      noteId: expect.any(String),
      text: 'sold',
    })
    expect(await described(tenant, () => stop(tenant, {}))).toEqual([])
  })
})

describe('D-20: triggerName', () => {
  const query = '?triggerName=call-me'
  const fired = 'event.customClaimTrigger.executed'

  async function firedBy(tenant: TestTenant, work: () => Promise<unknown>) {
    const events = await eventsDuring(it, tenant, work)
    const triggers = events.filter(({ type }) => type === fired)
    for (const { data } of triggers) expect(data).toMatchObject({ triggerName: 'call-me' })
    for (const { data } of triggers) {
      const due = data.claimRef === 'I' ? '2026-01-31' : '2026-01-15'
      expect(data).toMatchObject({
        accountReference: 'ACC',
        receeveClaimRef: `${data.claimRef}-${due}`,
        externalDebtorRef: 'D',
      })
    }
    return triggers.map(({ data }) => String(data.claimRef)).toSorted((a, b) => (a < b ? -1 : 1))
  }

  const onAccount = (more: object) => [{ accountReference: 'ACC', ...more }]
  const fresh = claim(9, { accountReference: 'ACC' })
  const rows: [string, unknown, string[]][] = [
    ['update_claims', { C: { amount: 1 } }, ['C']],
    ['import_claims', { C: fresh }, ['C']],
    ['credit_claims', { C: { amount: 1, ...eur }, NOPE: { amount: 1, ...eur } }, ['C']],
    ['debit_claims', { C: { amount: 1, ...eur } }, ['C']],
    ['resolve_claims', [{ ref: 'C', reason: 'CLAIM_PAID' }], ['C']],
    ['create_claims', { N: fresh, C: fresh }, ['N']],
    ['update_account_meta', { ACC: { a: 1 } }, ['C', 'I']],
    ['set_account_scores', onAccount({ type: 'INTERNAL', value: 'x' }), ['C', 'I']],
    ['add_account_debtors', onAccount(person('E')), ['C', 'I']],
    ['add_account_products', onAccount({ productReference: 'P' }), ['C', 'I']],
    ['add_account_ledger_entries', onAccount(payment('P', 1, 'I')), ['C', 'I']],
    ['add_account_ledger_entries', onAccount(payment('P', 1, 'NOPE')), []],
  ]
  test.each(rows)('%s %j fires it for %j', async (operation, body, claims) => {
    const tenant = await prepared()
    expect(await firedBy(tenant, () => tenant.post(operation, body, query))).toEqual(claims)
  })

  test.each([
    ['get_account', 'accountReference=ACC', ['C']],
    ['get_account_claims', 'accountReference=ACC', ['C', 'I']],
    ['get_account_claims', 'accountReference=ACC&status=RESOLVED', ['I']],
    ['get_account_claims', 'accountReference=ACC&limit=1', ['C']],
    ['get_debtor_accounts_and_claims', 'debtorReference=D', ['C', 'I']],
    ['get_account_claims', 'accountReference=NOPE', []],
  ])('%s?%s fires it for what it read', async (operation, wanted, claims) => {
    const tenant = await prepared()
    await book(tenant, payment('P', 1_000, 'I'))
    const work = () => tenant.get(operation, `${wanted}&triggerName=call-me`)
    expect(await firedBy(tenant, work)).toEqual(claims)
    expect(await firedBy(tenant, () => tenant.get(operation, wanted))).toEqual([])
  })
})

describe('get_events', () => {
  test('D-21: carries minorVersion in the metadata of everything that the call told', async () => {
    const tenant = await it.tenant()
    await openAccount(tenant)
    const body = { C: claim(5, { accountReference: 'ACC' }) }
    await tenant.post('create_claims', body, '?minorVersion=7')
    const page = await polledEvents(tenant, {
      eventType: 'event.claim.created',
      date: today,
      count: 1,
    })
    expect(page.events[0].metadata).toMatchObject({ minorVersion: '7', originator: 'ClientAPI' })
    for (const { metadata } of await eventsOf(it, tenant))
      expect(metadata).toMatchObject({ minorVersion: '7' })
  })

  test.each(['event.claim.created', 'event.claim.created.v1'])(
    'D-100, D-102: takes %s and names its messages with .v1',
    async (eventType) => {
      const tenant = await prepared()
      const page = await polledEvents(tenant, { eventType, date: today, count: 2 })
      expect(page).toMatchObject({ limit: 1_000, page: 1, numberOfPages: 1 })
      expect(page.events[0]).toMatchObject({
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        timestamp: '2026-03-10T12:00:00.000Z',
        details: { messageType: 'event.claim.created.v1', claimRef: 'I' },
      })
      expect(page.events[1].details.claimRef).toBe('C')
    },
  )

  test('D-100: takes all published names, both spellings of plans, and has a page for nothing', async () => {
    const tenant = await it.tenant()
    const plans = ['created', 'failed', 'invalidated', 'resolved']
    const all = [
      'event.claim.created',
      'event.claimDebtPayment.processing',
      'event.debtorEmail.queued',
      'event.debtorEmail.delivered',
      'event.debtorSMS.queued',
      ...['created', 'invalidated', 'resolved', 'expired'].map((n) => `event.promiseToPay.${n}`),
      ...plans.flatMap((n) => [`event.instalmentsPlan.${n}`, `event.instalmentPlan.${n}.v1`]),
      ...['started', 'expired', 'invalidated', 'resolved'].map((n) => `event.instalment.${n}`),
    ]
    for (const eventType of all) {
      const answer = await tenant.get('get_events', `eventType=${eventType}&date=${today}`)
      expect([eventType, answer.status]).toEqual([eventType, 200])
      expect(answer.body).toEqual({ events: [], limit: 1_000, page: 1, numberOfPages: 1 })
    }
  })

  test.each([
    `eventType=event.claim.exploded&date=${today}`,
    `eventType=claim.created&date=${today}`,
    `eventType=event.claim.created`,
    `date=${today}`,
    'eventType=event.claim.created&date=2026-02-30',
    `eventType=event.claim.created&date=${today}&limit=0`,
    `eventType=event.claim.created&date=${today}&limit=10001`,
    `eventType=event.claim.created&date=${today}&page=0`,
  ])('D-100: refuses %s with 400', async (query) => {
    const tenant = await it.tenant()
    const answer = await tenant.get('get_events', query)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ success: false, message: expect.any(String) })
  })

  test.each(['2026-03-10', '2026-03-30', '2027-01-01'])(
    'D-100: a day begins at midnight UTC, here that of %s',
    async (day) => {
      const noon = it.now
      try {
        const midnight = Date.parse(`${day}T00:00:00.000Z`)
        it.now = new Date(midnight - 1)
        const tenant = await it.tenant()
        await tenant.post('create_claims', { BEFORE: claim(1) })
        it.now = new Date(midnight)
        await tenant.post('create_claims', { AFTER: claim(1) })
        const dayBefore = new Date(midnight - 1).toISOString().slice(0, 10)
        const wanted = { eventType: 'event.claim.created', count: 1 }
        const before = await polledEvents(tenant, { ...wanted, date: dayBefore })
        expect(before.events[0].details.claimRef).toBe('BEFORE')
        const after = await polledEvents(tenant, { ...wanted, date: day })
        expect(after.events[0].details.claimRef).toBe('AFTER')
      } finally {
        it.now = noon
      }
    },
  )

  test('D-100: events come oldest first, by pages', async () => {
    const tenant = await it.tenant()
    const keys = ['Z', 'Y', 'X']
    const noon = it.now
    try {
      for (const [index, key] of keys.entries()) {
        it.now = new Date(noon.getTime() + index)
        await tenant.post('create_claims', { [key]: claim(1) })
      }
    } finally {
      it.now = noon
    }
    const wanted = { eventType: 'event.claim.created', date: today }
    const all = await polledEvents(tenant, { ...wanted, count: 3 })
    expect(all.events.map((event: Loose) => event.details.claimRef)).toEqual(keys)
    const second = await polledEvents(tenant, { ...wanted, count: 1, more: '&limit=2&page=2' })
    expect(second).toMatchObject({ limit: 2, page: 2, numberOfPages: 2 })
    expect(second.events[0].details.claimRef).toBe('X')
    const beyond = await polledEvents(tenant, { ...wanted, count: 0, more: '&limit=2&page=3' })
    expect(beyond).toMatchObject({ page: 3, numberOfPages: 2 })
  })

  test("another tenant's events are not shown", async () => {
    const tenant = await prepared()
    await polledEvents(tenant, { eventType: 'event.claim.created', date: today, count: 2 })
    const other = await it.tenant()
    const answer = await other.get('get_events', `eventType=event.claim.created&date=${today}`)
    expect(answer.body.events).toEqual([])
  })
})
