import { promiseOfClaim } from './agreements.ts'
import type { Claim } from './model.ts'
import { msOf } from './statement.ts'

/**
 * A claim beside its item in one row, each field a column. As one JSON object for each claim, which names its fields again
 * and again, reading them took more than half of the time in which the open items of an account were found.
 */

// What only changes of the claim itself look at; a payment moves many claims and reads none of it.
const whole = (column: string) => `case when i.is_whole then c.${column} end as ${column}`

/** The columns of a claim `c` for `claimOfRow`; `i.is_whole` says whether all of it is wanted. */
export const claimColumns = `c.claim_id, c.reference as claim_reference, c.receeve_reference, c.is_managed, c.status,
  c.resolution_reason, c.is_resolved_by_request, c.original_due_on, c.current_due_on, c.debtor_reference, i.is_whole,
  ${whole('primary_debtor')}, c.product_reference as claim_product_reference, c.portfolio_reference, c.creditor_reference,
  c.payment_reference, ${whole('scores')}, ${whole('meta')}, c.frozen_meta, ${msOf('c.created_at')} as claim_created_at,
  ${msOf('c.resolved_at')} as resolved_at, ${msOf('c.deleted_at')} as deleted_at, ${promiseOfClaim} as promise`

/** What an item's row says of its claim; all of it is null where the item has none. */
export interface ClaimRow {
  readonly claim_id: string | null
  readonly claim_reference: string
  readonly receeve_reference: string
  readonly is_managed: boolean
  readonly status: Claim['status']
  readonly resolution_reason: Claim['resolutionReason']
  readonly is_resolved_by_request: boolean
  readonly original_due_on: string
  readonly current_due_on: string
  readonly debtor_reference: string | null
  readonly is_whole: boolean
  readonly primary_debtor: Claim['primaryDebtor']
  readonly claim_product_reference: string | null
  readonly portfolio_reference: string | null
  readonly creditor_reference: string | null
  readonly payment_reference: string | null
  readonly scores: Claim['scores']
  readonly meta: Claim['meta']
  readonly frozen_meta: Claim['frozenMeta']
  readonly claim_created_at: number
  readonly resolved_at: number | null
  readonly deleted_at: number | null
  readonly promise: Claim['promise']
}

export function claimOfRow(
  row: ClaimRow,
  at: { readonly accountId: string; readonly itemSeq: number },
): Claim | undefined {
  if (row.claim_id === null) return undefined
  return {
    claimId: row.claim_id,
    reference: row.claim_reference,
    receeveReference: row.receeve_reference,
    accountId: at.accountId,
    itemSeq: at.itemSeq,
    isManaged: row.is_managed,
    status: row.status,
    resolutionReason: row.resolution_reason,
    isResolvedByRequest: row.is_resolved_by_request,
    originalDueOn: row.original_due_on,
    currentDueOn: row.current_due_on,
    debtorReference: row.debtor_reference,
    isWhole: row.is_whole,
    primaryDebtor: row.primary_debtor,
    productReference: row.claim_product_reference,
    portfolioReference: row.portfolio_reference,
    creditorReference: row.creditor_reference,
    paymentReference: row.payment_reference,
    scores: row.scores,
    meta: row.meta,
    frozenMeta: row.frozen_meta,
    createdAtMs: row.claim_created_at,
    resolvedAtMs: row.resolved_at,
    deletedAtMs: row.deleted_at,
    promise: row.promise ?? null,
  }
}
