import type { InjectOptions } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { claim, done, eventsOf } from '../../../test/conformance/receeve/given.ts'
import { person, type TestTenant, world } from '../../../test/world.ts'

const it = world()
const noon = it.now
afterEach(() => {
  it.now = noon
})

type Settings = Record<string, unknown>

/** A tenant with the unmanaged claim C of 12000 and fees of 550, and the path of its page. */
async function opened(settings: Settings = {}, debtor: Settings = {}) {
  const tenant = await it.tenant('Acme', settings)
  const primaryDebtor = person('D', debtor)
  const fees = [{ name: 'Reminder', amount: 550 }]
  const body = { C: claim(12_000, { accountReference: 'ACC', fees, primaryDebtor }) }
  await done(tenant, { operation: 'create_claims', body, key: 'C' })
  return { tenant, path: await pathOf(tenant, 'C') }
}

async function pathOf(tenant: TestTenant, reference: string): Promise<string> {
  const { status, body } = await tenant.get('get_landing_page_url', `claimReference=${reference}`)
  expect(status).toBe(200)
  return new URL(body.URL as string).pathname
}

/** A browser without scripts: keeps cookies and follows where it is led. */
function visitor(path: string, headers: Record<string, string> = {}) {
  const cookies = new Map<string, string>()
  const state = { html: '', csrf: '' }
  const send = async (request: InjectOptions) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await it.assembly.app.inject({
      ...request,
      headers: { ...headers, cookie, ...request.headers },
    })
    for (const { name, value } of response.cookies) cookies.set(name, value)
    // The style is the same everywhere.
    state.html = response.body.replace(/<style>.*<\/style>/s, '')
    state.csrf = /name="csrf" value="([^"]+)"/.exec(response.body)?.[1] ?? state.csrf
    return response
  }
  const own = (below: string) => `${path}${below}`
  return {
    cookies,
    get html() {
      return state.html
    },
    get: (below = '') => send({ method: 'GET', url: own(below) }),
    post: (below: string, fields: Record<string, string>, csrf = state.csrf) =>
      send({
        method: 'POST',
        url: own(below),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ csrf, ...fields }).toString(),
      }),
    upload: (below: string, fields: Record<string, string>, file?: ChosenFile) =>
      send({ method: 'POST', url: own(below), ...formOf({ csrf: state.csrf, ...fields }, file) }),
  }
}

interface ChosenFile {
  readonly name: string
  readonly type: string
  readonly bytes: Buffer
}

