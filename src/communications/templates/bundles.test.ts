import { describe, expect, it } from 'vitest'
import { person, type TestTenant, world } from '../../../test/world.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { fieldsOf, installStarterBundles, starterBundles } from '../index.ts'

const it_ = world()
const nbsp = '\u00A0'

const post = (tenant: TestTenant, url: string, payload: unknown, headers = {}) =>
  tenant.call({ method: 'POST', url: `/q/v1${url}`, payload: payload as object, headers })
const get = (tenant: TestTenant, url: string) => tenant.call({ method: 'GET', url: `/q/v1${url}` })
const remove = (tenant: TestTenant, url: string) =>
  tenant.call({ method: 'DELETE', url: `/q/v1${url}` })
const inTenant = <R>(tenant: TestTenant, work: (tx: Tx) => Promise<R>) =>
  inTransaction(it_.database.db, { tenantId: tenant.tenantId, now: it_.now }, work)

const sms = (name: string, text = '{{ totalAmount }} offen') => ({
  name,
  channel: 'sms',
  fallbackLanguage: 'de',
  languages: { de: { text } },
})
const creditor = {
  name: 'Muster Energie GmbH',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  address: {
    street: 'Hauptstraße',
    houseNumber: '1',
    postcode: '10115',
    city: 'Berlin',
    country: 'DE',
  },
}

async function claimOf(tenant: TestTenant, reference = 'C-1', more: object = {}) {
  const made = await tenant.post('create_claims', {
    [reference]: {
      amount: 4_000,
      currency: 'EUR',
      originalDueDate: '2026-01-31',
      currentDueDate: '2026-02-28',
      fees: [{ name: 'REMINDER', amount: 300 }],
      totalFees: 300,
      meta: { contract: 'K-7' },
      primaryDebtor: person('D', {
        contactInformation: {
          country: 'DE',
          city: 'Köln',
          postalCode: '51147',
          addressLine1: 'Weg 1',
        },
      }),
      ...more,
    },
  })
  expect(made.body[reference]).toMatchObject({ success: true })
}

