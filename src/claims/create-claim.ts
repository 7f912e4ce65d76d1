import {
  announceTrigger,
  type CallContext,
  type Claim,
  type ClaimAt,
  type Command,
  conclude,
  type Desk,
  refuse,
} from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { bookBucket, bookPrincipal, bucketsOf } from './amounts.ts'
import { debtorOf, homeNeeds, homeOf } from './home.ts'
import type { ClaimData } from './schema.ts'

export interface ClaimInput {
  readonly reference: string
  readonly data: ClaimData
}

/** Opens a claim that the ledger does not manage. A reference that is or ever was a claim is refused (9.3.1). */
export function createClaim(context: CallContext, input: ClaimInput): Command<void> {
  return {
    ...commandOn(context, input),
    decide(desk) {
      if (desk.claimHolding(input.reference)) throw refuse('claim_exists')
      openClaim(desk, { context, input })
    },
  }
}

/** Starts the life of a deleted claim anew, under its old reference and unmanaged whatever it was (9.3.1, D-78). */
export function recreateClaim(context: CallContext, input: ClaimInput): Command<void> {
  return {
    ...commandOn(context, input),
    decide(desk) {
      const known = desk.findClaim(input.reference)
      if (!known || known.claim.status === 'PENDING') throw refuse('claim_not_found')
      if (known.claim.status !== 'DELETED') throw refuse('claim_not_deleted')
      openClaim(desk, { context, input, deleted: known })
    },
  }
}

export function commandOn(context: CallContext, input: ClaimInput) {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [input.reference], ...homeNeeds(input.data) },
  }
}

/** Opens a claim in the account it belongs to, new or in place of a deleted one. */
export function openClaim(
  desk: Desk,
  call: { context: CallContext; input: ClaimInput; deleted?: ClaimAt },
): void {
  const { context, input, deleted } = call
  const { data } = input
  const book = homeOf(desk, data)
  const debtor = debtorOf(desk, book, { context, data })
  const reference = deleted?.claim.reference ?? input.reference
  const claim = newClaim(
    desk,
    { reference, data },
    { accountId: book.account.accountId, ...debtor },
  )
  const itemSeq = bookPrincipal(desk, book, { claim, amountMinor: data.amount ?? 0 })
  const opened = deleted ? deleted.claim : { ...claim, itemSeq }
  if (deleted) {
    const before = deleted.book.releaseClaim(deleted.claim)
    const { claimId: _id, reference: _reference, createdAtMs: _createdAt, ...fresh } = claim
    deleted.book.journal.assign(deleted.claim, { ...fresh, itemSeq })
    book.adoptClaim(deleted.claim, before)
    desk.journal.put(desk.claims, deleted.claim.reference, { claim: deleted.claim, book })
  } else {
    desk.addClaim(book, opened)
  }
  let position = 0
  for (const [name, amountMinor] of bucketsOf(data)) {
    position += 1
    bookBucket(desk, book, { claim: opened, name, amountMinor, position })
  }
  conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
  announceTrigger(desk, { book, claim: opened }, context.triggerName)
}

function newClaim(
  desk: Desk,
  input: ClaimInput,
  home: Pick<Claim, 'accountId' | 'debtorReference' | 'primaryDebtor'>,
): Claim {
  const { reference, data } = input
  const originalDueOn = data.originalDueDate ?? ''
  return {
    claimId: newId(),
    reference,
    receeveReference: `${reference}-${originalDueOn}`,
    accountId: home.accountId,
    itemSeq: 0,
    isManaged: false,
    status: 'ACTIVE',
    resolutionReason: null,
    isResolvedByRequest: false,
    originalDueOn,
    currentDueOn: data.currentDueDate ?? originalDueOn,
    debtorReference: home.debtorReference,
    primaryDebtor: home.primaryDebtor,
    productReference: data.productReference ?? null,
    portfolioReference: data.portfolioReference ?? null,
    creditorReference: data.creditorReference ?? null,
    paymentReference: data.paymentReference ?? null,
    scores: data.scores ?? null,
    meta: data.meta ?? {},
    frozenMeta: null,
    createdAtMs: desk.nowMs,
    resolvedAtMs: null,
    deletedAtMs: null,
  }
}
