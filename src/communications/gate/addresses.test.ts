import { describe, expect, test } from 'vitest'
import { addressesOf, destinationOf, isEmailAddress } from './addresses.ts'

const debtor = (contactInformation: object) => ({ contactInformation })

describe('an address', () => {
  test.each(['ada@example.com', 'a.b+c@sub.example.co', 'jürgen@bücher.example', "o'neil@ex.io"])(
    'takes %s',
    (text) => expect(isEmailAddress(text)).toBe(true),
  )
  test.each([
    'a@b\r\nRCPT TO:<x@y.example>',
    'a@b.example\r\nBcc: x@y.example',
    'a@b.example, x@y.example',
    'Ada <ada@example.com>',
    '"a b"@example.com',
    'group:a@b.example;',
    'a@b@c.example',
    'ada@localhost',
    'a@b..example',
    'a@example.com\u0000',
    `${'a'.repeat(65)}@example.com`,
    '@example.com',
    'ada',
  ])('is nothing that anything else can hide in: %j', (text) =>
    expect(isEmailAddress(text)).toBe(false),
  )
})

describe('where a message goes', () => {
  const contact = debtor({
    country: 'DE',
    email: 'first@example.com',
    mobileNumber: '+491701234567',
    additionalContactInformation: [{ email: 'second@example.com' }, { landLine: '+49301234567' }],
  })

  test('to the first address that nobody has suppressed, in whatever case', () => {
    const all = addressesOf(contact, 'email')
    expect(all).toEqual(['first@example.com', 'second@example.com'])
    const suppressed = new Map([['email:first@example.com', 'bounce']])
    const to = (addresses: string[]) => destinationOf(addresses, { channel: 'email', suppressed })
    expect(to(all)).toEqual({ address: 'second@example.com' })
    expect(to(['FIRST@example.com'])).toEqual({ missing: 'address_suppressed' })
    expect(to([])).toEqual({ missing: 'no_address' })
  })

  test('an SMS only to mobile numbers', () => {
    expect(addressesOf(contact, 'sms')).toEqual(['+491701234567'])
  })

  test('a letter only to a street and a place', () => {
    expect(addressesOf(contact, 'letter')).toEqual([])
    const home = { addressLine1: 'Hauptstr.', houseNumber: '1', postalCode: '10115' }
    expect(addressesOf(debtor({ country: 'DE', city: 'Berlin', ...home }), 'letter')).toEqual([
      'Hauptstr. 1, 10115 Berlin, DE',
    ])
  })

  test('nowhere without a debtor', () => expect(addressesOf(null, 'email')).toEqual([]))
})

test.each([
  ['0171 3920001', 'DE', ['+491713920001']],
  ['+49 171 3920001', undefined, ['+491713920001']],
  ['0041 79 123 45 67', 'CH', ['+41791234567']],
  ['030 901820', 'DE', []],
  ['0171 3920001', undefined, []],
  ['12', 'DE', []],
  ['no number', 'DE', []],
])('a text message to %j of a debtor in %s goes to %j', (mobileNumber, country, expected) => {
  expect(addressesOf({ contactInformation: { mobileNumber, country } }, 'sms')).toEqual(expected)
})