describe('a bundle', () => {
  it('is kept with its first version, listed page by page, read and deleted', async () => {
    const tenant = await it_.tenant()
    const made = await post(tenant, '/bundles', sms('A'))
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ name: 'A', latestVersion: 1, version: 1 })
    await post(tenant, '/bundles', sms('B'))
    const first = await get(tenant, '/bundles?limit=1')
    expect(first.body.items.map((each: { name: string }) => each.name)).toEqual(['A'])
    const second = await get(tenant, `/bundles?limit=1&cursor=${first.body.nextCursor}`)
    expect(second.body).toMatchObject({ items: [{ name: 'B' }], nextCursor: null })
    expect((await remove(tenant, `/bundles/${made.body.id}`)).status).toBe(204)
    expect((await get(tenant, `/bundles/${made.body.id}`)).status).toBe(404)
    expect((await get(tenant, '/bundles?cursor=nonsense')).body.code).toBe('invalid_cursor')
  })

  it('keeps every version as it was; two at once get two numbers', async () => {
    const tenant = await it_.tenant()
    const { body } = await post(tenant, '/bundles', sms('A', 'one'))
    const next = (text: string) =>
      post(tenant, `/bundles/${body.id}/versions`, {
        fallbackLanguage: 'de',
        languages: { de: { text } },
      })
    const answers = await Promise.all([next('two'), next('three')])
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(answers.map(({ body: made }) => made.version).toSorted((a, b) => a - b)).toEqual([2, 3])
    expect((await get(tenant, `/bundles/${body.id}`)).body.version).toBe(3)
    const old = await get(tenant, `/bundles/${body.id}?version=1`)
    expect(old.body.languages).toEqual({ de: { text: 'one' } })
    expect((await get(tenant, `/bundles/${body.id}?version=9`)).body.code).toBe(
      'bundle_version_not_found',
    )
  })

  it('is known to its tenant only', async () => {
    const [own, other] = [await it_.tenant(), await it_.tenant()]
    const { body } = await post(own, '/bundles', sms('A'))
    expect((await get(other, `/bundles/${body.id}`)).status).toBe(404)
    expect((await remove(other, `/bundles/${body.id}`)).status).toBe(404)
    expect((await post(other, `/bundles/${body.id}/preview`, {})).status).toBe(404)
    expect((await post(other, '/bundles', sms('A'))).status).toBe(201)
  })

  it('is made once for one Idempotency-Key, and its name is taken once', async () => {
    const tenant = await it_.tenant()
    const key = { 'idempotency-key': 'k-1' }
    const first = await post(tenant, '/bundles', sms('A'), key)
    const second = await post(tenant, '/bundles', sms('A'), key)
    expect(second.body.id).toBe(first.body.id)
    expect(await post(tenant, '/bundles', sms('A'))).toMatchObject({
      status: 409,
      body: { code: 'bundle_name_taken' },
    })
  })

  it('stays while a message names it', async () => {
    const tenant = await it_.tenant()
    await claimOf(tenant)
    const { body } = await post(tenant, '/bundles', sms('A'))
    const { ownerPool } = it_.database
    await ownerPool.query(
      `insert into quittance.message (tenant_id, message_id, key, claim_id, account_id, debtor_reference, channel,
         purpose, bundle_id, cause, context, status, due_at, created_at)
       select tenant_id, gen_random_uuid(), 'k', claim_id, account_id, 'D', 'sms', 'notice', $2, '{}', '{}', 'QUEUED',
         '2999-01-01', now() from quittance.claim where tenant_id = $1`,
      [tenant.tenantId, body.id],
    )
    expect(await remove(tenant, `/bundles/${body.id}`)).toMatchObject({
      status: 409,
      body: { code: 'bundle_in_use' },
    })
  })

  it.each([
    ['sms', { text: 'a', html: '<b>a</b>' }, 'takes no html'],
    ['letter', { subject: 'a', html: '<b>a</b>' }, 'takes no html'],
    ['letter', { subject: 'a' }, 'needs one of text, blocks'],
    ['letter', { subject: 'a', text: 'a', blocks: [{ type: 'items' }] }, 'needs one of'],
    ['email', { subject: 'a', html: '<b>a</b>' }, 'needs text'],
    ['email', { text: 'a' }, 'needs subject'],
    ['email', { subject: 'a', text: 'a', html: 'a', mjml: 'a' }, 'only one of html, mjml'],
  ])('of channel %s is refused with %j', async (channel, de, reason) => {
    const tenant = await it_.tenant()
    const answer = await post(tenant, '/bundles', { ...sms('A'), channel, languages: { de } })
    expect(answer).toMatchObject({ status: 400, body: { code: 'bundle_content_invalid' } })
    expect(answer.body.detail).toContain(reason)
    expect((await get(tenant, '/bundles')).body.items).toEqual([])
  })

  it.each([
    { ...sms('A'), name: 'a\u0000b' },
    { ...sms('A'), name: 'a\uD800b' },
    sms('A', 'a\u0000b'),
    sms('A', 'a\uD800b'),
    { ...sms('A'), languages: { de: { text: 'a' }, klingon: { text: 'a' } } },
    { ...sms('A'), languages: { de: { text: 'a', nonsense: 'a' } } },
    { ...sms('A'), languages: {} },
    { ...sms('A'), nonsense: 1 },
    { ...sms('A'), channel: 'fax' },
  ])('that cannot be kept is refused and leaves nothing: %#', async (input) => {
    const tenant = await it_.tenant()
    expect((await post(tenant, '/bundles', input)).status).toBe(400)
    expect((await get(tenant, '/bundles')).body.items).toEqual([])
  })

  it('needs content in its fallback language', async () => {
    const tenant = await it_.tenant()
    const answer = await post(tenant, '/bundles', { ...sms('A'), fallbackLanguage: 'fr' })
    expect(answer.body.detail).toContain('fallback language fr')
  })

  it('with an unknown merge field is refused with its place, and nothing is kept', async () => {
    const tenant = await it_.tenant()
    const answer = await post(tenant, '/bundles', sms('A', 'Hallo\n{{ debtor.firstNam }}'))
    expect(answer).toMatchObject({ status: 400, body: { code: 'template_invalid' } })
    expect(answer.body.detail).toContain('de.text, line 2, column 4')
    expect(answer.body.detail).toContain('debtor.firstName')
    expect((await get(tenant, '/bundles')).body.items).toEqual([])
  })

  it('that never ends is refused, and the server lives on', async () => {
    const tenant = await it_.tenant()
    const loop = '{% for a in 1..99999 %}{% for b in 1..99999 %}{% endfor %}{% endfor %}'
    const bomb = '{% set x = [1,2,3] %}{% for i in 1..60 %}{% set x = x|merge(x) %}{% endfor %}'
    for (const text of [loop, bomb]) {
      const answer = await post(tenant, '/bundles', sms('A', text))
      expect(answer.status).toBe(400)
      expect(answer.body.code).toMatch(/^template_too_(slow|big)$/)
    }
    expect((await post(tenant, '/bundles', sms('A'))).status).toBe(201)
  })

  it('lists the fields that templates may name', async () => {
    const { body } = await get(await it_.tenant(), '/bundles/fields')
    const names = body.items.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['amount', 'debtor.firstName', 'meta.*']))
    expect(names).toContain('items[].amount')
  })
})

