import { Type } from 'typebox'
import type { PublishedOperation } from '../../platform/openapi.ts'

/** The three fields that every answer of this door ends with. */
export const Verdict = Type.Object({
  result: Type.Boolean(),
  resultCode: Type.Integer(),
  resultMessage: Type.String(),
})

const verdict = Verdict.properties
const SootCode = Type.Union([Type.Integer(), Type.String({ pattern: String.raw`^\d+$` })])

const fields = {
  title: Type.String(),
  description: Type.String(),
  mask: Type.String(),
  required: Type.Boolean(),
  additionalNoRequired: Type.Boolean(),
  partialAmount: Type.Boolean(),
}
const institution = {
  sootCode: Type.Integer(),
  sootName: Type.String(),
  invoiceType: Type.String(),
  description: Type.String(),
  fields: Type.Object(fields),
}
const commissions = { payofinCommission: Type.String(), totalCommission: Type.String() }

const query = {
  sootCode: SootCode,
  subscriberNo: Type.String(),
  additionalNo: Type.Optional(Type.String()),
  firmRefNo: Type.String({ maxLength: 15 }),
}
const debt = Type.Object({
  invoiceQueryId: Type.Integer(),
  subscriberNo: Type.String(),
  customerName: Type.String(),
  invoiceNo: Type.String(),
  expDate: Type.String(),
  invoiceAmount: Type.Number(),
  merchantProfit: Type.Number(),
})
const debts = { invoiceList: Type.Optional(Type.Array(debt)) }

const Payment = Type.Object({
  invoiceQueryId: Type.Integer(),
  partialAmount: Type.Optional(Type.Integer({ minimum: 1 })),
})
const paid = {
  payofinPaymentDetails: Type.Optional(
    Type.Object({
      invoicePaymentId: Type.Integer(),
      balance: Type.Number(),
      paymentAmount: Type.Number(),
      profit: Type.Number(),
      paymentDate: Type.String(),
    }),
  ),
}
const ById = Type.Object({ invoicePaymentId: Type.Integer() })
const detail = Type.Object({
  invoicePaymentId: Type.Integer(),
  invoiceType: Type.String(),
  sootName: Type.String(),
  subscriberNo: Type.String(),
  customerName: Type.String(),
  invoiceNo: Type.String(),
  expDate: Type.String(),
  invoiceAmount: Type.Number(),
  profit: Type.Number(),
  paymentDate: Type.String(),
  status: Type.Union([Type.Literal('Paid'), Type.Literal('Cancelled')]),
})
const receipt = Type.Object({
  referenceNo: Type.String(),
  transactionDate: Type.String(),
  sootType: Type.String(),
  sootName: Type.String(),
  invoiceNo: Type.String(),
  subscriberNo: Type.String(),
  customerName: Type.String(),
  lastDate: Type.String(),
  invoiceAmount: Type.Number(),
  profit: Type.Number(),
  totalAmount: Type.Number(),
  status: Type.String(),
})
const merchant = Type.Object({
  merchantCode: Type.String(),
  merchantName: Type.String(),
  merchantAddress: Type.String(),
  merchantPhone: Type.String(),
})

type Described = Pick<PublishedOperation, 'id' | 'method' | 'summary' | 'body' | 'answer'>

const described: readonly Described[] = [
  {
    id: 'sootlist',
    method: 'GET',
    summary: 'The institutions that the merchant may collect for',
    answer: Type.Object({ sootList: Type.Array(Type.Object(institution)), ...verdict }),
  },
  {
    id: 'sootListByType',
    method: 'POST',
    summary: 'Institutions of a kind or a city, with what they cost',
    body: Type.Object({
      sootTypeCode: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
      cityCode: Type.Optional(Type.Integer()),
    }),
    answer: Type.Object({
      sootList: Type.Array(Type.Object({ ...institution, ...commissions })),
      ...verdict,
    }),
  },
  {
    id: 'invoicequery',
    method: 'POST',
    summary: 'The open debts of a subscriber, each under an id that pays it once',
    body: Type.Object(query),
    answer: Type.Object({ ...debts, ...verdict }),
  },
  {
    id: 'multipleinvoicequery',
    method: 'POST',
    summary: 'The open debts of up to fifteen subscribers, each answered on its own',
    body: Type.Object({ invoiceQueryList: Type.Array(Type.Object(query), { maxItems: 15 }) }),
    answer: Type.Object({ invoiceQueryList: Type.Array(Type.Object({ ...debts, ...verdict })) }),
  },
  {
    id: 'invoicepayment',
    method: 'POST',
    summary: 'Collect a queried debt, or a part of it in whole lira, from the float',
    body: Payment,
    answer: Type.Object({ ...paid, ...verdict }),
  },
  {
    id: 'multipleinvoicepayment',
    method: 'POST',
    summary: 'Collect several, one after another: one that fails undoes no other',
    body: Type.Array(Payment, { maxItems: 500 }),
    answer: Type.Array(Type.Object({ ...paid, ...verdict })),
  },
  {
    id: 'invoicecheck',
    method: 'POST',
    summary: 'How a payment stands',
    body: ById,
    answer: Type.Object({ invoiceDetail: Type.Optional(detail), ...verdict }),
  },
  {
    id: 'invoicelist',
    method: 'POST',
    summary: 'The payments of up to fifteen days, both days included',
    body: Type.Object({
      firstDate: Type.String({ format: 'date' }),
      lastDate: Type.String({ format: 'date' }),
    }),
    answer: Type.Object({ invoiceList: Type.Optional(Type.Array(detail)), ...verdict }),
  },
  {
    id: 'invoicereceipt',
    method: 'POST',
    summary: 'What a merchant prints for its customer',
    body: Type.Object({ invoicePaymentList: Type.Array(ById, { minItems: 1, maxItems: 500 }) }),
    answer: Type.Object({
      merchantData: Type.Optional(merchant),
      invoiceReceiptList: Type.Optional(Type.Array(receipt)),
      ...verdict,
    }),
  },
]

/** The headers that every call carries. */
export const payofinKeys = {
  ApiKey: { type: 'apiKey', in: 'header', name: 'ApiKey' },
  SecretKey: { type: 'apiKey', in: 'header', name: 'SecretKey' },
} as const

/** What the published contract says of the operations of this door. */
export function payofinContract(): PublishedOperation[] {
  return described.map((operation) => ({
    ...operation,
    path: `/invoices/${operation.id}`,
    tag: 'Invoices',
    status: 200,
    errors: [400, 409, 422, 429],
  }))
}
