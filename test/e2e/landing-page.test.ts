import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  accountOf,
  claim,
  done,
  fee,
  invoice,
  linesOf,
  type Loose,
  openAccount,
} from '../conformance/receeve/given.ts'
import { person, type TestTenant, world } from '../world.ts'
import {
  browser,
  desktop,
  expectAccessible,
  expectFitting,
  keepPicture,
  type PageOptions,
  phone,
} from './browser.ts'

const it = world({ port: 0 })
const pages = browser()
let origin = ''
beforeAll(async () => {
  origin = await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
})

const creditor = {
  name: 'Stadtwerke Beispiel GmbH',
  iban: 'DE02120300000000202051',
  bic: 'BYLADEM1001',
  email: 'service@example.com',
  phone: '+49 30 1234567',
}
const debtor = {
  birthday: '1984-03-27',
  contactInformation: { country: 'DE', postalCode: '10117', email: 'ada@example.com' },
}
const verification = ['birthday', 'postalCode']

async function opened(settings: Record<string, unknown> = {}) {
  const tenant = await it.tenant('Stadtwerke', { creditor, ...settings })
  const primaryDebtor = person('D-4711', debtor)
  const fees = [{ name: 'Reminder', amount: 550 }]
  const body = { 'INV-2026-0042': claim(12_000, { accountReference: 'ACC', fees, primaryDebtor }) }
  await done(tenant, { operation: 'create_claims', body, key: 'INV-2026-0042' })
  const money = { amount: 2_000, currency: 'EUR', originator: 'CLIENT' }
  await tenant.post('credit_claims', { 'INV-2026-0042': money })
  const terms = {
    currency: 'EUR',
    instalments: { min: 2, max: 6 },
    interval: { unit: 'MONTH', count: 1 },
    firstDueWithinDays: 14,
    instalmentMin: 1_500,
    fee: 500,
  }
  const payload = { name: 'Monthly', terms }
  const made = await tenant.call({ method: 'POST', url: '/q/v1/plan-definitions', payload })
  expect(made.status).toBe(201)
  return { tenant, url: await urlOf(tenant) }
}

async function urlOf(tenant: TestTenant): Promise<string> {
  const { body } = await tenant.get('get_landing_page_url', 'claimReference=INV-2026-0042')
  expect(new URL(body.URL as string).origin).toBe(origin)
  return body.URL as string
}

/** Looks at a state with a script for axe, and keeps a picture of it. */
async function look(page: Page, name: string): Promise<void> {
  await expectFitting(page, name)
  await keepPicture(page, name)
  await expectAccessible(page, name)
}

async function passIdentity(page: Page): Promise<void> {
  await page.getByLabel(/^(?:Day|Tag)$/).fill('27')
  await page.getByLabel(/^(?:Month|Monat)$/).fill('3')
  await page.getByLabel(/^(?:Year|Jahr)$/).fill('1984')
  await page.getByLabel(/^(?:Postal code|Postleitzahl)$/).fill('10117')
  await page.getByRole('button', { name: /^(?:Continue|Weiter)$/ }).click()
}

const headline = (page: Page) => page.getByRole('heading', { level: 1 }).innerText()

const looks: [name: string, options: PageOptions][] = [
  ['phone-en', { screen: phone }],
  ['desktop-de', { screen: desktop, locale: 'de-DE' }],
  ['phone-dark-de', { screen: phone, locale: 'de-DE', isDark: true }],
]

