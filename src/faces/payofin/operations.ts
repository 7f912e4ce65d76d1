import type { Kysely } from 'kysely'
import type { CallContext } from '../../book/index.ts'
import {
  type Caller,
  commissionsOf,
  findMerchant,
  listInstitutions,
  type PaidDebt,
  payDebt,
  type PaymentDetail,
  paymentDetails,
  paymentsBetween,
  type PayDeps,
  queryDebts,
  type QueriedDebt,
  refusePayofin,
} from '../../payofin/index.ts'
import { formatDecimal } from '../../kernel/money.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import type { Commission, Institution } from '../../payofin/schema.ts'
import type { Tables } from '../../platform/tables.ts'
import { codeOf, dayText, decimal, done, failed, timeText } from './answers.ts'
import { type Fields, fieldsOf, listOf } from './fields.ts'

/** One call: whose it is, and the body as it came. */
export interface Call extends PayDeps {
  readonly db: Kysely<Tables>
  readonly caller: Caller
  readonly body: unknown
  newContext(): CallContext
  /** Writes down what nobody foresaw. */
  note(error: unknown): void
}

export type Operation = (call: Call) => Promise<object>

const typeNames: Readonly<Record<number, string>> = {
  1: 'Elektrik',
  2: 'Su',
  3: 'Doğalgaz',
  4: 'Telefon',
  5: 'İnternet',
  6: 'Televizyon',
  7: 'Vergi',
  8: 'SGK',
  9: 'Diğer',
}
const typeName = (code: number) => typeNames[code] ?? ''

const queriesMax = 15
const paymentsMax = 500

/** The institutions that the merchant may collect for. */
export async function sootList(call: Call): Promise<object> {
  const institutions = await read(call, (tx) => institutionsFor(tx, call.caller))
  return done({ sootList: institutions.map(shownInstitution) })
}

/** Those of a kind or a city, with what they cost. */
export async function sootListByType(call: Call): Promise<object> {
  const fields = fieldsOf(call.body)
  const typeCode = codeIn(fields, 'sootTypeCode')
  const cityCode = codeIn(fields, 'cityCode')
  const found = await read(call, async (tx) => {
    const all = await institutionsFor(tx, call.caller)
    const institutions = all.filter(
      (each) =>
        (typeCode === undefined || each.typeCode === typeCode) &&
        (cityCode === undefined || each.cityCode === null || each.cityCode === cityCode),
    )
    if (institutions.length === 0) throw refusePayofin('no_institutions')
    return { institutions, commissions: await commissionsOf(tx, call.caller.merchantId) }
  })
  const { institutions, commissions } = found
  return done({
    sootList: institutions.map((each) => ({
      ...shownInstitution(each),
      ...shownCommission(each, commissions.get(each.sootCode) ?? each),
    })),
  })
}

function codeIn(fields: Fields, name: string): number | undefined {
  const value = fields.get(name.toLowerCase())
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw refusePayofin('no_institutions')
}

async function institutionsFor(tx: Tx, { merchantId }: Caller): Promise<Institution[]> {
  const { sootCodes, currency } = await findMerchant(tx, merchantId)
  const all = await listInstitutions(tx)
  const open = all.filter(
    (each) =>
      each.isActive &&
      each.currency === currency &&
      (sootCodes === null || sootCodes.includes(each.sootCode)),
  )
  if (open.length === 0) throw refusePayofin('no_institutions')
  return open
}

function shownInstitution(institution: Institution) {
  const { sootCode, name, typeCode, description, mask } = institution
  return {
    sootCode,
    sootName: name,
    invoiceType: typeName(typeCode),
    description,
    fields: {
      title: institution.fieldTitle,
      description: institution.fieldDescription,
      mask,
      required: true,
      additionalNoRequired: institution.isAdditionalRequired,
      partialAmount: institution.isPartialAllowed,
    },
  }
}

function shownCommission(
  { currency }: Institution,
  { commissionMinor, profitMinor }: Pick<Commission, 'commissionMinor' | 'profitMinor'>,
) {
  return {
    payofinCommission: formatDecimal(commissionMinor, currency),
    totalCommission: formatDecimal(commissionMinor + profitMinor, currency),
  }
}

/** The open debts of one subscriber. */
export async function invoiceQuery(call: Call): Promise<object> {
  return done({ invoiceList: await query(call, fieldsOf(call.body)) })
}

/** Those of several, each with a verdict of its own. */
export async function multipleInvoiceQuery(call: Call): Promise<object> {
  const queries = listOf(fieldsOf(call.body).get('invoicequerylist'))
  if (queries.length === 0 || queries.length > queriesMax) throw refusePayofin('too_many_queries')
  const invoiceQueryList: object[] = []
  for (const each of queries) {
    const answer = async () => done({ invoiceList: await query(call, fieldsOf(each)) })
    invoiceQueryList.push(await apart(call, answer))
  }
  return { invoiceQueryList }
}

async function query(call: Call, fields: Fields): Promise<object[]> {
  const { tenantId, merchantId } = call.caller
  const unit = { tenantId, now: call.nowOf(tenantId) }
  const debts = await inTransaction(call.db, unit, (tx) =>
    queryDebts(tx, merchantId, {
      sootCode: fields.get('sootcode'),
      subscriberNo: fields.get('subscriberno'),
      additionalNo: fields.get('additionalno'),
      firmRefNo: fields.get('firmrefno'),
    }),
  )
  return debts.map(shownDebt)
}

