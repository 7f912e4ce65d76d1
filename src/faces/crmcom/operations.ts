import {
  allows,
  cancelPayment,
  configOf,
  createPayment,
  findAccount,
  findPayment,
  inSession,
  listPayments,
  payBill,
  payInvoice,
  pickConfig,
  postPayment,
  refuseCrm,
  rejectPayment,
  updatePayment,
} from '../../crm/index.ts'
import { type Given, nullableText, requireText, textOf, udfOf } from './parameters.ts'
import { neighbourOperations } from './neighbours.ts'
import { type Call, type CrmOperation, latestOf, pageOf } from './operation.ts'
import { codedOf as codedView, completePayments, shortPayment } from './views.ts'
import {
  accountOf,
  billOf,
  categoryOf,
  codedOf,
  codeOf,
  invoiceOf,
  newPaymentWords,
  paymentOf,
  paymentWords,
  requireCoded,
} from './words.ts'

type Json = Record<string, unknown>

const filters = ['type_identifier', 'category_identifier', 'payment_method_identifier']
const paging = ['number_of_results', 'offset']
const udfs = 'udf_*'
const account = 'accounts_receivable_identifier!'
const payment = 'payment_identifier!'
const received = ['received_on', 'received_by_user_identifier', 'received_by_unit_identifier']
const common = [...received, 'card_identifier', 'notes', 'back_office_code', udfs]
const kind = ['type_identifier!', 'payment_method_identifier!', 'category_identifier']
const sets = ['invoices_to_pay_set', 'bills_to_pay_set']

/** Every operation of this door but those that log in and out. */
export const crmOperations: readonly CrmOperation[] = [
  {
    method: 'GET',
    path: '/payments/show',
    tag: 'Payments',
    summary: 'One payment with everything it names',
    parameters: [payment],
    async handle({ deps, session, given }) {
      const wanted = paymentOf(given)
      return inSession(deps, session, async (tx) => {
        const found = await findPayment(tx, wanted)
        const [view] = await completePayments(tx, [found], given.timeZone)
        return view
      })
    },
  },
  {
    method: 'GET',
    path: '/payments/list',
    tag: 'Payments',
    summary: 'The payments of an account in all states, the oldest first',
    parameters: [account, ...filters, ...paging],
    handle: (call) => listOf(call, pageOf(call.given)),
  },
  {
    method: 'GET',
    path: '/payments/get_latest',
    tag: 'Payments',
    summary: 'The latest payments of an account, the newest first',
    parameters: [account, 'number!', ...filters],
    handle: (call) => listOf(call, { offset: 0, limit: latestOf(call.given), isLatestFirst: true }),
  },
  {
    method: 'POST',
    path: '/payments/create',
    tag: 'Payments',
    summary: 'Create a payment: DRAFT books nothing, POSTED books and allocates it',
    parameters: [account, ...kind, 'life_cycle_state!', 'payment_amount!', ...common, ...sets],
    async handle({ deps, session, given }) {
      const words = newPaymentWords(given)
      const state = requireText(given, 'life_cycle_state')
      if (state !== 'DRAFT' && state !== 'POSTED')
        throw refuseCrm('invalid_value', 'life_cycle_state')
      return shortPayment(await createPayment(deps, { session, words }, state), given.timeZone)
    },
  },
  {
    method: 'POST',
    path: '/payments/pay_invoice',
    tag: 'Payments',
    summary: 'Pay all that is left of an invoice',
    parameters: [account, ...kind, 'invoice_identifier!', ...common],
    async handle({ deps, session, given }) {
      const words = wholeWords(given)
      const invoice = invoiceOf(given)
      return shortPayment(await payInvoice(deps, { session, words }, invoice), given.timeZone)
    },
  },
  {
    method: 'POST',
    path: '/payments/pay_bill',
    tag: 'Payments',
    summary: 'Pay all that is left of the invoices on a bill',
    parameters: [account, ...kind, 'bill_identifier!', ...common],
    async handle({ deps, session, given }) {
      const words = wholeWords(given)
      const bill = billOf(given)
      return shortPayment(await payBill(deps, { session, words }, bill), given.timeZone)
    },
  },
  {
    method: 'POST',
    path: '/payments/post',
    tag: 'Payments',
    summary: 'Post a draft',
    parameters: [payment],
    async handle({ deps, session, given }) {
      const posted = await postPayment(deps, { session, payment: paymentOf(given) })
      return shortPayment(posted, given.timeZone)
    },
  },
  {
    method: 'POST',
    path: '/payments/reject',
    tag: 'Payments',
    summary: 'Reject a draft, for the default reason unless one is named',
    parameters: [payment, 'rejection_reason_identifier'],
    async handle({ deps, session, given }) {
      const reason = codedOf(given, 'REASON')
      const rejected = await rejectPayment(deps, { session, payment: paymentOf(given), reason })
      return shortPayment(rejected, given.timeZone)
    },
  },
  {
    method: 'POST',
    path: '/payments/cancel',
    tag: 'Payments',
    summary: 'Cancel a posted payment by a payment cancellation',
    parameters: [
      payment,
      'type_identifier!',
      'category_identifier',
      'notes',
      'issue_reason',
      'back_office_code',
      udfs,
    ],
    handle: cancel,
  },
  {
    method: 'POST',
    path: '/payments/update',
    tag: 'Payments',
    summary: 'Change a draft; members of the sets name an action, ADD or REMOVE',
    parameters: [payment, ...common, ...sets, 'payment_amount', ...filters],
    async handle({ deps, session, given }) {
      const words = paymentWords(given, true)
      const updated = await updatePayment(deps, { session, payment: paymentOf(given), words })
      return shortPayment(updated, given.timeZone)
    },
  },
  {
    method: 'GET',
    path: '/payments/configuration/payment_methods/list',
    tag: 'Configuration',
    summary: 'The payment methods that a payment type allows',
    parameters: ['payment_type_identifier!'],
    handle: listMethods,
  },
  {
    method: 'GET',
    path: '/payments/configuration/rejection_reasons/list',
    tag: 'Configuration',
    summary: 'The reasons for which a draft may be rejected',
    parameters: [],
    handle: ({ deps, session }) =>
      inSession(deps, session, async (tx) =>
        (await configOf(tx))
          .filter((one) => one.kind === 'REASON' && one.isActive)
          .map((reason) => ({
            default: reason.data['isDefault'] === true,
            rejection_reason: codedView(reason),
          })),
      ),
  },
  ...neighbourOperations,
]