describe.each(looks)('on %s', (name, options) => {
  test('every state reads well: no objection of axe, nothing wider than the screen', async () => {
    const { url } = await opened({ verification })
    const page = await pages.open(options)
    const see = (state: string) => look(page, `${state}-${name}`)
    await page.goto(url)
    await see('01-identity')
    await page.getByRole('button').click()
    await see('02-identity-failed')
    await passIdentity(page)
    await see('03-overview')
    await page.locator('a[href$="/pay"]').click()
    await see('04-pay')
    await page.locator('input[value=part]').check()
    await page.locator('input[name=amount]').fill('999')
    await page.getByRole('button').click()
    await see('05-pay-problem')
    await page.goto(`${url}/transfer`)
    await see('06-transfer')
    await page.goto(`${url}/promise`)
    await see('07-promise')
    await page.locator('input[name=amount]').fill('nothing')
    await page.getByRole('button').click()
    await see('08-promise-problem')
    await page.locator('input[name=amount]').fill('50')
    await page.getByRole('button').click()
    await see('09-promised')
    await page.goto(`${url}/plan`)
    await see('16-plan')
    await page.getByRole('button').click()
    await see('17-plan-problem')
    await page.getByRole('radio').nth(1).check()
    await page.getByRole('button').click()
    await see('18-plan-review')
    await page.getByRole('button').click()
    await see('19-planned')
    await page.goto(`${url}/contact`)
    await see('10-contact')
    await page.goto(`${url}/dispute`)
    await see('11-dispute')
    await page.locator('button').click()
    await see('12-dispute-problem')
    await page.locator('input[value=WRONG_AMOUNT]').check()
    await page.locator('textarea').fill('I paid 20 euros more.')
    await page.locator('button').click()
    await see('13-disputed')
    await page.context().clearCookies()
    await page.goto(url)
    for (let i = 0; i < 5; i += 1) await page.getByRole('button').click()
    await see('14-locked')
    await page.goto(`${origin}/c/nobody`)
    await see('15-unknown')
  })

  test('a payment in each of its states reads well, and so does a paid claim', async () => {
    const { url } = await opened()
    const page = await pages.open(options)
    const see = (state: string) => look(page, `${state}-${name}`)
    for (const [state, card, outcome] of [
      ['20-canceled', '', 'leave'],
      ['21-declined', '4000000000000002', 'pay'],
      ['22-processing', '', 'pay'],
    ] as const) {
      await page.goto(`${url}/pay`)
      await page.getByRole('button').click()
      if (card !== '') await page.locator('input[name=card]').fill(card)
      await page.locator(`button[value=${outcome}]`).click()
      await see(state)
    }
    await page.goto(url)
    await see('23-overview-processing')
    it.now = new Date(it.now.getTime() + 10_000)
    await page.goBack()
    await page.reload()
    await see('24-settled')
    await page.goto(url)
    await see('25-paid')
  })
})

