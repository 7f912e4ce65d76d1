import type { Json } from '../book/index.ts'

/** What a journey may know of a claim when it decides. Amounts are minor units. */
export interface Facts {
  readonly claimId: string
  readonly reference: string
  readonly receeveReference: string
  readonly status: string
  readonly amountMinor: number
  readonly feesMinor: number
  readonly currency: string
  readonly originalDueOn: string
  readonly currentDueOn: string
  readonly portfolioReference: string | null
  readonly productReference: string | null
  readonly creditorReference: string | null
  readonly paymentReference: string | null
  readonly accountReference: string
  readonly debtorReference: string | null
  readonly debtor: Json
  /** The claim's own; it goes before the account's (D-28). */
  readonly meta: Json
  readonly accountMeta: Json
  /** When something last happened on the claim, as `lastThings` names it. */
  readonly last: Readonly<Record<string, string>>
  readonly timeZone: string
}
