import type { CreditorFields } from './fields.ts'

/** The creditor of `settings.creditor`; what is not set there is empty, the name that of the tenant. */
export function creditorOf(setting: unknown, tenantName: string): CreditorFields {
  const creditor = recordOf(setting)
  const address = recordOf(creditor['address'])
  const compact = (value: unknown) => textOf(value).replaceAll(/\s/g, '').toUpperCase()
  return {
    name: textOf(creditor['name']) || tenantName,
    iban: compact(creditor['iban']),
    bic: compact(creditor['bic']),
    address: {
      street: textOf(address['street']),
      houseNumber: textOf(address['houseNumber']),
      postcode: textOf(address['postcode']),
      city: textOf(address['city']),
      country: compact(address['country']),
    },
  }
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
