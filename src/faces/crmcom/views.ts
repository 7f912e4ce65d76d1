import {
  billsOf,
  type Config,
  configNamed,
  configOf,
  type Configuration,
  type CrmAccount,
  accountsOf,
  type CrmBill,
  hexOf,
  type Invoice,
  invoicesOf,
  type Payment,
} from '../../crm/index.ts'
import { dateIn, wallTimeIn } from '../../kernel/dates.ts'
import { formatDecimal } from '../../kernel/money.ts'
import type { Tx } from '../../platform/db.ts'
import { udfNames } from './parameters.ts'

type Json = Record<string, unknown>

/** Amounts are JSON numbers at this door; the text between is exact. */
export const amountOf = (minor: number, currency: string): number =>
  Number(formatDecimal(minor, currency))

export function shortPayment(payment: Payment, timeZone: string): Json {
  const { gateway, gatewayReference, postedAt, number, referenceNumber } = payment
  return {
    payment_amount: amountOf(payment.amountMinor, payment.currency),
    issued_on: wallTimeIn(payment.issuedAt, timeZone),
    life_cycle_state: payment.state,
    number: number === null ? null : String(number),
    id: hexOf(payment.paymentId),
    reference_number: String(referenceNumber),
    posted_on: postedAt === null ? null : wallTimeIn(postedAt, timeZone),
    ...(gateway === null
      ? {}
      : {
          processed_by_payment_gateway: gateway,
          payment_gateway_reference_number: gatewayReference,
        }),
  }
}

/** Payments with everything they name, in as many readings as there are kinds of things. */
export async function completePayments(
  tx: Tx,
  payments: readonly Payment[],
  timeZone: string,
): Promise<Json[]> {
  const config = await configOf(tx)
  const accounts = await accountsOf(
    tx,
    payments.map(({ accountId }) => accountId),
  )
  const claimIds = [...new Set(payments.flatMap(({ details }) => details.claimIds))]
  const invoices = await invoicesOf(tx, claimIds)
  const bills = await billsOf(tx, [...new Set(payments.flatMap(({ details }) => details.billIds))])
  const at = { now: tx.now, timeZone }
  return payments.map((payment) => {
    const { details } = payment
    const own = invoices.filter(({ claimId }) => details.claimIds.includes(claimId))
    const ownBills = bills.filter(({ billId }) => details.billIds.includes(billId))
    return {
      ...completePayment(payment, { config, timeZone }),
      accounts_receivable: shortAccount(accounts.get(payment.accountId)),
      invoices_to_pay_set: own.map((invoice) => shortInvoice(invoice, at)),
      bills_to_pay_set: ownBills.map((bill) =>
        shortBill(bill, { ...at, currency: payment.currency }),
      ),
    }
  })
}

function completePayment(
  payment: Payment,
  { config, timeZone }: { config: Configuration; timeZone: string },
): Json {
  const { details } = payment
  const user = (id: string) => userOf(configNamed(config, 'USER', id))
  const unit = (id: string) => unitOf(configNamed(config, 'UNIT', id))
  return {
    ...shortPayment(payment, timeZone),
    ...Object.fromEntries(udfNames.map((name) => [name, details.udf[name] ?? null])),
    received_on: wallTimeIn(new Date(details.receivedAtMs), timeZone),
    notes: details.notes,
    back_office_code: payment.backOfficeCode,
    type: typeOf(configNamed(config, 'TYPE', payment.typeId)),
    category: categoryOf(configNamed(config, 'CATEGORY', payment.categoryId)),
    payment_method: codedOf(configNamed(config, 'METHOD', payment.methodId)),
    rejection_reason: codedOf(configNamed(config, 'REASON', details.rejectionReasonId)),
    received_by_user: user(details.receivedBy.userId),
    received_by_unit: unit(details.receivedBy.unitId),
    log_information: {
      created_date: wallTimeIn(payment.issuedAt, timeZone),
      updated_date: wallTimeIn(payment.updatedAt, timeZone),
      created_by_user: user(details.createdBy.userId),
      created_by_unit: unit(details.createdBy.unitId),
      updated_by_user: user(details.updatedBy.userId),
      updated_by_unit: unit(details.updatedBy.unitId),
    },
  }
}