function formOf(
  fields: Record<string, string>,
  file: ChosenFile = { name: '', type: 'application/octet-stream', bytes: Buffer.alloc(0) },
) {
  const boundary = 'edge-of-the-form'
  const texts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: ${file.type}\r\n\r\n`
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: Buffer.concat([
      Buffer.from(texts.join('') + head),
      file.bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  }
}

const pageEvents = async (tenant: TestTenant) =>
  (await eventsOf(it, tenant)).filter(({ type }) => type.startsWith('event.landingPage'))
const typesOf = async (tenant: TestTenant) =>
  (await pageEvents(tenant)).map(({ type }) => type.replace('event.landingPage', ''))

describe('get_landing_page_url', () => {
  test('D-95: answers the same address for either form of the reference, and another for another claim', async () => {
    const { tenant, path } = await opened()
    const body = { C2: claim(100, { accountReference: 'ACC' }) }
    await done(tenant, { operation: 'create_claims', body, key: 'C2' })
    expect(path).toMatch(/^\/c\/[1-9A-Za-z]{18}$/)
    expect(await pathOf(tenant, 'C')).toBe(path)
    expect(await pathOf(tenant, 'C-2026-01-15')).toBe(path)
    expect(await pathOf(tenant, 'C2')).not.toBe(path)
  })

  test('D-95: begins with what the tenant says', async () => {
    const { tenant } = await opened({ landingPageBase: 'https://pay.example.com/acme/' })
    const { body } = await tenant.get('get_landing_page_url', 'claimReference=C')
    expect(body.URL).toMatch(/^https:\/\/pay\.example\.com\/acme\/c\/[1-9A-Za-z]{18}$/)
  })

  test('D-95: a resolved claim keeps its page; what is deleted or unknown or another tenant’s has none', async () => {
    const { tenant } = await opened()
    const notFound = { status: 404, body: { message: 'Not found' } }
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_PAID' }])
    await pathOf(tenant, 'C')
    await tenant.call({ method: 'DELETE', url: '/q/v1/claims/C' })
    expect(await tenant.get('get_landing_page_url', 'claimReference=C')).toMatchObject(notFound)
    expect(await tenant.get('get_landing_page_url', 'claimReference=X')).toMatchObject(notFound)
    const other = await it.tenant()
    expect(await other.get('get_landing_page_url', 'claimReference=C')).toMatchObject(notFound)
  })

  test('many at once make one code', async () => {
    const tenant = await it.tenant()
    await done(tenant, { operation: 'create_claims', body: { C: claim(1) }, key: 'C' })
    const paths = await Promise.all(Array.from({ length: 8 }, () => pathOf(tenant, 'C')))
    expect(new Set(paths).size).toBe(1)
  })
})

describe('the page', () => {
  test('shows what is owed and every booking, and says once that it did', async () => {
    const { tenant, path } = await opened()
    await tenant.post('credit_claims', {
      C: { amount: 2_000, currency: 'EUR', originator: 'CLIENT' },
    })
    const page = visitor(path, { 'accept-language': 'en' })
    const answer = await page.get()
    expect(answer.statusCode).toBe(200)
    // The payment went to the fee first.
    const told = ['€105.50', 'Fee: Reminder', 'Payment received', '-€20.00', 'Due since 20 January']
    for (const text of told) expect(page.html).toContain(text)
    expect(page.html).not.toContain('<th scope="row">Fee: Reminder</th>')
    await page.get()
    expect(await typesOf(tenant)).toEqual(['FullContent.generated'])
  })

  test('names a fee in words, also where its name is a code', async () => {
    const tenant = await it.tenant()
    const fees = ['LATE_PAYMENT_FEE', 'SEPA', 'Porto_2'].map((name) => ({ name, amount: 100 }))
    const body = { C: claim(1_000, { fees }) }
    await done(tenant, { operation: 'create_claims', body, key: 'C' })
    const page = visitor(await pathOf(tenant, 'C'), { 'accept-language': 'en' })
    await page.get()
    for (const text of ['Fee: Late payment fee', 'Fee: SEPA', 'Fee: Porto_2'])
      expect(page.html).toContain(text)
  })

  test('is kept by nobody, found by nobody, framed by nobody, and runs no script', async () => {
    const { path } = await opened()
    const { headers, body } = await visitor(path).get()
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': expect.stringContaining('noindex'),
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^']+'; .*frame-ancestors 'none'$/,
      ),
      'set-cookie': expect.stringMatching(/HttpOnly; SameSite=Lax/),
    })
    expect(body).not.toMatch(/<script|javascript:|\son\w+=/i)
    expect(String(headers['set-cookie'])).not.toContain(path.slice(3))
  })

  test.each([['/c/aaaaaaaaaaaaaaaaaa'], ['/c/x'], ['/c/x/y/z'], [`/c/${'9'.repeat(18)}/pay`]])(
    'answers %s as if there had never been anything',
    async (url) => {
      const answer = await it.inject({ method: 'GET', url })
      expect(answer.status).toBe(404)
      expect(answer.body).toContain('There is nothing at this address')
      expect(answer.headers['set-cookie']).toBeUndefined()
    },
  )

  test('a deleted claim’s page is gone for those who had it open, too', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get()
    await tenant.call({ method: 'DELETE', url: '/q/v1/claims/C' })
    expect((await page.get()).statusCode).toBe(404)
    expect((await page.get('/promise')).statusCode).toBe(404)
  })

  test('a resolved claim’s page says that nothing is left, and offers nothing to pay', async () => {
    const { tenant, path } = await opened()
    await tenant.post('resolve_claims', [{ ref: 'C', reason: 'CLAIM_PAID' }])
    const page = visitor(path)
    expect((await page.get()).statusCode).toBe(200)
    expect(page.html).toContain('paid in full')
    expect(page.html).not.toContain('/pay"')
    expect((await page.get('/promise')).statusCode).toBe(409)
  })

  test('speaks the language that is asked for, and remembers the one that was chosen', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path, { 'accept-language': 'fr-FR, de-AT;q=0.8, en;q=0.5' })
    await page.get()
    // As Austrians write it.
    expect(page.html).toContain('€\u00a0125,50')
    expect(page.html).toContain('<html lang="de"')
    const switched = await page.get('?lang=en')
    expect(switched).toMatchObject({ statusCode: 303, headers: { location: path.slice(3) } })
    await page.get()
    expect(page.html).toContain('<html lang="en"')
    const changed = (await pageEvents(tenant)).find(({ type }) => type.endsWith('Language.changed'))
    expect(changed?.data).toMatchObject({ claimRef: 'C', accountReference: 'ACC', locale: 'en' })
  })

  test('what the creditor wrote is shown as text, never run', async () => {
    const evil = '<script>alert(1)</script>'
    const { path } = await opened({ creditor: { name: evil } }, { firstName: evil })
    const page = visitor(path)
    await page.get()
    expect(page.html).not.toContain('<script')
    expect(page.html).toContain('&lt;script>')
  })
})

describe('D-96: the identity check', () => {
  const asked = { verification: ['birthday', 'postalCode', 'lastName'] }
  const known = {
    birthday: '1984-03-27',
    lastName: 'Müller-Lüdenscheidt',
    contactInformation: { country: 'DE', postalCode: '10 117' },
  }
  const right = {
    'birthday-day': '27',
    'birthday-month': '3',
    'birthday-year': '1984',
    postalCode: '10117',
    lastName: 'mueller lüdenscheidt',
  }

  test('nothing of the debt is shown before it passes, on any page', async () => {
    const { path } = await opened(asked, known)
    const page = visitor(path)
    await page.get()
    expect(page.html).toContain('Please confirm who you are')
    for (const secret of ['125', 'Müller', 'Ada', 'Reminder', '10117', '1984-03'])
      expect(page.html).not.toContain(secret)
    for (const below of ['/pay', '/transfer', '/promise', '/dispute', '/contact', '/payment/x'])
      expect((await page.get(below)).statusCode, below).toBe(303)
    const posted = await page.post('/promise', { amount: '1', date: '2026-03-20' })
    expect(posted.statusCode).toBe(303)
  })

  test('passes however it is written, and lets that browser in and no other', async () => {
    const { tenant, path } = await opened(asked, known)
    const page = visitor(path)
    await page.get()
    expect((await page.post('', right)).statusCode).toBe(303)
    await page.get()
    expect(page.html).toContain('€125.50')
    const other = visitor(path)
    await other.get()
    expect(other.html).not.toContain('€125.50')
    expect(await typesOf(tenant)).toEqual(['Verification.succeeded', 'FullContent.generated'])
  })

  test('a wrong answer never says which field was wrong', async () => {
    const { path } = await opened(asked, known)
    const page = visitor(path)
    await page.get()
    const texts = []
    for (const wrong of [{ lastName: 'X' }, { postalCode: '' }, { 'birthday-day': '28' }]) {
      expect((await page.post('', { ...right, ...wrong })).statusCode).toBe(422)
      texts.push(page.html)
    }
    expect(new Set(texts).size).toBe(1)
  })

  test('the fifth failure closes it for 15 minutes, to the right answer too; many at once count each', async () => {
    const { path } = await opened(asked, known)
    const page = visitor(path)
    await page.get()
    const wrong = { ...right, lastName: 'X' }
    const answers = await Promise.all(Array.from({ length: 5 }, () => page.post('', wrong)))
    const failed = answers.filter(({ statusCode }) => statusCode === 422)
    expect([failed.length, answers.length]).toEqual([4, 5])
    expect((await page.post('', right)).statusCode).toBe(429)
    it.now = new Date(noon.getTime() + 14 * 60_000)
    expect((await visitor(path).get()).statusCode).toBe(429)
    it.now = new Date(noon.getTime() + 15 * 60_000)
    await page.get()
    expect((await page.post('', right)).statusCode).toBe(303)
  })

  test('a lock does not throw out who was let in before', async () => {
    const { path } = await opened(asked, known)
    const page = visitor(path)
    await page.get()
    await page.post('', right)
    const other = visitor(path)
    await other.get()
    for (let i = 0; i < 5; i += 1) await other.post('', { ...right, lastName: 'X' })
    expect((await other.get()).statusCode).toBe(429)
    expect((await page.get()).statusCode).toBe(200)
  })

  test('who passed less than is asked for today is asked again', async () => {
    const { tenant, path } = await opened({ verification: ['postalCode'] }, known)
    const page = visitor(path)
    await page.get()
    await page.post('', { postalCode: '10117' })
    await page.get()
    expect(page.html).toContain('€125.50')
    await it.database.ownerPool.query(
      'update quittance.tenant set settings = $2 where tenant_id = $1',
      [tenant.tenantId, JSON.stringify(asked)],
    )
    await page.get()
    expect(page.html).not.toContain('€125.50')
  })

  test('a claim without what is asked for is shown to nobody', async () => {
    const { tenant, path } = await opened(asked)
    const page = visitor(path)
    expect((await page.get()).statusCode).toBe(403)
    expect((await page.post('', right)).statusCode).toBe(403)
    expect(await typesOf(tenant)).toEqual(['GetVerificationFields.failed'])
  })

  test('is over after half an hour away', async () => {
    const { path } = await opened({ verification: ['claimReference'] })
    const page = visitor(path)
    await page.get()
    await page.post('', { claimReference: 'c' })
    await page.get()
    expect(page.html).toContain('€125.50')
    it.now = new Date(noon.getTime() + 31 * 60_000)
    await page.get()
    expect(page.html).not.toContain('€125.50')
  })
})

describe('a form', () => {
  test('of another page, of nobody or long ago is refused and changes nothing', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get()
    const fields = { amount: '10', date: '2026-03-20' }
    expect((await page.post('/promise', fields, 'forged')).statusCode).toBe(403)
    expect((await visitor(path).post('/promise', fields, 'forged')).statusCode).toBe(403)
    await page.get('/promise')
    it.now = new Date(noon.getTime() + 31 * 60_000)
    expect((await page.post('/promise', fields)).statusCode).toBe(403)
    expect(await typesOf(tenant)).toEqual(['FullContent.generated'])
  })

  test('in a form that we do not speak is a mistake of the sender, never of ours', async () => {
    const { path } = await opened()
    const page = visitor(path)
    await page.get()
    for (const [type, payload] of [
      ['application/json', '{}'],
      ['multipart/form-data; boundary=x', '--x\r\nbroken'],
      ['application/x-www-form-urlencoded', `csrf=${'x'.repeat(100_000)}`],
    ] as const) {
      for (const below of ['', '/promise', '/dispute', '/pay', '/contact']) {
        const headers = { 'content-type': type }
        const answer = await it.inject({ method: 'POST', url: `${path}${below}`, headers, payload })
        expect(answer.status, `${type} to ${below}`).toBeGreaterThanOrEqual(400)
        expect(answer.status, `${type} to ${below}`).toBeLessThan(500)
      }
    }
  })
})

describe('pay later', () => {
  test('notes the promise, shows it, and takes it back', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get('/promise')
    expect((await page.post('/promise', { amount: '25,50', date: '2026-03-20' })).statusCode).toBe(
      303,
    )
    await page.get()
    expect(page.html).toContain('You told us that you will pay €25.50 by then')
    expect((await page.post('/promise/cancel', {})).statusCode).toBe(303)
    await page.get()
    expect(page.html).not.toContain('€25.50')
    const events = (await eventsOf(it, tenant)).filter(
      ({ type }) => type.includes('promiseToPay') || type.includes('PayLater'),
    )
    expect(events.map(({ type, data }) => [type, data.amount])).toEqual([
      ['event.promiseToPay.created', 2_550],
      ['event.landingPagePayLater.selected', 2_550],
      ['event.promiseToPay.invalidated', 2_550],
      ['event.landingPagePayLater.canceled', 2_550],
    ])
  })

  test.each([
    ['more than is owed', { amount: '125.51', date: '2026-03-20' }],
    ['nothing', { amount: '0', date: '2026-03-20' }],
    ['no amount', { amount: 'all', date: '2026-03-20' }],
    ['yesterday', { amount: '1', date: '2026-03-09' }],
    ['later than the tenant waits', { amount: '1', date: '2026-04-10' }],
    ['no day', { amount: '1', date: '2026-02-30' }],
  ])('refuses %s, keeps what was entered and changes nothing', async (_what, fields) => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get('/promise')
    expect((await page.post('/promise', fields)).statusCode).toBe(422)
    expect(page.html).toContain(`value="${fields.amount}"`)
    expect(await typesOf(tenant)).toEqual([])
  })

  test('is not there where the tenant does not offer it', async () => {
    const { path } = await opened({ landingPage: { promises: false } })
    const page = visitor(path)
    await page.get()
    expect(page.html).not.toContain('/promise"')
    await page.get('/contact')
    expect((await page.get('/promise')).statusCode).toBe(409)
    const posted = await page.post('/promise', { amount: '1', date: '2026-03-20' })
    expect(posted.statusCode).toBe(409)
  })
})

describe('bank transfer', () => {
  test('names who, where, how much and for what', async () => {
    const creditor = { name: 'Acme GmbH', iban: 'DE02 1203 0000 0000 2020 51', bic: 'BYLADEM1001' }
    const { path } = await opened({ creditor })
    const page = visitor(path)
    await page.get('/transfer')
    for (const text of [
      'Acme GmbH',
      'DE02 1203 0000 0000 2020 51',
      'BYLADEM1001',
      '€125.50',
      '<svg',
    ])
      expect(page.html).toContain(text)
  })
})

describe('something is wrong', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const said = { reason: 'ALREADY_PAID', text: 'Paid on 3 March' }

  test('opens a dispute with the document, and shows that it is looked into', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get('/dispute')
    const file = { name: 'receipt.png', type: 'image/png', bytes: png }
    expect((await page.upload('/dispute', said, file)).statusCode).toBe(303)
    await page.get()
    expect(page.html).toContain('We are looking into it')
    expect(page.html).not.toContain('/dispute"')
    const { body } = await tenant.call({ method: 'GET', url: '/q/v1/disputes' })
    expect(body.items).toMatchObject([
      { claimReference: 'C', reason: 'ALREADY_PAID', text: 'Paid on 3 March', openedBy: 'DEBTOR' },
    ])
    expect(body.items[0].fileIds).toHaveLength(1)
  })

  test('works without a document', async () => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get('/dispute')
    expect((await page.upload('/dispute', said)).statusCode).toBe(303)
    const { body } = await tenant.call({ method: 'GET', url: '/q/v1/disputes' })
    expect(body.items).toMatchObject([{ fileIds: [] }])
  })

  test.each([
    ['no reason', { text: 'x' }, undefined],
    ['an unknown reason', { reason: 'X', text: 'x' }, undefined],
    ['no words', { reason: 'OTHER', text: ' ' }, undefined],
    [
      'a program',
      said,
      { name: 'a.exe', type: 'application/octet-stream', bytes: Buffer.from('MZ') },
    ],
    ['a table', said, { name: 'a.csv', type: 'text/csv', bytes: Buffer.from('a;b\n1;2\n') }],
    [
      'too large a file',
      said,
      { name: 'a.png', type: 'image/png', bytes: Buffer.concat([png, Buffer.alloc(10_485_760)]) },
    ],
  ] as const)('refuses %s and leaves no trace', async (_what, fields, file) => {
    const { tenant, path } = await opened()
    const page = visitor(path)
    await page.get('/dispute')
    const answer = await page.upload('/dispute', { ...fields }, file)
    expect(answer.statusCode).toBe(422)
    const { body } = await tenant.call({ method: 'GET', url: '/q/v1/disputes' })
    expect(body.items).toEqual([])
  })
})

describe('how somebody may be contacted', () => {
  test('is kept, and shown again', async () => {
    const { path } = await opened()
    const page = visitor(path)
    await page.get('/contact')
    expect((await page.post('/contact', { email: 'denied', sms: 'allowed' })).statusCode).toBe(303)
    await page.get('/contact')
    const chosen = [...page.html.matchAll(/name="(\w+)" value="(\w+)" checked/g)]
    expect(chosen.map(([, channel, value]) => `${channel} ${value}`)).toEqual([
      'email denied',
      'sms allowed',
    ])
  })
})

describe('pay now', () => {
  test('leads to the provider, for the amount that was chosen', async () => {
    const { path } = await opened()
    const page = visitor(path)
    await page.get('/pay')
    const fields = { share: 'part', amount: '100', provider: 'sandbox' }
    const started = await page.post('/pay', fields)
    expect(started.statusCode).toBe(303)
    const sandbox = new URL(String(started.headers.location)).pathname
    expect((await it.inject({ method: 'GET', url: sandbox })).body).toContain('100.00 EUR')
  })

  test('refuses more than is owed', async () => {
    const { path } = await opened()
    const page = visitor(path)
    await page.get('/pay')
    expect((await page.post('/pay', { share: 'part', amount: '125.51' })).statusCode).toBe(422)
    expect(page.html).toContain('between €0.01 and €125.50')
  })

  test('takes only the whole where the tenant wants no parts', async () => {
    const { path } = await opened({ landingPage: { partPayments: false } })
    const page = visitor(path)
    await page.get('/pay')
    expect(page.html).not.toContain('name="share"')
  })

  test('a payment of another claim is not shown', async () => {
    const { path } = await opened()
    const page = visitor(path)
    expect((await page.get('/payment/x')).statusCode).toBe(404)
    const none = '0199a8f0-0000-7000-8000-000000000000'
    expect((await page.get(`/payment/${none}`)).statusCode).toBe(404)
  })
})
