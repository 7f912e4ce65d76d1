/** Where a case came from. Cases of a forced source are prepared by hand and then not reviewed. */
export interface CaseSource {
  readonly id: number
  readonly code: 'API' | 'DUNNING' | 'CHARGEBACK'
  readonly isForced: boolean
}

/** Their ids are kept by callers and never change. */
export const caseSources: readonly CaseSource[] = [
  { id: 1_400_000_300_101, code: 'API', isForced: false },
  { id: 1_400_000_300_102, code: 'DUNNING', isForced: false },
  { id: 1_400_000_300_103, code: 'CHARGEBACK', isForced: true },
]

/** Money that was reported through a web service. */
export const receiptSourceId = 1_400_000_300_201

/** The collector that every tenant has: people who collect by hand. */
export const manualCollectorId = 1_400_000_300_001
/** Its claims are placed with an agency of this name, which is made when it is first needed. */
export const manualAgency = 'manual'

export type Condition = { readonly id: number; readonly code: string } & (
  | { readonly kind: 'AMOUNT'; readonly least: string }
  | { readonly kind: 'DEBTOR'; readonly debtor: 'COMPANY' | 'PERSON' }
)

export const conditionTypes = [
  { id: 1_400_000_300_301, kind: 'AMOUNT' },
  { id: 1_400_000_300_302, kind: 'DEBTOR' },
] as const

const amounts = ['50', '100', '250', '500', '1000', '5000', '10000']

/** What a configuration may ask of a case. Nothing of this kind can be made through the doors, so all there are come here. */
export const conditions: readonly Condition[] = [
  { id: 1_400_000_300_401, code: 'COMPANY', kind: 'DEBTOR', debtor: 'COMPANY' },
  { id: 1_400_000_300_402, code: 'PERSON', kind: 'DEBTOR', debtor: 'PERSON' },
  ...amounts.map(
    (least, index) =>
      ({ id: 1_400_000_300_411 + index, code: `AMOUNT_${least}`, kind: 'AMOUNT', least }) as const,
  ),
]

/** Why a case failed. */
export const failures = [
  { id: 1_400_000_300_501, code: 'COLLECTOR_GONE' },
  { id: 1_400_000_300_502, code: 'COLLECTOR_BUSY' },
] as const
export type Failure = (typeof failures)[number]['code']