function shownDebt(debt: QueriedDebt) {
  return {
    invoiceQueryId: debt.queryId,
    subscriberNo: debt.subscriberNo,
    customerName: debt.customerName,
    invoiceNo: debt.invoiceNo,
    expDate: dayText(debt.dueOn),
    invoiceAmount: decimal(debt.amountMinor, debt.currency),
    merchantProfit: decimal(debt.profitMinor, debt.currency),
  }
}

/** Pays one queried debt. */
export async function invoicePayment(call: Call): Promise<object> {
  return pay(call, fieldsOf(call.body))
}

/** Pays several, each on its own and in their order: one that fails undoes no other. */
export async function multipleInvoicePayment(call: Call): Promise<object> {
  const payments = listOf(call.body)
  if (payments.length > paymentsMax) throw refusePayofin('too_many_queries')
  const answers: object[] = []
  for (const each of payments) answers.push(await apart(call, () => pay(call, fieldsOf(each))))
  return answers
}

async function pay(call: Call, fields: Fields): Promise<object> {
  const { merchantId } = call.caller
  const paid = await payDebt(
    call,
    { context: call.newContext(), merchantId },
    {
      invoiceQueryId: fields.get('invoicequeryid'),
      partialAmount: fields.get('partialamount'),
    },
  )
  return done({ payofinPaymentDetails: shownPayment(paid) })
}

function shownPayment({ paymentId, currency, paidAt, ...paid }: PaidDebt) {
  return {
    invoicePaymentId: paymentId,
    balance: decimal(paid.balanceMinor, currency),
    paymentAmount: decimal(paid.amountMinor, currency),
    profit: decimal(paid.profitMinor, currency),
    paymentDate: timeText(paidAt),
  }
}

/** How one payment stands. */
export async function invoiceCheck(call: Call): Promise<object> {
  const id = fieldsOf(call.body).get('invoicepaymentid')
  const [payment] = await read(call, (tx) => paymentDetails(tx, call.caller.merchantId, [id]))
  if (!payment) throw refusePayofin('no_transaction')
  return done({ invoiceDetail: shownDetail(payment) })
}

/** The payments of some days. */
export async function invoiceList(call: Call): Promise<object> {
  const fields = fieldsOf(call.body)
  const range = { firstDate: fields.get('firstdate'), lastDate: fields.get('lastdate') }
  const payments = await read(call, (tx) => paymentsBetween(tx, call.caller.merchantId, range))
  return done({ invoiceList: payments.map(shownDetail) })
}

function shownDetail(payment: PaymentDetail) {
  return {
    invoicePaymentId: payment.paymentId,
    invoiceType: typeName(payment.typeCode),
    sootName: payment.sootName,
    subscriberNo: payment.subscriberNo,
    customerName: payment.customerName,
    invoiceNo: payment.invoiceNo,
    expDate: dayText(payment.dueOn),
    invoiceAmount: decimal(payment.amountMinor, payment.currency),
    profit: decimal(payment.profitMinor, payment.currency),
    paymentDate: timeText(payment.paidAt),
    status: payment.status,
  }
}

/** What a merchant prints for its customer. */
export async function invoiceReceipt(call: Call): Promise<object> {
  const wanted = listOf(fieldsOf(call.body).get('invoicepaymentlist'))
  if (wanted.length === 0) throw refusePayofin('no_transaction')
  if (wanted.length > paymentsMax) throw refusePayofin('too_many_queries')
  const ids = wanted.map((each) => fieldsOf(each).get('invoicepaymentid'))
  const { merchantId } = call.caller
  const [merchant, payments] = await read(
    call,
    async (tx) =>
      [await findMerchant(tx, merchantId), await paymentDetails(tx, merchantId, ids)] as const,
  )
  return done({
    merchantData: {
      merchantCode: String(merchant.merchantId),
      merchantName: merchant.name,
      merchantAddress: merchant.address,
      merchantPhone: merchant.phone,
    },
    invoiceReceiptList: payments.map(shownReceipt),
  })
}

function shownReceipt(payment: PaymentDetail) {
  const { amountMinor, profitMinor, currency } = payment
  return {
    referenceNo: String(payment.paymentId),
    transactionDate: timeText(payment.paidAt),
    sootType: typeName(payment.typeCode),
    sootName: payment.sootName,
    invoiceNo: payment.invoiceNo,
    subscriberNo: payment.subscriberNo,
    customerName: payment.customerName,
    lastDate: dayText(payment.dueOn),
    invoiceAmount: decimal(amountMinor, currency),
    profit: decimal(profitMinor, currency),
    totalAmount: decimal(amountMinor + profitMinor, currency),
    status: payment.status,
  }
}

function read<R>(call: Call, work: (tx: Tx) => Promise<R>): Promise<R> {
  const { tenantId } = call.caller
  const unit = { tenantId, now: call.nowOf(tenantId), isReadOnly: true }
  return inTransaction(call.db, unit, work)
}

/** One of several things asked for at once: what goes wrong with it is its own verdict. */
async function apart(call: Call, work: () => Promise<object>): Promise<object> {
  try {
    return await work()
  } catch (error) {
    call.note(error)
    return failed(codeOf(error))
  }
}