describe('without scripts, as everybody sees it', () => {
  test('the money paid here is on the account, in the ledger of its caller', async () => {
    const tenant = await it.tenant('Stadtwerke', { creditor, verification })
    const ledger = [invoice('INV-2026-0042', 10_000), fee('FEE', 550, 'INV-2026-0042')]
    await openAccount(tenant, ledger, { debtors: [person('D-4711', debtor)] })
    const page = await pages.open({ hasScript: false })
    await page.goto(await urlOf(tenant))
    await passIdentity(page)
    expect(await page.locator('.owed').innerText()).toBe('€105.50')
    await page.getByRole('link', { name: /^Pay now/ }).click()
    await page.getByLabel('A part of it').check()
    await page.getByLabel('Amount in EUR').fill('100,25')
    await page.getByRole('button', { name: 'Continue to payment' }).click()
    await page.locator('input[name=card]').fill('5555555555554444')
    await page.getByRole('button', { name: /^Pay / }).click()
    expect(await headline(page)).toBe('Thank you for your payment')
    await page.getByRole('link', { name: 'Back to the overview' }).click()
    expect(await page.locator('.owed').innerText()).toBe('€5.25')
    expect(await linesOf(tenant)).toEqual(['INV-2026-0042 ACTIVE 525+0'])
    const { ledgerEntries } = await accountOf(tenant)
    const paid = ledgerEntries.map((entry: Loose) => entry.paymentDetails?.amount ?? 0)
    expect(paid.reduce((sum: number, amount: number) => sum + amount, 0)).toBe(10_025)
  })

  test('a promise is given and taken back', async () => {
    const { url } = await opened()
    const page = await pages.open({ hasScript: false })
    await page.goto(url)
    await page.getByRole('link', { name: /^Pay later/ }).click()
    await page.getByLabel('Amount in EUR').fill('50')
    await page.getByLabel('I will pay by').fill('2026-03-20')
    await page.getByRole('button', { name: 'Promise to pay' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('€50.00 by 20 March 2026')
    await page.getByRole('button', { name: 'Take this back' }).click()
    expect(await page.getByRole('alert').innerText()).toBe('We took your promise back.')
  })

  test('an instalment plan is agreed, its first date as it was chosen', async () => {
    const { tenant, url } = await opened()
    const page = await pages.open({ hasScript: false })
    await page.goto(url)
    await page.getByRole('link', { name: /^Pay in instalments/ }).click()
    await page.getByLabel('4 instalments').check()
    await page.getByLabel('First payment on').fill('2026-03-15')
    await page.getByRole('button', { name: 'Show the dates' }).click()
    const rows = await page.locator('tbody tr').allInnerTexts()
    expect(rows.map((row) => row.split(/\s*\t\s*/))).toEqual([
      ['1', '15 March 2026', '€27.62'],
      ['2', '15 April 2026', '€27.62'],
      ['3', '15 May 2026', '€27.62'],
      ['4', '15 June 2026', '€27.64'],
    ])
    await page.getByRole('button', { name: 'Agree to this plan' }).click()
    expect(await page.locator('main').innerText()).toContain('€27.62 is due next, on 15 March 2026')
    expect(await page.locator('.owed').innerText()).toBe('€110.50')
    const { body } = await tenant.call({
      method: 'GET',
      url: '/q/v1/claims/INV-2026-0042/plans',
    })
    expect(body.items).toMatchObject([{ status: 'ACTIVE', acceptedBy: 'DEBTOR', amount: 11_050 }])
    await page.getByRole('link', { name: /^Pay now/ }).click()
    expect(await page.getByLabel('The next instalment: €27.62').isChecked()).toBe(true)
  })

  test('a dispute arrives with its document', async () => {
    const { tenant, url } = await opened()
    const page = await pages.open({ hasScript: false })
    await page.goto(url)
    await page.getByRole('link', { name: /^Something is wrong/ }).click()
    await page.getByLabel('I have paid already').check()
    await page
      .getByLabel('Please describe it')
      .fill('On 3 March, by bank transfer.\nSee the receipt.')
    const buffer = Buffer.from('%PDF-1.4\n%\u00e2\u00e3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n')
    const file = { name: 'receipt.pdf', mimeType: 'application/pdf', buffer }
    await page.getByLabel('Document (optional)').setInputFiles(file)
    await page.getByRole('button', { name: 'Send' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('We received your message')
    const files = await tenant.call({ method: 'GET', url: '/q/v1/files?accountReference=ACC' })
    expect(files.body.items).toMatchObject([{ fileName: 'receipt.pdf', documentType: 'Dispute' }])
    const disputes = await tenant.call({ method: 'GET', url: '/q/v1/disputes' })
    const text = 'On 3 March, by bank transfer.\nSee the receipt.'
    expect(disputes.body.items).toMatchObject([{ reason: 'ALREADY_PAID', text }])
  })

  test('the whole way works with the keyboard alone, the first stop being the way past the header', async () => {
    const { url } = await opened()
    const page = await pages.open({ screen: desktop })
    await page.goto(url)
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.locator(':focus').innerText()).toContain('Pay now')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/pay$/)
  })

  test('the language is changed by a link and stays', async () => {
    const { url } = await opened()
    const page = await pages.open({ hasScript: false })
    await page.goto(`${url}/promise`)
    await page.getByRole('link', { name: 'Deutsch' }).click()
    expect(await headline(page)).toBe('Später bezahlen')
    await page.getByRole('link', { name: 'Zurück zur Übersicht' }).click()
    expect(await headline(page)).toBe('Ihr offener Betrag')
  })
})

describe('the first view', () => {
  test('is one answer of less than 100 KB, asks nobody else for anything and tells nobody where it was', async () => {
    const { url } = await opened()
    const page = await pages.open({ hasScript: false })
    const requests: string[] = []
    let bytes = 0
    page.on('request', (request) => requests.push(request.url()))
    page.on('response', async (response) => {
      bytes += (await response.body()).length
    })
    await page.goto(url, { waitUntil: 'networkidle' })
    // A browser may ask for the icon of a site by itself.
    expect(requests.filter((one) => !one.endsWith('/favicon.ico'))).toEqual([url])
    expect(bytes).toBeGreaterThan(1_000)
    expect(bytes).toBeLessThan(100_000)
  })
})
