import { defineRefusals, type RefusalSpec } from '../platform/refusal.ts'

const objects = [
  'accounts_receivable',
  'payment',
  'invoice',
  'bill',
  'type',
  'category',
  'payment_method',
  'rejection_reason',
  'unit',
  'user',
  'card',
] as const

/** What an identifier may name. */
export type CrmObject = (typeof objects)[number]

type Missing = `${CrmObject}_${'not_found' | 'not_unique'}`

const missing = Object.fromEntries(
  objects.flatMap((object): [Missing, RefusalSpec][] => {
    const words = object.replaceAll('_', ' ')
    return [
      [`${object}_not_found`, { kind: 'not_found', message: `There is no such ${words}` }],
      [`${object}_not_unique`, { kind: 'invalid', message: `More than one ${words} matches` }],
    ]
  }),
) as Record<Missing, RefusalSpec>

/** Every expected no of this module; the CRM.COM face turns each into its code, our own door into a status. */
export const refuseCrm = defineRefusals({
  ...missing,
  invalid_token: { kind: 'unauthenticated', message: 'The token is missing, unknown or expired' },
  invalid_credentials: {
    kind: 'unauthenticated',
    message: 'Username, password and organisation do not fit together',
  },
  invalid_value: { kind: 'invalid', message: 'A parameter cannot be read' },
  mandatory_missing: { kind: 'invalid', message: 'A mandatory parameter is missing' },
  not_exactly_one: { kind: 'invalid', message: 'Exactly one of these has to be given' },
  invalid_identifier_field: {
    kind: 'invalid',
    message: 'This object is not identified by that field',
  },
  payment_not_draft: { kind: 'conflict', message: 'The payment is not in draft state' },
  payment_not_posted: { kind: 'conflict', message: 'The payment is not in posted state' },
  invalid_amount: {
    kind: 'invalid',
    message: 'The amount is not positive or has more decimals than its currency',
  },
  invoice_of_another_account: {
    kind: 'invalid',
    message: 'The invoice belongs to another accounts receivable',
  },
  bill_of_another_account: {
    kind: 'invalid',
    message: 'The bill belongs to another accounts receivable',
  },
  invoice_settled: { kind: 'conflict', message: 'Nothing is left to pay of the invoice' },
  bill_settled: { kind: 'conflict', message: 'Nothing is left to pay of the bill' },
  invoice_not_posted: { kind: 'conflict', message: 'The invoice is cancelled' },
  wrong_classification: { kind: 'invalid', message: 'The type is of another classification' },
  category_not_allowed: { kind: 'invalid', message: 'The type does not allow this category' },
  method_not_allowed: { kind: 'invalid', message: 'The type does not allow this payment method' },
  code_taken: { kind: 'conflict', message: 'This back office code is used already' },
  card_missing: { kind: 'invalid', message: 'This payment method needs a card' },
  card_not_applicable: { kind: 'invalid', message: 'This payment method takes no card' },
  card_declined: { kind: 'invalid', message: 'The card was declined' },
  gateway_missing: { kind: 'invalid', message: 'The tenant has not set up this payment gateway' },
  wallets_unsupported: { kind: 'invalid', message: 'Payments from wallets are not supported' },
  busy: { kind: 'unavailable', message: 'Too many changes of this account at once' },
  config_exists: { kind: 'conflict', message: 'Another one has this id, name or code' },
  config_not_found: { kind: 'not_found', message: 'There is no such configuration' },
  last_default: { kind: 'conflict', message: 'One rejection reason has to be the default' },
  own_user: { kind: 'conflict', message: 'The first user stays' },
  bill_exists: { kind: 'conflict', message: 'A bill has this number' },
  invoice_billed: { kind: 'conflict', message: 'The invoice is on a bill already' },
  card_exists: { kind: 'conflict', message: 'This card is known already' },
  card_charging: {
    kind: 'conflict',
    message: 'A payment is being charged to this card; it can be removed when that is over',
  },
  sequence_passed: { kind: 'conflict', message: 'Numbers up to this one were given out' },
})
