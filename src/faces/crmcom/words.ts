import {
  type AccountIdentifier,
  type BillIdentifier,
  type CardIdentifier,
  type Change,
  type ConfigIdentifier,
  type InvoiceIdentifier,
  type PaymentIdentifier,
  type PaymentWords,
  refuseCrm,
} from '../../crm/index.ts'
import {
  decimalOf,
  type Given,
  identifierOf,
  nullableText,
  requireIdentifier,
  setOf,
  textOf,
  timeOf,
  udfOf,
} from './parameters.ts'

const accountFields = ['id', 'number', 'name'] as const
const paymentFields = ['id', 'number', 'reference_number', 'back_office_code'] as const
const billFields = ['id', 'number'] as const
const cardFields = ['id', 'payment_gateway_reference_number', 'last_digits'] as const
const codedFields = ['id', 'name', 'alternative_code'] as const
const categoryFields = ['id', 'name', 'code'] as const
const userFields = ['username', 'id', 'email'] as const

const accountName = 'accounts_receivable_identifier'

export const accountOf = (given: Given): AccountIdentifier =>
  requireIdentifier(given, accountName, accountFields)

export const paymentOf = (given: Given): PaymentIdentifier =>
  requireIdentifier(given, 'payment_identifier', paymentFields)

export const invoiceOf = (given: Given): InvoiceIdentifier =>
  requireIdentifier(given, 'invoice_identifier', paymentFields)

export const billOf = (given: Given): BillIdentifier =>
  requireIdentifier(given, 'bill_identifier', billFields)

type CodedKind = 'TYPE' | 'METHOD' | 'REASON' | 'UNIT'
const codedNames = {
  TYPE: 'type_identifier',
  METHOD: 'payment_method_identifier',
  REASON: 'rejection_reason_identifier',
  UNIT: 'received_by_unit_identifier',
} as const satisfies Record<CodedKind, string>

/** A type, method, reason or unit that a call may name. */
export function codedOf(
  given: Given,
  kind: CodedKind,
  name: string = codedNames[kind],
): ConfigIdentifier | undefined {
  const found = identifierOf(given, name, codedFields)
  if (!found) return undefined
  const field = found.field === 'alternative_code' ? 'alternativeCode' : found.field
  return { kind, field, value: found.value }
}

export function requireCoded(given: Given, kind: CodedKind, name?: string): ConfigIdentifier {
  const found = codedOf(given, kind, name)
  if (!found) throw refuseCrm('mandatory_missing', name ?? codedNames[kind])
  return found
}

/** A category is known by its code, other things by their alternative code. */
export function categoryOf(given: Given): ConfigIdentifier | undefined {
  const found = identifierOf(given, 'category_identifier', categoryFields)
  if (!found) return undefined
  const field = found.field === 'code' ? 'alternativeCode' : found.field
  return { kind: 'CATEGORY', field, value: found.value }
}

function userOf(given: Given): ConfigIdentifier | undefined {
  const found = identifierOf(given, 'received_by_user_identifier', userFields)
  if (!found) return undefined
  return {
    kind: 'USER',
    field: found.field === 'username' ? 'name' : found.field,
    value: found.value,
  }
}

/** What a new payment says of itself; what is mandatory has to be there. */
export function newPaymentWords(given: Given): PaymentWords {
  const words = paymentWords(given)
  if (!words.account) throw refuseCrm('mandatory_missing', accountName)
  if (!words.type) throw refuseCrm('mandatory_missing', codedNames.TYPE)
  if (!words.method) throw refuseCrm('mandatory_missing', codedNames.METHOD)
  return words
}

/** What a call says of a payment, as far as it says it. */
export function paymentWords(given: Given, isUpdate = false): PaymentWords {
  if (identifierOf(given, 'wallet_identifier', billFields)) {
    const isBoth = identifierOf(given, accountName, accountFields) !== undefined
    throw refuseCrm(isBoth ? 'not_exactly_one' : 'wallets_unsupported')
  }
  const card: CardIdentifier | undefined = identifierOf(given, 'card_identifier', cardFields)
  return {
    account: identifierOf(given, accountName, accountFields),
    type: codedOf(given, 'TYPE'),
    category: categoryOf(given),
    method: codedOf(given, 'METHOD'),
    amount: decimalOf(given, 'payment_amount'),
    receivedAt: timeOf(given, 'received_on'),
    receivedByUser: userOf(given),
    receivedByUnit: codedOf(given, 'UNIT'),
    card,
    notes: nullableText(given, 'notes'),
    backOfficeCode: codeOf(given),
    udf: udfOf(given),
    invoices: changesOf(given, { set: 'invoices_to_pay_set', isUpdate, read: invoiceOf }),
    bills: changesOf(given, { set: 'bills_to_pay_set', isUpdate, read: billOf }),
  }
}

const codeMax = 100

export function codeOf(given: Given): string | null | undefined {
  const code = nullableText(given, 'back_office_code')
  if (typeof code === 'string' && (code === '' || code.length > codeMax))
    throw refuseCrm('invalid_value', 'back_office_code')
  return code
}

function changesOf<I>(
  given: Given,
  of: { set: string; isUpdate: boolean; read: (member: Given) => I },
): Change<I>[] | undefined {
  return setOf(given, of.set)?.map((member) => ({
    action: of.isUpdate ? actionOf(member) : 'ADD',
    identifier: of.read(member),
  }))
}

function actionOf(member: Given): 'ADD' | 'REMOVE' {
  const action = textOf(member, 'action')
  if (action === undefined) throw refuseCrm('mandatory_missing', 'action')
  if (action !== 'ADD' && action !== 'REMOVE') throw refuseCrm('invalid_value', 'action')
  return action
}
