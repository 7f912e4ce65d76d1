import { defineRefusals } from '../platform/refusal.ts'

/** What this door's business refuses; the face gives each its result code. */
export const refusePayofin = defineRefusals({
  no_debt: { kind: 'not_found', message: 'The subscriber has no debt' },
  balance_too_low: { kind: 'conflict', message: 'The float of the merchant is too low' },
  outside_hours: { kind: 'conflict', message: 'The institution is closed at this hour' },
  holiday: { kind: 'conflict', message: 'The institution is closed today' },
  amount_too_large: { kind: 'invalid', message: 'The amount is too large for one payment' },
  not_permitted: { kind: 'forbidden', message: 'The merchant may not do this' },
  partial_not_whole: { kind: 'invalid', message: 'The partial amount is no whole number' },
  range_too_long: { kind: 'invalid', message: 'The range of days is too long' },
  already_paid: { kind: 'conflict', message: 'The debt is paid already' },
  no_transaction: { kind: 'not_found', message: 'There is no such payment' },
  national_id_wrong: { kind: 'invalid', message: 'The identity or tax number is wrong' },
  legal_follow_up: { kind: 'conflict', message: 'The debt is with an agency' },
  subscriber_wrong: { kind: 'invalid', message: 'The subscriber number is wrong' },
  firm_reference_wrong: { kind: 'invalid', message: 'The reference of the merchant is wrong' },
  additional_wrong: { kind: 'invalid', message: 'The additional number is wrong' },
  institution_wrong: { kind: 'not_found', message: 'There is no such institution' },
  too_many_queries: { kind: 'invalid', message: 'Too many queries in one request' },
  query_unknown: { kind: 'not_found', message: 'The queried debt is not known, or no longer' },
  partial_too_large: { kind: 'invalid', message: 'The partial amount is more than the debt' },
  query_missing: { kind: 'invalid', message: 'The query id is missing' },
  credentials_wrong: { kind: 'unauthenticated', message: 'The keys are wrong' },
  no_institutions: { kind: 'not_found', message: 'There is no institution to list' },
  desk_only: { kind: 'forbidden', message: 'The debt can be paid at the institution only' },
  dates_missing: { kind: 'invalid', message: 'The dates are missing' },
  merchant_unknown: { kind: 'not_found', message: 'There is no such merchant' },
  invalid_hours: {
    kind: 'invalid',
    message: 'opensAt and closesAt are both given or both null, and opensAt comes first',
  },
  institution_exists: { kind: 'conflict', message: 'The code of the institution is taken' },
  payment_unknown: { kind: 'not_found', message: 'There is no such payment' },
  payment_cancelled: { kind: 'conflict', message: 'The payment is cancelled already' },
})
export type PayofinRefusal = Parameters<typeof refusePayofin>[0]