describe('a preview', () => {
  it('of an SMS says what it costs in segments', async () => {
    const tenant = await it_.tenant()
    const { body } = await post(tenant, '/bundles', sms('A'))
    const preview = await post(tenant, `/bundles/${body.id}/preview`, {})
    expect(preview.body).toMatchObject({
      channel: 'sms',
      text: '1.254,50 € offen',
      sms: { encoding: 'GSM-7', units: 17, segments: 1 },
    })
  })

  it('of a claim leads to the page that the message will lead to', async () => {
    const tenant = await it_.tenant()
    await claimOf(tenant)
    const { body } = await post(tenant, '/bundles', sms('A', '{{ landingPageUrl }}'))
    const preview = await post(tenant, `/bundles/${body.id}/preview`, { claimReference: 'C-1' })
    const page = await tenant.get('get_landing_page_url', 'claimReference=C-1')
    expect(page.body.URL).toMatch(/\/c\/\w{18}$/)
    expect(preview.body.text).toBe(page.body.URL)
  })

  it('shows a real claim in its language with the context of the message', async () => {
    const tenant = await it_.tenant('Acme', { creditor })
    await claimOf(tenant)
    const text = [
      '{{ reference }} {{ amount }} {{ totalFees }} {{ totalAmount }} {{ daysPastDue }} {{ dueDate }}',
      '{{ debtor.name }} {{ debtor.contactInformation.city }} {{ meta.contract }} {{ customBody }}',
      '{{ triggerContext.value }} {{ creditor.name }} {{ paymentReference }} {{ today }}',
      '{% for item in items %}{{ item.kind }} {{ item.name }} {{ item.amount }};{% endfor %}',
    ].join('\n')
    const languages = { de: { text }, en: { text: 'other' } }
    const { body } = await post(tenant, '/bundles', {
      name: 'A',
      channel: 'email',
      fallbackLanguage: 'en',
      languages: {
        de: { ...languages.de, subject: 'a\n\n{{ customBody }}', html: '<p>{{ customBody }}</p>' },
        en: { ...languages.en, subject: 'b' },
      },
    })
    const preview = await post(tenant, `/bundles/${body.id}/preview`, {
      claimReference: 'C-1',
      context: { customBody: '<x>\r\nBcc: a@b', triggerContext: { value: 'now' } },
    })
    expect(preview.status).toBe(200)
    expect(preview.body).toEqual({
      version: 1,
      channel: 'email',
      language: 'de',
      subject: 'a <x> Bcc: a@b',
      html: '<p>&lt;x&gt;\r\nBcc: a@b</p>',
      text: [
        `C-1 40,00${nbsp}€ 3,00${nbsp}€ 43,00${nbsp}€ 38 2026-02-28`,
        'Ada Byron Köln K-7 <x>\r\nBcc: a@b',
        'now Muster Energie GmbH C-1 2026-03-10',
        `invoice  40,00${nbsp}€;fee REMINDER 3,00${nbsp}€;`,
      ].join('\n'),
    })
    const english = await post(tenant, `/bundles/${body.id}/preview`, {
      claimReference: 'C-1',
      language: 'en-GB',
    })
    expect(english.body).toMatchObject({ language: 'en', text: 'other' })
    const unknown = await post(tenant, `/bundles/${body.id}/preview`, { claimReference: 'C-2' })
    expect(unknown).toMatchObject({ status: 404, body: { code: 'claim_not_found' } })
  })

  it('of a letter is a PDF when one is accepted, of anything else never', async () => {
    const tenant = await it_.tenant('Acme', { creditor })
    await claimOf(tenant)
    const letter = {
      name: 'L',
      channel: 'letter',
      fallbackLanguage: 'de',
      languages: { de: { subject: 'Brief', text: 'Eins\n\nZwei {{ totalAmount }}' } },
    }
    const { body } = await post(tenant, '/bundles', letter)
    const url = `/bundles/${body.id}/preview`
    const pdf = { accept: 'application/pdf' }
    const printed = await post(tenant, url, { claimReference: 'C-1' }, pdf)
    expect(printed.headers['content-type']).toBe('application/pdf')
    expect(String(printed.body)).toMatch(/^%PDF-1\.7/)
    expect((await post(tenant, url, {})).body.blocks).toEqual([
      { type: 'paragraph', text: 'Eins' },
      { type: 'paragraph', text: `Zwei 1.254,50${nbsp}€` },
      { type: 'payment' },
    ])
    const text = await post(tenant, '/bundles', sms('S'))
    const refused = await post(tenant, `/bundles/${text.body.id}/preview`, {}, pdf)
    expect(refused).toMatchObject({ status: 400, body: { code: 'not_a_letter' } })
  })
})

