import { beforeAll, expect, test } from 'vitest'
import { world } from '../../world.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
})

const ask = (iban: string, headers = {}) =>
  us.v2('GET', `/payment/iban-details?iban=${encodeURIComponent(iban)}`, undefined, headers)

test('an IBAN is taken apart, however it is written', async () => {
  const answer = await ask('de89 3704-0044 0532 0130 00', { 'accept-language': 'de' })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  expect(answer.body).toEqual({
    iban: 'DE89370400440532013000',
    formatted: 'DE89 3704 0044 0532 0130 00',
    valid: true,
    problems: [],
    countryCode: 'DE',
    countryName: 'Deutschland',
    checkDigits: '89',
    checkDigitsValid: true,
    bban: '370400440532013000',
    bankCode: '37040044',
    accountNumber: '0532013000',
    qrIban: false,
  })
})

test('a Swiss QR-IBAN is told from others', async () => {
  expect((await ask('CH4431999123000889012')).body).toMatchObject({ valid: true, qrIban: true })
  expect((await ask('CH9300762011623852957')).body).toMatchObject({ valid: true, qrIban: false })
})

test.each([
  ['DE88370400440532013000', ['CHECK_DIGITS'], { countryCode: 'DE', checkDigitsValid: false }],
  ['DE8937040044053201300', expect.arrayContaining(['LENGTH']), { countryCode: 'DE' }],
  ['ZZ89370400440532013000', ['COUNTRY'], {}],
  ['xx, not one', ['COUNTRY'], {}],
])('%s is answered with what is wrong with it', async (iban, problems, more) => {
  const answer = await ask(iban)
  expect(answer.status).toBe(200)
  expect(answer.body).toMatchObject({ valid: false, problems, ...more })
  expect(answer.body).not.toHaveProperty('bankCode')
})

test('a request without an IBAN, or with far more than one, is refused', async () => {
  const none = await us.v2('GET', '/payment/iban-details')
  expect(none).toMatchObject({ status: 400, body: { errors: { iban: expect.any(String) } } })
  expect((await ask('D'.repeat(65))).status).toBe(400)
})