/** What a coded thing is called: a payment method, a rejection reason. */
export function codedOf(config: Config | undefined): Json | null {
  if (!config) return null
  const { id, name, description, alternativeCode } = config
  return { name, id, description, alternative_code: alternativeCode }
}

function typeOf(config: Config | undefined): Json | null {
  return config ? { classification: config.data['classification'], ...codedOf(config) } : null
}

function categoryOf(config: Config | undefined): Json | null {
  if (!config) return null
  const { id, name, description, alternativeCode } = config
  return { id, name, code: alternativeCode, description }
}

function userOf(config: Config | undefined): Json | null {
  if (!config) return null
  const { personName = null, email = null } = config.data
  return { person_name: personName ?? config.name, username: config.name, id: config.id, email }
}

function unitOf(config: Config | undefined): Json | null {
  if (!config) return null
  const { groupName = null, communityName = null } = config.data
  return { community_name: communityName, group_name: groupName, ...codedOf(config) }
}

export function shortAccount(account: CrmAccount | undefined): Json | null {
  if (!account) return null
  return {
    account_owner: ownerOf(account),
    life_cycle_state: 'ACTIVE',
    number: account.reference,
    name: account.ownerName,
    id: hexOf(account.accountId),
  }
}

/** The first debtor; its id is ours, made of its reference, which is the caller's. */
function ownerOf({ owner, ownerName, ownerReference }: CrmAccount): Json | null {
  if (owner === null || ownerReference === null) return null
  const text = (field: string) => (typeof owner[field] === 'string' ? owner[field] : null)
  const companyName = text('companyName')
  const isCompany = companyName !== null && owner['type'] !== 'natural'
  const [year, month, day] = (text('birthday') ?? '').split('-').map(Number)
  const genders: Record<string, string> = { M: 'MALE', F: 'FEMALE' }
  const contact = (owner['contactInformation'] ?? {}) as Json
  const country = typeof contact['country'] === 'string' ? contact['country'] : undefined
  return {
    last_name: text('lastName'),
    middle_name: text('middleName'),
    company_profile: null,
    type: isCompany ? 'COMPANY' : 'PERSON',
    first_name: text('firstName'),
    name: ownerName,
    id: ownerReference,
    company_name: companyName,
    demographics: {
      gender: genders[text('gender') ?? ''] ?? null,
      passport_issued_by_country: null,
      passport_number: null,
      social_security_number: text('SSN'),
      country_of_residence: country === undefined ? null : { name: country, id: country },
      industry_sector: null,
      date_of_birth: day === undefined ? null : { month, day, year },
      name_day: null,
      id_number: null,
      id_issued_by_country: null,
      industry: null,
    },
  }
}

export interface ViewAt {
  readonly now: Date
  readonly timeZone: string
}

/** An invoice is past its due date when that day is over for the tenant; until then nothing of it is outstanding. */
function outstandingOf(invoice: Invoice, { now, timeZone }: ViewAt): number {
  return invoice.dueOn < dateIn(now, timeZone) ? invoice.unsettledMinor : 0
}

const lastMoment = 'T23:59:59'

export function shortInvoice(invoice: Invoice, at: ViewAt): Json {
  const { currency } = invoice
  return {
    total_amount: amountOf(invoice.totalMinor, currency),
    issued_on: wallTimeIn(invoice.issuedAt, at.timeZone),
    life_cycle_state: invoice.state,
    number: invoice.number,
    due_on: `${invoice.dueOn}${lastMoment}`,
    id: hexOf(invoice.claimId),
    outstanding_amount: amountOf(outstandingOf(invoice, at), currency),
    reference_number: String(invoice.referenceNumber),
    posted_on: wallTimeIn(invoice.postedAt, at.timeZone),
  }
}

