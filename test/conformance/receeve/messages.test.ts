import PostalMime from 'postal-mime'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { bundle, closeSenders, openClaims, sendDue, senderOf, write } from '../../messages.ts'
import { type TestTenant, world } from '../../world.ts'
import type { Loose } from './given.ts'
import { isSeedPresent, missingFrom, readSamples } from './seed.ts'

const it = world({ workers: false })
const noon = it.now
afterEach(() => {
  it.now = noon
})
afterAll(() => closeSenders(it))

/** One message of each channel, an hour apart: e-mail first, the letter last. */
async function prepared(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openClaims(tenant, ['C', 'OTHER'])
  for (const channel of ['email', 'sms', 'letter'] as const) {
    await write(tenant, { channel, bundleId: await bundle(tenant, channel) })
    await sendDue(senderOf(it), tenant)
    it.now = new Date(it.now.getTime() + 10 * 60_000)
  }
  return tenant
}

async function urlsOf(tenant: TestTenant, query = 'claimReference=C') {
  const answer = await tenant.get('get_communication_message_urls', query)
  expect(answer.status).toBe(200)
  return answer.body as Record<string, Loose>
}
const typesOf = (body: Record<string, Loose>) =>
  body.communicationMessageURLs.map((each: Loose) => each.communicationType)
const messageAt = (tenant: TestTenant, url: string) =>
  tenant.get('get_message', `messageURL=${encodeURIComponent(url)}`)

describe('get_communication_message_urls', () => {
  test.runIf(isSeedPresent)('answers in the published shape', async () => {
    const sample = readSamples().get('get_communication_message_urls')
    expect(missingFrom(await urlsOf(await prepared()), sample?.answer)).toEqual([])
  })

  test('D-98: lists what was told, the newest first, and spells SMS in capitals', async () => {
    const body = await urlsOf(await prepared())
    expect(typesOf(body)).toEqual(['letter', 'SMS', 'email'])
    expect(body).toMatchObject({ limit: 1_000, page: 1, numberOfPages: 1 })
    expect(body.communicationMessageURLs[2]).toEqual({
      communicationType: 'email',
      messageURL: expect.stringMatching(/^\/(.+.eml)$/),
      dateTime: noon.getTime(),
      bundleId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      bundleName: expect.stringMatching(/^email /),
    })
  })

  test('D-98: has a page even where nothing was told', async () => {
    const body = await urlsOf(await prepared(), 'claimReference=OTHER')
    expect(body).toEqual({ communicationMessageURLs: [], limit: 1_000, page: 1, numberOfPages: 1 })
  })

  test('leaves out what waits and what was withheld', async () => {
    const tenant = await prepared()
    await write(tenant, { claimReference: 'OTHER', bundleId: await bundle(tenant) })
    await tenant.post('credit_claims', {
      OTHER: { amount: 12_345, currency: 'EUR', originator: 'CLIENT' },
    })
    expect(typesOf(await urlsOf(tenant, 'claimReference=OTHER'))).toEqual([])
    await sendDue(senderOf(it), tenant)
    expect(typesOf(await urlsOf(tenant, 'claimReference=OTHER'))).toEqual([])
  })

  test('takes the claim in either form, a type, a first day and pages', async () => {
    const tenant = await prepared()
    const typesFor = async (more: string) => typesOf(await urlsOf(tenant, `claimReference=${more}`))
    expect(await typesFor('C-2026-01-15')).toHaveLength(3)
    expect(await typesFor('C&communicationType=SMS')).toEqual(['SMS'])
    expect(await typesFor('C&startDate=2026-03-10')).toHaveLength(3)
    expect(await typesFor('C&startDate=2026-03-11')).toEqual([])
    const second = await urlsOf(tenant, 'claimReference=C&limit=2&page=2')
    expect(typesOf(second)).toEqual(['email'])
    expect(second).toMatchObject({ limit: 2, page: 2, numberOfPages: 2 })
  })

  test.each([
    ['claimReference=NOPE', /Claim not found/],
    ['', /Missing required request parameters: \[claimReference\]/],
    ['claimReference=C&communicationType=sms', /communicationType/],
    ['claimReference=C&startDate=yesterday', /startDate/],
    ['claimReference=C&limit=0', /limit/],
    ['claimReference=C&limit=10001', /limit/],
    ['claimReference=C&page=0', /page/],
  ])('refuses %s', async (query, says) => {
    const answer = await (await prepared()).get('get_communication_message_urls', query)
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(says) } })
  })
})

describe('get_message', () => {
  test('answers every message as text in .eml form', async () => {
    const tenant = await prepared()
    const { communicationMessageURLs: told } = await urlsOf(tenant)
    const bodies = new Map<string, string>()
    for (const { communicationType, messageURL } of told) {
      const answer = await messageAt(tenant, messageURL)
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toMatch(/^text\/plain/)
      bodies.set(communicationType, answer.body)
    }
    const mail = await PostalMime.parse(bodies.get('email') ?? '')
    expect(mail).toMatchObject({ subject: 'Claim C', to: [{ address: 'ada@example.com' }] })
    const letter = await PostalMime.parse(bodies.get('letter') ?? '')
    expect(letter.attachments).toMatchObject([{ mimeType: 'application/pdf' }])
  })

  test('an SMS has the headers of the published sample', async () => {
    const tenant = await prepared()
    const { communicationMessageURLs: told } = await urlsOf(
      tenant,
      'claimReference=C&communicationType=SMS',
    )
    const { body } = await messageAt(tenant, told[0].messageURL)
    for (const header of [
      'Content-Type: text/plain; charset=utf-8',
      'Message-ID: <',
      'Content-Transfer-Encoding: quoted-printable',
      'Date: ',
      'MIME-Version: 1.0',
    ])
      expect(body).toMatch(new RegExp(`^${header.replaceAll(/[.()/]/g, '\\$&')}`, 'm'))
  })

  test.each([
    '/email/Message/00000000-0000-7000-8000-000000000000.eml',
    '/nothing.eml',
    'no-slash.eml',
    '/email/Message/x.pdf',
  ])('D-98: %s is a bad request', async (url) => {
    expect((await messageAt(await prepared(), url)).status).toBe(400)
  })

  test('D-98: the message of another tenant, or under another path, is a bad request', async () => {
    const tenant = await prepared()
    const { communicationMessageURLs: told } = await urlsOf(tenant)
    const { messageURL } = told[0]
    expect((await messageAt(await it.tenant(), messageURL)).status).toBe(400)
    expect((await messageAt(tenant, `/x${messageURL}`)).status).toBe(400)
  })
})
