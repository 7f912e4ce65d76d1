import { linkKnownDebtor } from '../accounts/index.ts'
import { type Book, type ClaimAt, type Desk, uncount } from '../book/index.ts'
import { bookBucket, bookPrincipal, bringTo } from './amounts.ts'

/** Moves an unmanaged claim with what it asks for to another account: out of one book, into the other (D-75). */
export function moveClaim(desk: Desk, { book: from, claim }: ClaimAt, to: Book): void {
  const amountMinor = from.amountOf(claim)
  const fees = from.feesOf(claim.itemSeq).filter((fee) => !fee.isRetired)
  const buckets = fees.map((fee) => ({ name: fee.feeType, amountMinor: fee.outstandingMinor }))
  from.touch(claim)
  const booking = { reason: 'CLAIM_MOVED' }
  for (const item of [from.item(claim.itemSeq), ...fees])
    bringTo(desk, from, { item, amountMinor: 0, booking })
  const before = from.releaseClaim(claim)
  uncount(from, before, (event) => desk.emit(event))
  const itemSeq = bookPrincipal(desk, to, { claim, amountMinor })
  desk.journal.assign(claim, { itemSeq, accountId: to.account.accountId })
  to.adoptClaim(claim, before)
  buckets.forEach((bucket, index) =>
    bookBucket(desk, to, { claim, ...bucket, position: index + 1 }),
  )
  // Who owes the claim owes it there too, and is found there.
  const { debtorReference: reference, primaryDebtor } = claim
  if (reference !== null) {
    // The claim's copy may be older than the person's record.
    const data = desk.debtorData(from, reference) ?? primaryDebtor ?? {}
    linkKnownDebtor(desk, to, { reference, data })
  }
  desk.journal.put(desk.claims, claim.reference, { claim, book: to })
}
