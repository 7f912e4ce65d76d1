import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { JsonError } from '../../kernel/json.ts'
import { logFailure } from '../../platform/http.ts'
import { Refusal } from '../../platform/refusal.ts'

const of = (name: string) => `COM.CRM.EXCEPTION.${name}EXCEPTION`

const objectCodes = {
  accounts_receivable: 'ACCOUNTSRECEIVABLE.ACCOUNTSRECEIVABLE',
  payment: 'PAYMENTS.PAYMENT',
  invoice: 'INVOICES.INVOICE',
  bill: 'BILLS.BILL',
  type: 'FINANCIALTRANSACTIONS.TYPE',
  category: 'FINANCIALTRANSACTIONS.CATEGORY',
  payment_method: 'PAYMENTS.PAYMENTMETHOD',
  rejection_reason: 'PAYMENTS.REJECTIONREASON',
  unit: 'UNITS.UNIT',
  user: 'USERS.USER',
  card: 'PAYMENTGATEWAYS.CARD',
}

/** Our catalogue, in the shape of the two codes that were ever seen: an exception class with its package, in capitals. */
export const codes: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(objectCodes).flatMap(([object, name]) => [
      [`${object}_not_found`, of(`${name}NOTFOUND`)],
      [`${object}_not_unique`, of(`${name}NOTUNIQUE`)],
    ]),
  ),
  invalid_token: of('AUTHENTICATION.INVALIDTOKEN'),
  invalid_credentials: of('AUTHENTICATION.INVALIDCREDENTIALS'),
  too_many_requests: of('AUTHENTICATION.TOOMANYREQUESTS'),
  invalid_value: of('WEBAPI.INVALIDPARAMETERVALUE'),
  malformed_url: of('WEBAPI.INVALIDPARAMETERVALUE'),
  amount_out_of_range: of('PAYMENTS.INVALIDPAYMENTAMOUNT'),
  mandatory_missing: of('WEBAPI.MANDATORYPARAMETERMISSING'),
  not_exactly_one: of('WEBAPI.ONLYONESEMIOPTIONALPARAMETERALLOWED'),
  invalid_identifier_field: of('WEBAPI.INVALIDIDENTIFIERFIELD'),
  method_not_found: of('WEBAPI.METHODNOTFOUND'),
  payment_not_draft: of('PAYMENTS.PAYMENTNOTINDRAFTSTATE'),
  payment_not_posted: of('PAYMENTS.PAYMENTNOTINPOSTEDSTATE'),
  invalid_amount: of('PAYMENTS.INVALIDPAYMENTAMOUNT'),
  invoice_of_another_account: of('PAYMENTS.INVOICENOTOWNEDBYACCOUNTSRECEIVABLE'),
  bill_of_another_account: of('PAYMENTS.BILLNOTOWNEDBYACCOUNTSRECEIVABLE'),
  invoice_settled: of('PAYMENTS.INVOICEALREADYSETTLED'),
  bill_settled: of('PAYMENTS.BILLALREADYSETTLED'),
  invoice_not_posted: of('PAYMENTS.INVOICENOTINPOSTEDSTATE'),
  wrong_classification: of('FINANCIALTRANSACTIONS.INVALIDCLASSIFICATION'),
  category_not_allowed: of('FINANCIALTRANSACTIONS.CATEGORYNOTALLOWED'),
  method_not_allowed: of('FINANCIALTRANSACTIONS.PAYMENTMETHODNOTALLOWED'),
  code_taken: of('FINANCIALTRANSACTIONS.BACKOFFICECODENOTUNIQUE'),
  card_missing: of('PAYMENTS.CARDMANDATORY'),
  card_not_applicable: of('PAYMENTS.CARDNOTAPPLICABLE'),
  card_declined: of('PAYMENTS.PAYMENTDECLINEDBYGATEWAY'),
  gateway_missing: of('PAYMENTGATEWAYS.GATEWAYNOTCONFIGURED'),
  provider_not_found: of('PAYMENTGATEWAYS.GATEWAYNOTCONFIGURED'),
  provider_refused: of('PAYMENTGATEWAYS.GATEWAYREFUSED'),
  amount_not_payable: of('PAYMENTS.INVALIDPAYMENTAMOUNT'),
  invalid_key: of('WEBAPI.INVALIDIDEMPOTENCYKEY'),
  key_reused: of('WEBAPI.IDEMPOTENCYKEYREUSED'),
  key_running: of('WEBAPI.REQUESTSTILLRUNNING'),
  key_unanswered: of('WEBAPI.REQUESTWITHOUTANSWER'),
  wallets_unsupported: of('PAYMENTS.WALLETNOTSUPPORTED'),
}

const systemError = 'COM.CRM.EXCEPTION.SYSTEMEXCEPTION'

/** What went well. */
export function success(data: unknown) {
  return { status: { code: 'OK', message: null, description: null }, data }
}

/**
 * Turns whatever went wrong into the envelope. Clients read the code of a normal answer, so business errors are HTTP 200;
 * other statuses are left to what a repetition later may heal, and to paths that do not exist.
 */
export function sendCrmError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  void reply.header('cache-control', 'no-store')
  if (error instanceof Refusal) return sendRefusal(error, reply)
  const known = error as Partial<FastifyError>
  const isOurs = error instanceof JsonError || (known.statusCode ?? 500) < 500
  if (isOurs) {
    const status = known.statusCode === 413 ? 413 : 200
    return fail(reply, { status, code: codes['invalid_value'] ?? '', message: known.message ?? '' })
  }
  logFailure(request, error)
  return fail(reply, { status: 200, code: systemError, message: 'Something broke on our side' })
}

/** What is no answer of a method: a path that does not exist, and an Idempotency-Key that another request holds. */
const statusOfCode: Readonly<Record<string, number>> = {
  method_not_found: 404,
  key_reused: 422,
  key_running: 409,
  key_unanswered: 409,
}

function sendRefusal(error: Refusal, reply: FastifyReply): FastifyReply {
  if (error.retryAfterSeconds !== undefined)
    void reply.header('retry-after', error.retryAfterSeconds)
  const statuses: Partial<Record<Refusal['kind'], number>> = { too_many: 429, unavailable: 503 }
  const status = statusOfCode[error.code] ?? statuses[error.kind] ?? 200
  const code = codes[error.code] ?? systemError
  return fail(reply, { status, code, message: error.message })
}

function fail(
  reply: FastifyReply,
  { status, code, message }: { status: number; code: string; message: string },
): FastifyReply {
  // The fact in one sentence; what it was about stands behind the colon and is told apart.
  const [text = message, ...details] = message.split(': ')
  const description = details.length === 0 ? null : details.join(': ')
  return reply.code(status).send({ status: { code, message: text, description }, data: null })
}