describe('the fields of claims', () => {
  it('are those of each claim, for many at once, without claims that are not there', async () => {
    const tenant = await it_.tenant()
    await claimOf(tenant, 'C-1', { meta: { language: 'fr-CH' } })
    await claimOf(tenant, 'C-2')
    const { rows } = await it_.database.ownerPool.query<{ claim_id: string; reference: string }>(
      'select claim_id, reference from quittance.claim where tenant_id = $1 order by reference',
      [tenant.tenantId],
    )
    const [one, two] = rows.map(({ claim_id }) => claim_id)
    const fields = await inTenant(tenant, (tx) =>
      fieldsOf(tx, [one!, two!, '00000000-0000-7000-8000-000000000000']),
    )
    expect([...fields.values()].map(({ claim, language }) => [claim.reference, language])).toEqual([
      ['C-1', 'fr-CH'],
      ['C-2', 'de'],
    ])
  })
})

describe('the starter bundles', () => {
  it('are installed once, and what a tenant changed stays', async () => {
    const tenant = await it_.tenant()
    const ids = await inTenant(tenant, installStarterBundles)
    expect(Object.keys(ids).toSorted()).toEqual(starterBundles.map(({ name }) => name).toSorted())
    const id = ids['Reminder SMS']
    await post(tenant, `/bundles/${id}/versions`, {
      fallbackLanguage: 'de',
      languages: { de: { text: 'ours' } },
    })
    expect(await inTenant(tenant, installStarterBundles)).toEqual(ids)
    expect((await get(tenant, `/bundles/${id}`)).body.latestVersion).toBe(2)
  })

  it('are all good to send: saved by the same rules, rendered in both languages', async () => {
    const tenant = await it_.tenant('Acme', { creditor })
    await claimOf(tenant)
    for (const bundle of starterBundles) {
      const made = await post(tenant, '/bundles', bundle)
      expect(made.status, JSON.stringify(made.body)).toBe(201)
      for (const language of ['de', 'en']) {
        const url = `/bundles/${made.body.id}/preview`
        const context = { landingPageUrl: 'https://example.com/c/x', unsubscribeUrl: 'https://u' }
        const preview = await post(tenant, url, { claimReference: 'C-1', language, context })
        expect(preview.body).toMatchObject({ language })
        expect(JSON.stringify(preview.body)).not.toMatch(/\{\{|\{%|undefined|null/)
      }
    }
  })
})
