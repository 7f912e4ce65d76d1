import {
  type CountryCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import type { Channel } from '../../contacts/schema.ts'
import { addressKey } from '../../contacts/index.ts'
import type { Destination } from './decide.ts'

interface ContactInformation {
  readonly email?: unknown
  readonly mobileNumber?: unknown
  readonly country?: unknown
  readonly additionalContactInformation?: unknown
}

// One line, no quoting, nothing that a header or an SMTP command could take for its own: stricter than RFC 5321.
const emailPattern =
  /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?$/u
const emailLengthMax = 254
// Numbers of these kinds take no text messages, or not without a price.
const notMobile: ReadonlySet<string | undefined> = new Set([
  'FIXED_LINE',
  'PREMIUM_RATE',
  'TOLL_FREE',
  'SHARED_COST',
  'UAN',
  'VOICEMAIL',
])

/** Whether an e-mail can be sent to a text, and nothing else can happen by it. */
export function isEmailAddress(text: string): boolean {
  const [, domain = ''] = text.split('@')
  const isDotted = !text.includes('..') && domain.includes('.')
  return text.length <= emailLengthMax && isDotted && emailPattern.test(text)
}

/** The addresses of a debtor for a channel, the first one first; letters have their recipient in themselves. */
export function addressesOf(debtor: unknown, channel: Channel): string[] {
  const contact = contactOf(debtor)
  const others = Array.isArray(contact.additionalContactInformation)
    ? (contact.additionalContactInformation as ContactInformation[])
    : []
  const all = [contact, ...others]
  if (channel === 'email') return texts(all.map(({ email }) => email)).filter(isEmailAddress)
  if (channel === 'sms') {
    return all.flatMap(({ mobileNumber, country }) =>
      texts([mobileNumber]).flatMap((text) => mobileOf(text, country ?? contact.country)),
    )
  }
  return letterAddress(contact as Record<string, unknown>)
}

/** The number in the form `+4917139200001`; one without a country's prefix is of the debtor's country. */
function mobileOf(text: string, country: unknown): string[] {
  const number = parsePhoneNumberFromString(text, {
    ...(isCountry(country) ? { defaultCountry: country } : {}),
    extract: false,
  })
  return number?.isPossible() === true && !notMobile.has(number.getType()) ? [number.number] : []
}

const isCountry = (country: unknown): country is CountryCode =>
  typeof country === 'string' && isSupportedCountry(country)

export function countryOf(debtor: unknown): string | undefined {
  const { country } = contactOf(debtor)
  return typeof country === 'string' ? country : undefined
}

/** The first address that nobody has suppressed. */
export function destinationOf(
  addresses: readonly string[],
  { channel, suppressed }: { channel: Channel; suppressed: ReadonlyMap<string, unknown> },
): Destination {
  const address = addresses.find((each) => !suppressed.has(`${channel}:${addressKey(each)}`))
  if (address !== undefined) return { address }
  return { missing: addresses.length === 0 ? 'no_address' : 'address_suppressed' }
}

/** A letter needs a street or a box, and a place. */
function letterAddress(contact: Record<string, unknown>): string[] {
  const line = (names: string[]) => texts(names.map((name) => contact[name])).join(' ')
  const street = line(['addressLine1', 'houseNumber', 'addressLine2', 'addressLine3'])
  const place = line(['postalCode', 'city'])
  if (street === '' || place === '') return []
  return [[street, place, line(['country'])].filter(Boolean).join(', ')]
}

const contactOf = (debtor: unknown): ContactInformation =>
  (debtor as { contactInformation?: ContactInformation } | null)?.contactInformation ?? {}

const texts = (values: readonly unknown[]): string[] =>
  values.flatMap((value) =>
    typeof value === 'string' && value.trim() !== '' ? [value.trim()] : [],
  )
