import { exponentOf } from '../kernel/money.ts'
import { refuse } from './refusals.ts'

// Where Stripe counts otherwise than ISO 4217: https://docs.stripe.com/currencies (zero-decimal and special cases).
const stripeExponents: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 }
// Nor does it take single krónur or the last digit of three decimals.
const thousandths = 3
const lastDigit = 10

/** Our minor units in the units that Stripe counts a currency in; refuses what they cannot say. */
export function stripeAmount(amountMinor: number, currency: string): number {
  const own = exponentOf(currency)
  const theirs = stripeExponents[currency] ?? own
  const amount =
    theirs >= own
      ? amountMinor * 10 ** (theirs - own)
      : dividedBy(amountMinor, 10 ** (own - theirs))
  if (!Number.isSafeInteger(amount))
    throw refuse('amount_not_payable', `${amountMinor} ${currency}`)
  if (own === thousandths) dividedBy(amount, lastDigit)
  return amount
}

function dividedBy(amountMinor: number, divisor: number): number {
  if (amountMinor % divisor !== 0) {
    throw refuse('amount_not_payable', `this currency is paid in steps of ${divisor}`)
  }
  return amountMinor / divisor
}
