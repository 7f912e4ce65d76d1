import type { Refusal } from '../../platform/refusal.ts'

/** D-13: the numbers that this contract gives to what the book refuses. Only 4002 and 4007 are published. */
const codes: Record<string, number> = {
  invalid_input: 4000,
  mandate_not_found: 4000,
  amount_out_of_range: 4000,
  currency_mismatch: 4001,
  account_exists: 4002,
  claim_exists: 4002,
  debtor_exists: 4002,
  product_exists: 4002,
  mandate_exists: 4002,
  claim_not_found: 4003,
  account_not_found: 4004,
  debtor_not_found: 4005,
  product_not_found: 4006,
  entry_exists: 4007,
  entry_not_found: 4008,
  claim_is_managed: 4009,
  claim_not_deleted: 4010,
  claim_deleted: 4011,
  claim_not_active: 4012,
  journey_stopped: 4012,
  wrong_direction: 4013,
}

/** `[4003] ParameterInputError: Claim not found` */
export function coded(refusal: Refusal, errorClass = 'ParameterInputError'): string {
  return `[${codes[refusal.code] ?? 4000}] ${errorClass}: ${refusal.message}`
}

/** A refusal of a whole request: with its number where the book refused (D-34), else in its own words. */
export function codedWhereKnown(refusal: Refusal): string {
  return refusal.code in codes ? coded(refusal) : refusal.message
}

/** The published text for a command whose handler failed (3.3.4), named as D-104 says. */
export function commandFailed(command: string): string {
  return `Error processing message "${command}"`
}

export const processed = 'Successfully processed action'
