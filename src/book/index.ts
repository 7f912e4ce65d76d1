export { type Book, bounded, type ClaimBefore } from './book.ts'
export { Bookkeeper } from './bookkeeper.ts'
export type { Command, Companion, Outcome } from './command.ts'
export { claimNames } from './claim-names.ts'
export { conclude, reactivate, reopenUnpaid, resolve, uncount } from './conclude.ts'
export { baseOfReceeveReference, type ClaimAt, Desk, type Needs } from './desk.ts'
export {
  claimsPaidBy,
  findClaimNamed,
  findClaims,
  type FoundClaim,
  namesOfClaim,
} from './find-claims.ts'
export { paymentKey } from './load.ts'
export {
  type AccountDebtor,
  type Claim,
  type Debtor,
  type EntryKind,
  type Item,
  type Json,
  type JourneyRun,
  type Mandate,
  type NamedEntry,
  type Origin,
  type Product,
  type PromiseToPay,
  type ProviderPayment,
  type ResolutionReason,
  resolutionReasons,
} from './model.ts'
export { type EntryOrder, post, type Target } from './post.ts'
export { endPromise, promiseEvent } from './promise.ts'
export { refuse } from './refusals.ts'
export { takeBack, type TakenBack, type TakenEntry, type Taking } from './take-back.ts'
export {
  announceBooked,
  announceTrigger,
  callContext,
  type CallContext,
  type TenantSwitches,
} from './call.ts'
