import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { type Answer, person, type TestTenant, world } from '../../world.ts'

const it = world()

type Fields = Record<string, any>

interface Merchant {
  call(name: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<Fields>>
}

const native = (tenant: TestTenant, url: string, payload?: Fields) =>
  tenant.call({
    method: payload ? 'POST' : 'GET',
    url: `/q/v1/payofin/${url}`,
    ...(payload ? { payload } : {}),
  })

function merchantOf(keys: { apiKey: string; secretKey: string }): Merchant {
  return {
    call: (name, body, headers = {}) =>
      it.inject({
        method: body === undefined ? 'GET' : 'POST',
        url: `/invoices/${name}`,
        headers: {
          apikey: keys.apiKey,
          secretkey: keys.secretKey,
          'content-type': 'application/json',
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  }
}

/** A tenant whose merchant has a float, and an account with two invoices, the first of 100.00 with a fee of 5.00. */
async function prepared(settings: { topUp?: string; institution?: Fields } = {}) {
  const tenant = await it.tenant('Su İdaresi')
  const merchant = merchantOf(tenant.payofin)
  await merchant.call('sootlist')
  if (settings.institution) {
    await tenant.call({
      method: 'PATCH',
      url: '/q/v1/payofin/institutions/1',
      payload: settings.institution,
    })
  }
  const topUp = settings.topUp ?? '1000.00'
  if (topUp !== '0') {
    const raised = await native(tenant, `merchants/${tenant.payofin.merchantId}/top-ups`, {
      amount: topUp,
    })
    expect(raised.status).toBe(201)
  }
  await tenant.post('create_accounts', {
    'ABONE-1': {
      currency: 'TRY',
      debtors: [person('D', { firstName: 'Ayşe', lastName: 'Yılmaz' })],
      ledgerEntries: [
        invoice('FAT-1', 10_000, '2026-03-20'),
        {
          ledgerEntryReference: 'FEE-1',
          feeDetails: { amount: 500 },
          context: { ledgerEntryReference: 'FAT-1' },
        },
        invoice('FAT-2', 2_500, '2026-04-05'),
      ],
    },
  })
  return { tenant, merchant }
}

const invoice = (reference: string, amount: number, dueDate: string) => ({
  ledgerEntryReference: reference,
  invoiceDetails: { amount, dueDate },
  context: {},
})

const ask = { sootCode: 1, subscriberNo: 'ABONE-1', additionalNo: '', firmRefNo: '2021081617570' }

async function debtsOf(merchant: Merchant, query: Fields = ask): Promise<Fields[]> {
  const { body } = await merchant.call('invoicequery', query)
  expect(body).toMatchObject({ result: true, resultCode: 1, resultMessage: 'İşlem Başarılı' })
  return body['invoiceList']
}

/** A claim as the Receeve door shows it, with its total. */
async function claimOf(tenant: TestTenant, reference: string): Promise<Fields> {
  const { body } = await tenant.get('get_account_claims', 'accountReference=ABONE-1')
  const claim = (body as Fields[]).find(({ claimReference }) => claimReference === reference)
  return { ...claim, total: claim?.['amount'] + claim?.['totalFees'] }
}

async function code(merchant: Merchant, name: string, body: unknown): Promise<number> {
  const answer = await merchant.call(name, body)
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({ result: false, resultMessage: expect.stringMatching(/\S/) })
  return answer.body['resultCode']
}

describe('invoicequery and invoicepayment', () => {
  test('show what is owed and collect it once, in the shape of the seed', async () => {
    const { tenant, merchant } = await prepared()
    const debts = await debtsOf(merchant)
    expect(debts).toEqual([
      {
        invoiceQueryId: expect.any(Number),
        subscriberNo: 'ABONE-1',
        customerName: 'Ayşe Yılmaz',
        invoiceNo: 'FAT-1',
        expDate: '20.03.2026',
        invoiceAmount: 105,
        merchantProfit: 0,
      },
      expect.objectContaining({ invoiceNo: 'FAT-2', expDate: '5.04.2026', invoiceAmount: 25 }),
    ])
    const paid = await merchant.call('invoicepayment', {
      invoiceQueryId: debts[0]?.['invoiceQueryId'],
    })
    expect(paid.body).toEqual({
      payofinPaymentDetails: {
        invoicePaymentId: expect.any(Number),
        balance: 895,
        paymentAmount: 105,
        profit: 0,
        paymentDate: '10.03.2026 15:00:00',
      },
      result: true,
      resultCode: 1,
      resultMessage: 'İşlem Başarılı',
    })
    expect(Object.keys(paid.body)).toEqual([
      'payofinPaymentDetails',
      'result',
      'resultCode',
      'resultMessage',
    ])
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({
      status: 'RESOLVED',
      total: 0,
    })
    expect(
      await code(merchant, 'invoicepayment', { invoiceQueryId: debts[0]?.['invoiceQueryId'] }),
    ).toBe(-10)
    expect(await debtsOf(merchant)).toHaveLength(1)
    await assertBooksBalance(it.database.ownerPool)
  })

  const seed = path.join(import.meta.dirname, '../../../../shared/seeds/003_3ca9bf9d59e293d5.txt')
  const seedText = (() => {
    try {
      return readFileSync(seed, 'utf8')
    } catch {
      return undefined
    }
  })()
  test.skipIf(seedText === undefined)(
    'answer the sample of the seed, sent as it is printed',
    async () => {
      const { merchant } = await prepared({ institution: { profitMinor: 50 } })
      const [debt] = await debtsOf(merchant)
      const [, requestText = '', answerText = ''] = (seedText ?? '').split(
        /Re(?:quest|sponse) Sample/,
      )
      const request = /\{[^}]*\}/.exec(requestText)?.[0] ?? ''
      expect(request).toContain('615209')
      const answer = await merchant.call(
        'invoicepayment',
        request.replace('615209', String(debt?.['invoiceQueryId'])),
      )
      const sample = JSON.parse(answerText.trim()) as Fields
      const shape = (fields: Fields): unknown =>
        Object.entries(fields).map(([name, value]) => [
          name,
          typeof value === 'object' ? shape(value) : typeof value,
        ])
      expect(shape(answer.body)).toEqual(shape(sample))
      const { payofinPaymentDetails: paid, ...verdict } = answer.body
      const { payofinPaymentDetails: published, ...publishedVerdict } = sample
      expect(verdict).toEqual(publishedVerdict)
      expect(paid).toMatchObject({
        paymentAmount: published.paymentAmount,
        profit: published.profit,
      })
    },
  )

  test('take a part in whole lira where the institution lets them, and ask for a new query for the rest', async () => {
    const { tenant, merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const part = await merchant.call('invoicepayment', {
      InvoiceQueryId: debt?.['invoiceQueryId'],
      PartialAmount: 30.0,
    })
    expect(part.body).toMatchObject({
      resultCode: 1,
      payofinPaymentDetails: { paymentAmount: 30, balance: 970 },
    })
    expect(
      await code(merchant, 'invoicepayment', {
        invoiceQueryId: debt?.['invoiceQueryId'],
        partialAmount: 1,
      }),
    ).toBe(-10)
    expect((await debtsOf(merchant))[0]).toMatchObject({ invoiceNo: 'FAT-1', invoiceAmount: 75 })
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({ status: 'ACTIVE', total: 7_500 })
  })

  test('take an unmanaged claim as well as an invoice, and never more than is owed', async () => {
    const { tenant, merchant } = await prepared()
    await tenant.post('create_claims', {
      KREDI: {
        amount: 4_000,
        currency: 'TRY',
        originalDueDate: '2026-01-15',
        currentDueDate: '2026-01-15',
        totalFees: 0,
        accountReference: 'ABONE-1',
        primaryDebtor: person('D'),
      },
    })
    const debt = (await debtsOf(merchant)).find(({ invoiceNo }) => invoiceNo === 'KREDI')
    await tenant.post('credit_claims', {
      KREDI: { amount: 1_000, currency: 'TRY', originator: 'CLIENT' },
    })
    expect(
      await code(merchant, 'invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] }),
    ).toBe(-10)
    const again = (await debtsOf(merchant)).find(({ invoiceNo }) => invoiceNo === 'KREDI')
    const paid = await merchant.call('invoicepayment', {
      invoiceQueryId: again?.['invoiceQueryId'],
    })
    expect(paid.body['payofinPaymentDetails']).toMatchObject({ paymentAmount: 30 })
    expect(await claimOf(tenant, 'KREDI')).toMatchObject({ status: 'RESOLVED' })
  })
})

describe('the result codes of §7', () => {
  test('name what is wrong with a query', async () => {
    const { tenant, merchant } = await prepared()
    const query = (change: Fields) => code(merchant, 'invoicequery', { ...ask, ...change })
    expect(await query({ subscriberNo: 'NOBODY' })).toBe(-1)
    expect(await query({ sootCode: 77 })).toBe(-17)
    expect(await query({ sootCode: 'water' })).toBe(-17)
    expect(await query({ subscriberNo: '' })).toBe(-14)
    expect(await query({ subscriberNo: 5 })).toBe(-14)
    expect(await query({ firmRefNo: undefined })).toBe(-15)
    expect(await query({ firmRefNo: '1234567890123456' })).toBe(-15)
    const set = (payload: Fields) =>
      tenant.call({ method: 'PATCH', url: '/q/v1/payofin/institutions/1', payload })
    await set({ isAdditionalRequired: true })
    expect(await query({})).toBe(-16)
    await set({ isAdditionalRequired: false, mask: '9999999999' })
    expect(await query({})).toBe(-14)
    await set({ mask: '', numberKind: 'nationalId' })
    expect(await query({ subscriberNo: '12345678901' })).toBe(-12)
    expect(await query({ subscriberNo: '10000000146' })).toBe(-1)
    await set({ numberKind: 'taxNumber' })
    expect(await query({ subscriberNo: '1234567891' })).toBe(-12)
    expect(await query({ subscriberNo: '1234567890' })).toBe(-1)
    await set({ numberKind: 'any', opensAt: 16 * 60, closesAt: 18 * 60 })
    expect(await query({})).toBe(-3)
    await set({ opensAt: 15 * 60, closesAt: 18 * 60 })
    await debtsOf(merchant)
    await set({ holidays: ['2026-03-10'] })
    expect(await query({})).toBe(-4)
    await set({ holidays: [], isActive: false })
    expect(await query({})).toBe(-17)
  })

  test('name who may not ask, see or collect', async () => {
    const { tenant, merchant } = await prepared()
    const wrong = merchantOf({ ...tenant.payofin, secretKey: 'no' })
    expect(await code(wrong, 'invoicequery', ask)).toBe(-22)
    expect(await code(merchantOf({ apiKey: 'no', secretKey: 'no' }), 'invoicecheck', {})).toBe(-22)
    const url = `/q/v1/payofin/merchants/${tenant.payofin.merchantId}`
    const set = (payload: Fields) => tenant.call({ method: 'PATCH', url, payload })
    await set({ addresses: ['10.0.0.0/8', '2001:db8::1'] })
    expect(await code(merchant, 'invoicequery', ask)).toBe(-7)
    await set({ addresses: ['127.0.0.1'] })
    await debtsOf(merchant)
    await set({ sootCodes: [5] })
    expect(await code(merchant, 'invoicequery', ask)).toBe(-7)
    expect((await merchant.call('sootlist')).body).toMatchObject({ resultCode: -23 })
    await set({ sootCodes: null, isActive: false })
    expect(await code(merchant, 'invoicequery', ask)).toBe(-7)
    expect((await set({ addresses: ['nowhere'] })).status).toBe(400)
    await set({ isActive: true })
    await tenant.post('update_account_meta', { 'ABONE-1': { payAtDesk: true } })
    expect(await code(merchant, 'invoicequery', ask)).toBe(-25)
  })

  test('say that a debt is with an agency (-13), and that nothing can be reached now (-6)', async () => {
    const { tenant, merchant } = await prepared()
    const agency = await tenant.call({
      method: 'POST',
      url: '/q/v1/agencies',
      payload: { name: 'Fair' },
    })
    expect(agency.status).toBe(201)
    for (const claim of ['FAT-1', 'FAT-2']) {
      expect((await debtsOf(merchant)).length).toBeGreaterThan(0)
      const url = `/q/v1/claims/${claim}/placement`
      const placed = await tenant.call({ method: 'POST', url, payload: { agency: 'Fair' } })
      expect(placed.status).toBeLessThan(300)
    }
    expect(await code(merchant, 'invoicequery', ask)).toBe(-13)
    await tenant.call({
      method: 'PATCH',
      url: '/q/v1/tenant',
      payload: { settings: { rateLimitPerSecond: 1 } },
    })
    const answers = [
      await merchant.call('invoicequery', ask),
      await merchant.call('invoicequery', ask),
    ]
    const limited = answers.find(({ status }) => status === 429)
    expect(limited).toMatchObject({ body: { result: false, resultCode: -6 } })
    expect(Number(limited?.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('come in the order of §9 when a payment has several faults', async () => {
    const { tenant, merchant } = await prepared({ topUp: '50.00' })
    const pay = (body: Fields) => code(merchant, 'invoicepayment', body)
    const [first, second] = await debtsOf(merchant)
    const id = first?.['invoiceQueryId']
    expect(await pay({ partialAmount: 'x' })).toBe(-21)
    expect(await pay({ invoiceQueryId: '' })).toBe(-21)
    expect(await pay({ invoiceQueryId: 999_999_999, partialAmount: 'x' })).toBe(-19)
    for (const partialAmount of [0, -1, 1.5, '30', true])
      expect(await pay({ invoiceQueryId: id, partialAmount })).toBe(-8)
    expect(await pay({ invoiceQueryId: id, partialAmount: 106 })).toBe(-20)
    expect(await pay({ invoiceQueryId: id, partialAmount: 9_007_199_254_740_991 })).toBe(-20)
    expect(await pay({ invoiceQueryId: id })).toBe(-2)
    const institution = (payload: Fields) =>
      tenant.call({ method: 'PATCH', url: '/q/v1/payofin/institutions/1', payload })
    await institution({ isPartialAllowed: false })
    expect(await pay({ invoiceQueryId: id, partialAmount: 30 })).toBe(-7)
    await tenant.post('resolve_claims', [{ ref: 'FAT-1', reason: 'CLAIM_PAID' }])
    expect(await pay({ invoiceQueryId: id, partialAmount: 'x' })).toBe(-10)
    const whole = await merchant.call('invoicepayment', {
      invoiceQueryId: second?.['invoiceQueryId'],
      partialAmount: 25,
    })
    expect(whole.body).toMatchObject({
      resultCode: 1,
      payofinPaymentDetails: { paymentAmount: 25, balance: 25 },
    })
  })

  test('refuse 20,000 lira and more at once, before the float is looked at', async () => {
    const { tenant, merchant } = await prepared({ topUp: '0' })
    await tenant.post('create_accounts', {
      BUYUK: {
        currency: 'TRY',
        debtors: [person('D')],
        ledgerEntries: [
          invoice('TAM', 2_000_000, '2026-03-20'),
          invoice('AZ', 1_999_999, '2026-03-21'),
        ],
      },
    })
    const [tam, az] = await debtsOf(merchant, { ...ask, subscriberNo: 'BUYUK' })
    expect(
      await code(merchant, 'invoicepayment', { invoiceQueryId: tam?.['invoiceQueryId'] }),
    ).toBe(-5)
    expect(await code(merchant, 'invoicepayment', { invoiceQueryId: az?.['invoiceQueryId'] })).toBe(
      -2,
    )
  })

  test('let a query id die with its day in Istanbul, and be nobody else’s', async () => {
    const { tenant, merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const made = await native(tenant, 'merchants', { name: 'Bayi 2' })
    const other = merchantOf(made.body as never)
    expect(await code(other, 'invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })).toBe(
      -19,
    )
    const before = it.now
    try {
      it.now = new Date('2026-03-10T21:00:00.000Z')
      expect(
        await code(merchant, 'invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] }),
      ).toBe(-19)
    } finally {
      it.now = before
    }
  })

  test('show nobody the debts of another tenant', async () => {
    const { merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const other = await prepared()
    expect(
      await code(other.merchant, 'invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] }),
    ).toBe(-19)
  })

  test('say what they cannot read, and that they do not know a path', async () => {
    const { merchant } = await prepared()
    expect(await merchant.call('invoicequery', '{"sootCode":1,}')).toMatchObject({
      status: 400,
      body: { resultCode: -18 },
    })
    expect(await merchant.call('nothing', {})).toMatchObject({
      status: 404,
      body: { result: false },
    })
    expect(await code(merchant, 'invoicequery', [])).toBe(-17)
    expect(
      await code(merchant, 'multipleinvoicequery', {
        invoiceQueryList: Array.from({ length: 16 }, () => ask),
      }),
    ).toBe(-18)
  })
})

describe('several at once', () => {
  test('multipleinvoicequery answers an envelope for each query and none on top', async () => {
    const { merchant } = await prepared()
    const queries = [
      { ...ask, sootCode: '1' },
      { ...ask, subscriberNo: 'NOBODY' },
    ]
    const { body } = await merchant.call('MultipleInvoiceQuery', { InvoiceQueryList: queries })
    expect(Object.keys(body)).toEqual(['invoiceQueryList'])
    expect(body['invoiceQueryList']).toEqual([
      expect.objectContaining({
        resultCode: 1,
        invoiceList: [expect.anything(), expect.anything()],
      }),
      { result: false, resultCode: -1, resultMessage: expect.any(String) },
    ])
  })

  test('multipleinvoicepayment takes and answers bare lists; one that fails undoes no other', async () => {
    const { merchant } = await prepared()
    const [first, second] = await debtsOf(merchant)
    const { body } = await merchant.call('multipleinvoicepayment', [
      { InvoiceQueryId: first?.['invoiceQueryId'], PartialAmount: 30 },
      { InvoiceQueryId: 1 },
      { InvoiceQueryId: second?.['invoiceQueryId'] },
    ])
    expect((body as unknown as Fields[]).map(({ resultCode }) => resultCode)).toEqual([1, -19, 1])
    expect((body as unknown as Fields[])[2]).toMatchObject({
      payofinPaymentDetails: { balance: 945 },
    })
  })
})

describe('what was collected', () => {
  test('is found again by invoicecheck, invoicelist and invoicereceipt', async () => {
    const { merchant } = await prepared({ institution: { profitMinor: 150, typeCode: 2 } })
    const [debt] = await debtsOf(merchant)
    expect(debt).toMatchObject({ merchantProfit: 1.5 })
    const paid = await merchant.call('invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })
    const invoicePaymentId = paid.body['payofinPaymentDetails'].invoicePaymentId
    const detail = {
      invoicePaymentId,
      invoiceType: 'Su',
      sootName: 'Su İdaresi',
      subscriberNo: 'ABONE-1',
      customerName: 'Ayşe Yılmaz',
      invoiceNo: 'FAT-1',
      expDate: '20.03.2026',
      invoiceAmount: 105,
      profit: 1.5,
      paymentDate: '10.03.2026 15:00:00',
      status: 'Paid',
    }
    expect(
      (await merchant.call('invoicecheck', { invoicePaymentId })).body['invoiceDetail'],
    ).toEqual(detail)
    const days = { firstDate: '2026-02-23', lastDate: '2026-03-10' }
    expect((await merchant.call('invoicelist', days)).body['invoiceList']).toEqual([detail])
    expect(
      (await merchant.call('invoicelist', { firstDate: '2026-03-11', lastDate: '2026-03-11' }))
        .body['invoiceList'],
    ).toEqual([])
    expect(await code(merchant, 'invoicelist', { ...days, firstDate: '2026-02-22' })).toBe(-9)
    for (const wrong of [
      {},
      { firstDate: '', lastDate: '' },
      { ...days, lastDate: '10.03.2026' },
      { firstDate: '2026-03-10', lastDate: '2026-03-09' },
    ])
      expect(await code(merchant, 'invoicelist', wrong)).toBe(-26)
    const receipt = await merchant.call('invoicereceipt', {
      invoicePaymentList: [{ invoicePaymentId }],
    })
    expect(receipt.body).toMatchObject({
      merchantData: { merchantName: 'Su İdaresi', merchantAddress: '', merchantPhone: '' },
      invoiceReceiptList: [
        {
          referenceNo: String(invoicePaymentId),
          sootType: 'Su',
          lastDate: '20.03.2026',
          totalAmount: 106.5,
        },
      ],
    })
    expect(await code(merchant, 'invoicecheck', { invoicePaymentId: 1e9 })).toBe(-11)
    expect(await code(merchant, 'invoicecheck', {})).toBe(-11)
    expect(
      await code(merchant, 'invoicereceipt', {
        invoicePaymentList: [{ invoicePaymentId }, { invoicePaymentId: 5e8 }],
      }),
    ).toBe(-11)
  })

  test('is taken back by our own desk, once, and then the claim and the float are as before', async () => {
    const { tenant, merchant } = await prepared({ institution: { commissionMinor: 75 } })
    const [debt] = await debtsOf(merchant)
    const paid = await merchant.call('invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })
    const { invoicePaymentId, balance } = paid.body['payofinPaymentDetails']
    expect(balance).toBe(1_000 - 105 - 0.75)
    const cancels = await Promise.all(
      [1, 2, 3].map(() => native(tenant, `payments/${invoicePaymentId}/cancel`, {})),
    )
    expect(cancels.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({
      status: 'ACTIVE',
      total: 10_500,
      amount: 10_000,
    })
    expect(
      (await merchant.call('invoicecheck', { invoicePaymentId })).body['invoiceDetail'].status,
    ).toBe('Cancelled')
    const merchants = await native(tenant, 'merchants')
    expect(merchants.body.items[0].balance).toBe('1000.00')
    const movements = await native(tenant, `merchants/${tenant.payofin.merchantId}/movements`)
    expect(movements.body.items.map(({ kind, amount }: Fields) => `${kind} ${amount}`)).toEqual([
      'COMMISSION_RETURN 0.75',
      'CANCELLATION 105.00',
      'COMMISSION 0.75',
      'PAYMENT 105.00',
      'TOP_UP 1000.00',
    ])
    await assertBooksBalance(it.database.ownerPool)
  })

  test('makes an unmanaged claim ask again when it is taken back', async () => {
    const { tenant, merchant } = await prepared()
    await tenant.post('create_claims', {
      KREDI: {
        amount: 4_000,
        originalDueDate: '2026-01-15',
        currentDueDate: '2026-01-15',
        accountReference: 'ABONE-1',
      },
    })
    const debt = (await debtsOf(merchant)).find(({ invoiceNo }) => invoiceNo === 'KREDI')
    const paid = await merchant.call('invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })
    expect(await claimOf(tenant, 'KREDI')).toMatchObject({ status: 'RESOLVED' })
    await native(
      tenant,
      `payments/${paid.body['payofinPaymentDetails'].invoicePaymentId}/cancel`,
      {},
    )
    expect(await claimOf(tenant, 'KREDI')).toMatchObject({ status: 'ACTIVE', amount: 4_000 })
  })
})

describe('the institutions', () => {
  test('are listed with their fields, and by kind and city with what they cost', async () => {
    const { tenant, merchant } = await prepared()
    const list = await merchant.call('SootList')
    expect(list.body).toEqual({
      sootList: [
        {
          sootCode: 1,
          sootName: 'Su İdaresi',
          invoiceType: 'Diğer',
          description: '',
          fields: {
            title: 'Abone No',
            description: '',
            mask: '',
            required: true,
            additionalNoRequired: false,
            partialAmount: true,
          },
        },
      ],
      result: true,
      resultCode: 1,
      resultMessage: 'İşlem Başarılı',
    })
    const made = await native(tenant, 'institutions', {
      sootCode: 34,
      name: 'İSKİ',
      typeCode: 2,
      cityCode: 34,
      commissionMinor: 25,
      profitMinor: 50,
    })
    expect(made.status).toBe(201)
    expect((await native(tenant, 'institutions', { sootCode: 34, name: 'X' })).status).toBe(409)
    const codes = async (body: Fields) => {
      const answer = await merchant.call('sootListByType', body)
      return (
        (answer.body['sootList'] as Fields[] | undefined)?.map(({ sootCode }) => sootCode) ??
        answer.body['resultCode']
      )
    }
    expect(await codes({})).toEqual([1, 34])
    expect(await codes({ sootTypeCode: 2, cityCode: 34 })).toEqual([34])
    expect(await codes({ cityCode: 6 })).toEqual([1])
    expect(await codes({ sootTypeCode: 3 })).toBe(-23)
    await native(tenant, 'commissions', {
      merchantId: tenant.payofin.merchantId,
      sootCode: 34,
      commissionMinor: 10,
      profitMinor: 100,
    })
    const priced = await merchant.call('sootlistbytype', { sootTypeCode: 2 })
    expect(priced.body['sootList'][0]).toMatchObject({
      payofinCommission: '0.10',
      totalCommission: '1.10',
    })
  })
})

/** Whole numbers from 0 up to a bound, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

describe('what a desk may not do to the float', () => {
  const patch = (tenant: TestTenant, payload: Fields) =>
    tenant.call({ method: 'PATCH', url: '/q/v1/payofin/institutions/1', payload })

  test('a float pays no debt of another currency, also where that changed after the query', async () => {
    const { tenant, merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const euros = await native(tenant, 'merchants', { name: 'Euro', currency: 'EUR' })
    const own = merchantOf({ apiKey: euros.body.apiKey, secretKey: euros.body.secretKey })
    expect(await code(own, 'invoicequery', ask)).toBe(-7)
    expect((await own.call('sootlist')).body).toMatchObject({ resultCode: -23 })
    await it.database.ownerPool.query(
      `update quittance.payofin_merchant set currency = 'EUR' where tenant_id = $1`,
      [tenant.tenantId],
    )
    const invoiceQueryId = debt?.['invoiceQueryId']
    expect(await code(merchant, 'invoicepayment', { invoiceQueryId })).toBe(-19)
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({ total: 10_500 })
  })

  test('hours are both given, the first before the last, or neither', async () => {
    const { tenant } = await prepared()
    for (const wrong of [
      { opensAt: 60 },
      { closesAt: 60 },
      { opensAt: 60, closesAt: 60 },
      { opensAt: 61, closesAt: 60 },
    ]) {
      const refused = { status: 400, body: { code: 'invalid_hours' } }
      expect(await patch(tenant, wrong)).toMatchObject(refused)
      const made = { sootCode: 7, name: 'X', ...wrong }
      expect(await native(tenant, 'institutions', made)).toMatchObject(refused)
    }
    expect(await patch(tenant, { opensAt: 0, closesAt: 1_440 })).toMatchObject({ status: 200 })
  })

  test('a float holds no more than can be counted', async () => {
    const { tenant } = await prepared({ topUp: '90071992547409.91' })
    const more = await native(tenant, `merchants/${tenant.payofin.merchantId}/top-ups`, {
      amount: '0.01',
    })
    expect(more).toMatchObject({ status: 400, body: { code: 'invalid_amount' } })
    const { body } = await native(tenant, 'merchants')
    expect(body.items[0]).toMatchObject({ balance: '90071992547409.91' })
  })

  test('merchants that are added at the same moment each have keys of their own', async () => {
    const { tenant } = await prepared()
    const names = Array.from({ length: 8 }, (_, n) => `Merchant ${n}`)
    const made = await Promise.all(names.map((name) => native(tenant, 'merchants', { name })))
    expect(made.map(({ status }) => status)).toEqual(names.map(() => 201))
    expect(made.map(({ body }) => body.name)).toEqual(names)
    expect(new Set(made.map(({ body }) => body.merchantId)).size).toBe(names.length)
    for (const { body } of made) {
      const own = merchantOf({ apiKey: body.apiKey, secretKey: body.secretKey })
      expect((await own.call('sootlist')).body).toMatchObject({ resultCode: 1 })
    }
  })

  test('a number that no payment can have names none', async () => {
    const { tenant } = await prepared()
    for (const id of ['9223372036854775808', '9'.repeat(30), '0', '-1', '1.5'])
      expect((await native(tenant, `payments/${id}/cancel`, {})).status).toBe(400)
    const page = (query: string) =>
      native(tenant, `merchants/${tenant.payofin.merchantId}/movements?${query}`)
    expect((await page('before=9223372036854775808')).status).toBe(400)
    expect((await page('before=2147483648')).body.items).toHaveLength(1)
  })

  test('what was charged back at another door is not asked for again when a payment is cancelled', async () => {
    const { tenant, merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const paid = await merchant.call('invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })
    const { rows } = await it.database.ownerPool.query<{ reference: string }>(
      `select reference from quittance.entry where tenant_id = $1 and kind = 'payment' and amount_minor = 10000`,
      [tenant.tenantId],
    )
    const chargedBack = await tenant.post('add_account_ledger_entries', [
      {
        accountReference: 'ABONE-1',
        ledgerEntryReference: 'BANK',
        chargebackDetails: { amount: 4_000 },
        context: { ledgerEntryReference: rows[0]?.reference },
      },
    ])
    expect(chargedBack.body['ABONE-1']).toMatchObject({ success: true })
    const { invoicePaymentId } = paid.body['payofinPaymentDetails']
    const cancelled = await native(tenant, `payments/${invoicePaymentId}/cancel`, {})
    expect(cancelled.status).toBe(200)
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({ total: 10_500 })
    const { body } = await native(tenant, 'merchants')
    expect(body.items[0]).toMatchObject({ balance: '1000.00' })
  })
})

test('a payment is taken back also of a fee that the client gave up meanwhile', async () => {
  const { tenant, merchant } = await prepared()
  const claim = {
    amount: 10_000,
    currency: 'TRY',
    originalDueDate: '2026-03-20',
    currentDueDate: '2026-03-20',
    primaryDebtor: person('D-9'),
  }
  const synced = async (more: Fields) => {
    const { body } = await tenant.post('import_claims', { C: { ...claim, ...more } })
    expect(body['C'], JSON.stringify(body)).toMatchObject({ success: true })
  }
  await synced({ fees: [{ name: 'late', amount: 500 }] })
  const accounts = await it.database.ownerPool.query<{ reference: string }>(
    `select a.reference from quittance.account a join quittance.claim c using (tenant_id, account_id)
     where a.tenant_id = $1 and c.reference = 'C'`,
    [tenant.tenantId],
  )
  const [debt] = await debtsOf(merchant, { ...ask, subscriberNo: accounts.rows[0]?.reference })
  const paid = await merchant.call('invoicepayment', { invoiceQueryId: debt?.['invoiceQueryId'] })
  await synced({ amount: 0 })
  const { invoicePaymentId } = paid.body['payofinPaymentDetails']
  const cancelled = await native(tenant, `payments/${invoicePaymentId}/cancel`, {})
  expect(cancelled.status, JSON.stringify(cancelled.body)).toBe(200)
  const { rows } = await it.database.ownerPool.query<{ owed: number }>(
    `select sum(i.outstanding_minor) as owed from quittance.item i join quittance.claim c using (tenant_id, account_id)
     where i.tenant_id = $1 and c.reference = 'C'`,
    [tenant.tenantId],
  )
  expect(Number(rows[0]?.owed)).toBe(10_500)
  await assertBooksBalance(it.database.ownerPool)
})

describe('many at once', () => {
  test('one query id is paid by one of fifty parallel calls, whatever part each wants', async () => {
    const { tenant, merchant } = await prepared()
    const [debt] = await debtsOf(merchant)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        merchant.call('invoicepayment', {
          invoiceQueryId: debt?.['invoiceQueryId'],
          partialAmount: 1,
        }),
      ),
    )
    const codes = answers.map(({ body }) => body['resultCode'])
    expect(codes.filter((each) => each === 1)).toHaveLength(1)
    expect(new Set(codes)).toEqual(new Set([1, -10]))
    expect(await claimOf(tenant, 'FAT-1')).toMatchObject({ total: 10_400 })
  })

  test('the float is never below 0, and its movements are its balance, after 10,000 payments and cancellations', async () => {
    const tenant = await it.tenant('Kurum')
    const merchant = merchantOf(tenant.payofin)
    await merchant.call('sootlist')
    const institution = { commissionMinor: 7 }
    await tenant.call({
      method: 'PATCH',
      url: '/q/v1/payofin/institutions/1',
      payload: institution,
    })
    const topUp = (amount: string) =>
      native(tenant, `merchants/${tenant.payofin.merchantId}/top-ups`, { amount })
    await topUp('3000.00')
    const accounts = Array.from({ length: 40 }, (_, n) => `A-${n}`)
    const opened = accounts.map((reference, n) => [
      reference,
      {
        currency: 'TRY',
        debtors: [person('D')],
        ledgerEntries: Array.from({ length: 15 }, (_, m) =>
          invoice(`I-${n}-${m}`, 100_000, '2026-03-20'),
        ),
      },
    ])
    await tenant.post('create_accounts', Object.fromEntries(opened))
    const random = randomFrom(7)
    const paidIds: number[] = []
    const verdicts = new Map<number, number>()
    let done = 0
    const client = async () => {
      while (done < 10_000) {
        if (random(400) === 0) await topUp('500.00')
        for (const id of paidIds.splice(0, random(4))) {
          done += 1
          const answer = await native(tenant, `payments/${id}/cancel`, {})
          expect(answer.status).toBe(200)
        }
        const query = { ...ask, subscriberNo: accounts[random(accounts.length)] }
        const { body } = await merchant.call('invoicequery', query)
        const debts = (body['invoiceList'] ?? []) as Fields[]
        const payments = debts.map(({ invoiceQueryId }) => ({
          invoiceQueryId,
          partialAmount: 1 + random(3),
        }))
        // Some query ids come twice, to be paid once.
        const answers = await merchant.call('multipleinvoicepayment', [
          ...payments,
          ...payments.slice(0, random(3)),
        ])
        for (const answer of answers.body as unknown as Fields[]) {
          done += 1
          const { resultCode } = answer
          verdicts.set(resultCode, (verdicts.get(resultCode) ?? 0) + 1)
          if (resultCode === 1) paidIds.push(answer['payofinPaymentDetails'].invoicePaymentId)
        }
      }
    }
    await Promise.all(Array.from({ length: 8 }, client))
    expect([...verdicts.keys()].toSorted((a, b) => a - b)).toEqual([-10, -2, 1])
    expect(verdicts.get(1)).toBeGreaterThan(1_000)
    const { rows } = await it.database.ownerPool.query(
      `select m.balance_minor as balance, m.movement_seq as seq, sum(v.effect * v.amount_minor)::bigint as sum,
         count(*)::int as count, max(v.seq) as last,
         (select coalesce(sum(amount_minor + commission_minor), 0)::bigint from quittance.payofin_payment p
          where p.tenant_id = m.tenant_id and p.status = 'Paid') as paid,
         sum(v.amount_minor) filter (where v.kind = 'TOP_UP')::bigint as topped
       from quittance.payofin_merchant m join quittance.payofin_movement v using (tenant_id, merchant_id)
       where m.tenant_id = $1 group by m.tenant_id, m.merchant_id`,
      [tenant.tenantId],
    )
    const [float] = rows
    expect(float.sum).toBe(float.balance)
    expect(float.balance).toBeGreaterThanOrEqual(0)
    expect(float.balance).toBe(float.topped - float.paid)
    expect([float.seq, float.last]).toEqual([float.count, float.count])
    await assertBooksBalance(it.database.ownerPool)
  }, 400_000)
})
