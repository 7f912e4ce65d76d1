import { dateIn, daysBetween } from '../kernel/dates.ts'
import type { Facts } from './facts.ts'

/** `any`: what the caller put there, of whatever kind. */
export type FieldKind = 'number' | 'text' | 'date' | 'any'

export interface Field {
  readonly kind: FieldKind
  read(facts: Facts, now: Date): unknown
}

/** What journeys remember of a claim, and the event that says it. */
export const lastThings = {
  lastEmailOpenedDate: 'event.debtorEmail.opened',
  lastSettledPaymentDate: 'event.claimDebtPayment.settled',
  lastCanceledPaymentDate: 'event.claimDebtPayment.canceled',
  lastDisputedPaymentDate: 'event.claimDebtPayment.disputed',
  lastProcessingPaymentDate: 'event.claimDebtPayment.processing',
} as const
export type LastThing = keyof typeof lastThings

const number = (read: Field['read']): Field => ({ kind: 'number', read })
const text = (read: Field['read']): Field => ({ kind: 'text', read })
const date = (read: Field['read']): Field => ({ kind: 'date', read })
const debtorText = (name: string) => text(({ debtor }) => debtor[name])
const contact = (name: string) =>
  text(({ debtor }) => {
    const details = debtor['contactInformation']
    return isObject(details) ? details[name] : undefined
  })
const today = (facts: Facts, now: Date) => dateIn(now, facts.timeZone)
const daysPastDue = (facts: Facts, now: Date) => daysBetween(facts.originalDueOn, today(facts, now))

const total = number(({ amountMinor, feesMinor }) => amountMinor + feesMinor)
const amount = number(({ amountMinor }) => amountMinor)
const birthday = date(({ debtor }) => debtor['birthday'])

const contactNames = [
  'email',
  'mobileNumber',
  'landLine',
  'country',
  'city',
  'state',
  'postalCode',
  'houseNumber',
  'addressLine1',
  'addressLine2',
  'addressLine3',
]
const debtorNames = ['gender', 'companyName', 'title', 'firstName', 'middleName', 'lastName']

const fields: ReadonlyMap<string, Field> = new Map([
  ['amount', amount],
  ['claimAmount', amount],
  ['totalFees', number(({ feesMinor }) => feesMinor)],
  ['totalAmount', total],
  ['currency', text(({ currency }) => currency)],
  ['dueDate', date(({ currentDueOn }) => currentDueOn)],
  ['externalDueDate', date(({ originalDueOn }) => originalDueOn)],
  ['originalDueDate', date(({ originalDueOn }) => originalDueOn)],
  ['daysPastDue', number(daysPastDue)],
  ['externalClaimRef', text(({ reference }) => reference)],
  ['portfolioReference', text(({ portfolioReference }) => portfolioReference)],
  ['externalPortfolioRef', text(({ portfolioReference }) => portfolioReference)],
  ['productReference', text(({ productReference }) => productReference)],
  ['creditorReference', text(({ creditorReference }) => creditorReference)],
  ['Entity', text(({ creditorReference }) => creditorReference)],
  ['paymentReference', text(({ paymentReference }) => paymentReference)],
  ['accountReference', text(({ accountReference }) => accountReference)],
  ['debtor.reference', text(({ debtorReference }) => debtorReference)],
  ['debtor.externalDebtorRef', text(({ debtorReference }) => debtorReference)],
  ['debtor.type', debtorText('type')],
  ['debtor.birthday', birthday],
  ['debtorBirthday', birthday],
  ['debtor.age', number(({ debtor, timeZone }, now) => ageOf(debtor, dateIn(now, timeZone)))],
  ['debtorGender', debtorText('gender')],
  ...debtorNames.map((name) => [`debtor.${name}`, debtorText(name)] as const),
  ...contactNames.map((name) => [`debtor.contactInformation.${name}`, contact(name)] as const),
  ...['email', 'mobileNumber', 'postalCode'].map((name) => [name, contact(name)] as const),
  ['today', date(today)],
  ['dayOfMonth', number((facts, now) => Number(today(facts, now).slice(8)))],
  ['dayOfWeek', number((facts, now) => weekdayOf(today(facts, now)))],
  ...Object.keys(lastThings).map((name) => [name, date(({ last }) => last[name])] as const),
])

const metaName = /^(meta|accountMeta)\.(.+)$/s

/** The field of this name; metadata is asked for as `meta.<key>` and `accountMeta.<key>`. */
export function fieldNamed(name: string): Field | undefined {
  const known = fields.get(name)
  if (known) return known
  const [, from, key] = metaName.exec(name) ?? []
  if (key === undefined) return undefined
  return {
    kind: 'any',
    read: ({ meta, accountMeta }) =>
      from === 'meta' && Object.hasOwn(meta, key) ? meta[key] : own(accountMeta, key),
  }
}

/** The names of all fields but metadata, for those who got one wrong. */
export const fieldNames: readonly string[] = [...fields.keys()].sort()

/** 1 for Monday to 7 for Sunday. */
export function weekdayOf(day: string): number {
  const sinceMonday = daysBetween('1970-01-05', day) % 7
  return (sinceMonday < 0 ? sinceMonday + 7 : sinceMonday) + 1
}

function ageOf(debtor: Facts['debtor'], day: string): number | undefined {
  const born = debtor['birthday']
  if (typeof born !== 'string' || born.length !== 10) return undefined
  const years = Number(day.slice(0, 4)) - Number(born.slice(0, 4))
  return day.slice(5) < born.slice(5) ? years - 1 : years
}

const own = (from: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(from, key) ? from[key] : undefined

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