export function completeInvoice(
  invoice: Invoice,
  at: ViewAt,
  account: CrmAccount | undefined,
): Json {
  const { currency, totalMinor, discountMinor, unsettledMinor } = invoice
  return {
    ...shortInvoice(invoice, at),
    unsettled_amount: amountOf(unsettledMinor, currency),
    net_amount: amountOf(totalMinor, currency),
    discount_amount: amountOf(discountMinor, currency),
    tax_amount: 0,
    vat_amount: 0,
    notes: null,
    back_office_code: null,
    accounts_receivable: shortAccount(account),
  }
}

interface BillAmounts {
  readonly totalMinor: number
  readonly unsettledMinor: number
  readonly outstandingMinor: number
  readonly dueOn: string
}

function amountsOf(bill: CrmBill, at: ViewAt): BillAmounts {
  const open = bill.invoices.filter(({ state }) => state === 'POSTED')
  const sum = (of: (invoice: Invoice) => number) =>
    open.reduce((total, invoice) => total + of(invoice), 0)
  return {
    totalMinor: sum(({ totalMinor }) => totalMinor),
    unsettledMinor: sum(({ unsettledMinor }) => unsettledMinor),
    outstandingMinor: sum((invoice) => outstandingOf(invoice, at)),
    // The latest of its invoices.
    dueOn: open.reduce((latest, { dueOn }) => (dueOn > latest ? dueOn : latest), bill.toOn),
  }
}

function billStatus({ totalMinor, unsettledMinor }: BillAmounts): string {
  if (unsettledMinor === 0) return 'SETTLED'
  return unsettledMinor < totalMinor ? 'PARTIALLY_SETTLED' : 'UNSETTLED'
}

export function shortBill(bill: CrmBill, at: ViewAt & { currency: string }): Json {
  const amounts = amountsOf(bill, at)
  return {
    id: hexOf(bill.billId),
    number: bill.number,
    life_cycle_state: 'POSTED',
    from_date: `${bill.fromOn}T00:00:00`,
    to_date: `${bill.toOn}${lastMoment}`,
    due_date: `${amounts.dueOn}${lastMoment}`,
    total_billed_amount: amountOf(amounts.totalMinor, at.currency),
    total_amount_to_be_paid: amountOf(amounts.unsettledMinor, at.currency),
    bill_status: billStatus(amounts),
    currency: at.currency,
  }
}

export function completeBill(bill: CrmBill, at: ViewAt, account: CrmAccount): Json {
  const amounts = amountsOf(bill, at)
  const { bill_status: status, ...short } = shortBill(bill, { ...at, currency: account.currency })
  return {
    ...short,
    status,
    classification: 'NORMAL',
    type: 'NORMAL',
    unsettled_amount: amountOf(amounts.unsettledMinor, account.currency),
    outstanding_amount: amountOf(amounts.outstandingMinor, account.currency),
    accounts_receivable: shortAccount(account),
    invoices_set: bill.invoices.map((invoice) => shortInvoice(invoice, at)),
  }
}

/** What the account owes: its debits less its credits; past due only as far as no credit stands against it. */
export function completeAccount(account: CrmAccount, overdueMinor: number, timeZone: string): Json {
  const { currency, outstandingMinor, creditMinor } = account
  return {
    ...shortAccount(account),
    type: 'CUSTOMER',
    description: null,
    notes: null,
    balance: amountOf(outstandingMinor - creditMinor, currency),
    opening_balance: 0,
    opening_balance_date: wallTimeIn(account.createdAt, timeZone),
    outstanding_amount: amountOf(Math.max(0, overdueMinor - creditMinor), currency),
    credit_limit: null,
    credit_limit_status: 'NOT_EXCEEDED',
    log_information: { created_date: wallTimeIn(account.createdAt, timeZone) },
  }
}