/** What the samples send along says what happens anyway; a draft cannot be asked for. */
function wholeWords(given: Given) {
  const state = textOf(given, 'life_cycle_state')
  if (state !== undefined && state !== 'POSTED')
    throw refuseCrm('invalid_value', 'life_cycle_state')
  const { amount: _amount, invoices: _invoices, bills: _bills, ...words } = newPaymentWords(given)
  return words
}

async function listOf(
  { deps, session, given }: Call,
  page: { offset: number; limit: number; isLatestFirst?: boolean },
): Promise<Json[]> {
  const wanted = accountOf(given)
  const [type, category, method] = [
    codedOf(given, 'TYPE'),
    categoryOf(given),
    codedOf(given, 'METHOD'),
  ]
  return inSession(deps, session, async (tx) => {
    const config = await configOf(tx)
    const { accountId } = await findAccount(tx, wanted)
    const payments = await listPayments(tx, {
      accountId,
      typeId: type && pickConfig(config, type).id,
      categoryId: category && pickConfig(config, category).id,
      methodId: method && pickConfig(config, method).id,
      ...page,
    })
    return completePayments(tx, payments, given.timeZone)
  })
}

async function cancel({ deps, session, given }: Call): Promise<Json> {
  const { payment: cancelled, cancellation } = await cancelPayment(deps, {
    session,
    payment: paymentOf(given),
    type: requireCoded(given, 'TYPE'),
    category: categoryOf(given),
    notes: nullableText(given, 'notes') ?? null,
    issueReason: nullableText(given, 'issue_reason') ?? null,
    backOfficeCode: codeOf(given) ?? null,
    udf: udfOf(given),
  })
  const view = shortPayment(cancelled, given.timeZone)
  // The published sample still says POSTED of the payment it cancelled; a tenant whose client insists has it so.
  const isEchoed = session.tenant.settings['echoPostedOnCancel'] === true
  return {
    payment: isEchoed ? { ...view, life_cycle_state: 'POSTED' } : view,
    payment_cancellation: shortPayment(cancellation, given.timeZone),
  }
}

async function listMethods({ deps, session, given }: Call): Promise<Json[]> {
  const wanted = requireCoded(given, 'TYPE', 'payment_type_identifier')
  return inSession(deps, session, async (tx) => {
    const config = await configOf(tx)
    const type = pickConfig(config, wanted)
    if (type.data['classification'] !== 'PAYMENT') throw refuseCrm('wrong_classification')
    return config
      .filter((one) => one.kind === 'METHOD' && one.isActive && allows(type.data['methodIds'], one))
      .map((method) => ({
        id: `${type.id}.${method.id}`,
        default: type.data['defaultMethodId'] === method.id,
        payment_method: codedView(method),
      }))
  })
}
