/** The words of the book as the bookkeeper loads and writes them. Amounts are minor units of the account's currency. */

export type EntryKind =
  'invoice' | 'fee' | 'payment' | 'adjustment' | 'chargeback' | 'discount' | 'reporting'

/** `ledger`: booked by the caller's ledger; `claim`: booked for an unmanaged claim, hidden from get_account. */
export type Origin = 'ledger' | 'claim'

export type Json = Record<string, unknown>

export interface AccountHeader {
  readonly accountId: string
  readonly reference: string
  readonly currency: string
  readonly autoDebtorReference: string | null
  entrySeq: number
  creditMinor: number
  outstandingMinor: number
  claimsAmountMinor: number
  claimsFeesMinor: number
}

/** What a command asks for with `needs.profile`. */
export interface Profile {
  paymentReference: string | null
  portfolioReference: string | null
  meta: Json
  scores: Json[]
  debtors: AccountDebtor[]
  products: Product[]
}

export interface AccountDebtor {
  readonly reference: string
  readonly position: number
  /** As it was when the account was locked; a debtor that a command changes is read from the desk. */
  readonly data: Json
}

export interface Product {
  readonly reference: string
  readonly position: number
  data: Json
}

/** A person or company, known to the tenant by one reference over all accounts (D-38). */
export interface Debtor {
  readonly reference: string
  data: Json
  /** Counts its changes, through whichever door they came. */
  version: number
}

export interface Entry {
  readonly seq: number
  readonly reference: string
  readonly kind: EntryKind
  readonly origin: Origin
  readonly debit: string | null
  readonly credit: string | null
  readonly effect: -1 | 0 | 1
  readonly amountMinor: number
  readonly excessMinor: number
  readonly itemSeq: number | null
  /** The due date among its details. */
  readonly dueOn: string | null
  /** Sum of the chargebacks that named it. */
  chargedBackMinor: number
  readonly details: Json
  readonly context: Json
  readonly createdAtMs: number
  readonly commandId: string
}

/** An entry that was booked before and that a command names. */
export interface NamedEntry {
  readonly seq: number
  readonly reference: string
  readonly kind: EntryKind
  readonly origin: Origin
  readonly amountMinor: number
  readonly excessMinor: number
  readonly effect: Entry['effect']
  readonly itemSeq: number | null
  /** The due date among its details. */
  readonly dueOn: string | null
  /** Sum of the chargebacks that named it. */
  chargedBackMinor: number
}

export type ItemKind = 'invoice' | 'fee' | 'adjustment' | 'chargeback'

export interface Item {
  readonly seq: number
  readonly kind: ItemKind
  readonly origin: Origin
  readonly reference: string
  outstandingMinor: number
  paidMinor: number
  readonly parentSeq: number | null
  position: number
  isRetired: boolean
  readonly feeType: string | null
  readonly productReference: string | null
  dueOn: string | null
  readonly createdAtMs: number
}

export type ClaimStatus = 'PENDING' | 'ACTIVE' | 'RESOLVED' | 'DELETED'

export const resolutionReasons = [
  'CLAIM_SOLD',
  'CLAIM_PAID',
  'FRAUDULENT',
  'CLAIM_DISCARDED',
  'CLAIM_DISCHARGED',
  'CLAIM_INVALIDATED',
] as const
export type ResolutionReason = (typeof resolutionReasons)[number]

export interface Claim {
  readonly claimId: string
  readonly reference: string
  receeveReference: string
  accountId: string
  itemSeq: number
  isManaged: boolean
  status: ClaimStatus
  resolutionReason: ResolutionReason | null
  isResolvedByRequest: boolean
  originalDueOn: string
  currentDueOn: string
  debtorReference: string | null
  /** False where it was loaded to be paid only: its debtor copy, scores and meta are not here and cannot be changed. */
  readonly isWhole?: boolean
  primaryDebtor: Json | null
  productReference: string | null
  portfolioReference: string | null
  creditorReference: string | null
  paymentReference: string | null
  scores: Json[] | null
  meta: Json
  frozenMeta: Json | null
  createdAtMs: number
  resolvedAtMs: number | null
  deletedAtMs: number | null
  /** The active promise on the claim, if there is one; it goes where the claim goes. */
  promise?: PromiseToPay | null
}

export type PromiseStatus = 'ACTIVE' | 'RESOLVED' | 'EXPIRED' | 'INVALIDATED'

/** That at least an amount will be paid on a claim by a date (D-91). */
export interface PromiseToPay {
  readonly promiseId: string
  readonly claimId: string
  readonly amountMinor: number
  readonly currency: string
  readonly dueOn: string
  /** The instant at which that date is over for the tenant. */
  readonly expiresAtMs: number
  status: PromiseStatus
  /** What was received since the promise was made, less what was taken back. */
  paidMinor: number
  readonly createdAtMs: number
  endedAtMs: number | null
}

/** What a command finds of the mandates that an account has. */
export interface KnownMandate {
  readonly mandateId: string
  readonly position: number
}

export interface Mandate extends KnownMandate {
  readonly provider: string
  readonly debtorReference: string
  readonly productReferences: readonly string[]
  readonly representation: Json | null
  readonly clientIpAddress: string | null
}

export type RunStatus = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FINISHED'

/** A claim's way through a journey, the newest that it has; what it remembers on the way only journeys can read. */
export interface JourneyRun {
  readonly runId: string
  readonly claimId: string
  /** Null: it only says that the claim was paused or stopped before any journey was assigned. */
  readonly journeyId: string | null
  readonly journeyName: string | null
  readonly version: number | null
  status: RunStatus
  state: Json
  nextAtMs: number | null
  readonly startedAtMs: number
  pausedAtMs: number | null
  pausedUntilMs: number | null
  endedAtMs: number | null
  endReason: string | null
}

export interface ProviderPayment {
  readonly provider: string
  readonly trackingId: string
  readonly amountMinor: number
  readonly currency: string
  readonly firstSeq: number
  readonly lastSeq: number
  /** What was booked for it. */
  readonly entries: readonly Pick<
    Entry,
    'reference' | 'kind' | 'details' | 'context' | 'createdAtMs'
  >[]
}

export interface BookEvent {
  readonly type: string
  readonly data: Json
}
