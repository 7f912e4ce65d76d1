export { matchPayment, type MatchResult } from './match-payment.ts'
export {
  allocate,
  eligibleItems,
  type MatchStrategy,
  matchStrategies,
  type Share,
} from './allocation.ts'
export { setTargetAmounts } from './set-target-amounts.ts'
