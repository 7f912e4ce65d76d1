import type { Book } from './book.ts'
import type { Claim, Json } from './model.ts'

/** How every claim-level event names its claim. */
export function claimNames(book: Book, claim: Claim): Json {
  return {
    claimRef: claim.reference,
    receeveClaimRef: claim.receeveReference,
    accountReference: book.account.reference,
    ...(claim.debtorReference === null ? {} : { externalDebtorRef: claim.debtorReference }),
  }
}
