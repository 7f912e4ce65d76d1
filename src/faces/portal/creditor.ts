import type { Tenant } from '../../identity/index.ts'

/** Who is owed and how to reach and pay them, from the tenant's `settings.creditor`. */
export interface Creditor {
  readonly name: string
  readonly iban?: string | undefined
  readonly bic?: string | undefined
  readonly bank?: string | undefined
  readonly email?: string | undefined
  readonly phone?: string | undefined
}

/** The creditor as the page names it; without settings, the tenant's own name. */
export function creditorOf(tenant: Tenant): Creditor {
  const setting = tenant.settings['creditor']
  const fields = isRecord(setting) ? setting : {}
  const text = (key: string) => {
    const value = fields[key]
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
  }
  return {
    name: text('name') ?? tenant.name,
    iban: text('iban')?.replaceAll(' ', '').toUpperCase(),
    bic: text('bic'),
    bank: text('bank'),
    email: text('email'),
    phone: text('phone'),
  }
}

/** What a tenant offers on the page, from `settings.landingPage`. */
export interface Offers {
  readonly partPayments: boolean
  /** The least that may be paid at once, in minor units. */
  readonly partPaymentMinMinor: number
  readonly promises: boolean
  readonly promiseDaysMax: number
  readonly disputes: boolean
  readonly instalments: boolean
}

const promiseDaysDefault = 30
const promiseDaysLimit = 365

export function offersOf(settings: Tenant['settings']): Offers {
  const setting = settings['landingPage']
  const fields = isRecord(setting) ? setting : {}
  return {
    partPayments: fields['partPayments'] !== false,
    partPaymentMinMinor: wholeNumber(fields['partPaymentMinMinor'], Number.MAX_SAFE_INTEGER) ?? 1,
    promises: fields['promises'] !== false,
    promiseDaysMax: wholeNumber(fields['promiseDaysMax'], promiseDaysLimit) ?? promiseDaysDefault,
    disputes: fields['disputes'] !== false,
    instalments: fields['instalments'] !== false,
  }
}

function wholeNumber(value: unknown, most: number): number | undefined {
  const isFit = typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
  return isFit && value <= most ? value : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
