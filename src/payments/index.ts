export { matchPayment, type MatchResult } from './match-payment.ts'
export { type MatchStrategy, matchStrategies } from './allocation.ts'
export { setTargetAmounts } from './set-target-amounts.ts'
