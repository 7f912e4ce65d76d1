/** What invoices and refunds are to those who make them. Decimals are text. */

export interface Tax {
  readonly title: string
  readonly rate: string
}

export interface NewLineItem {
  readonly uniqueId: string
  readonly name: string
  readonly type: string
  readonly quantity: string
  readonly amountIncludingTax: string
  readonly discountIncludingTax?: string
  readonly taxes?: readonly Tax[]
  readonly sku?: string
  readonly shippingRequired?: boolean
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** A line with all that follows from what was said of it. */
export interface LineItem extends NewLineItem {
  readonly amountExcludingTax: string
  readonly taxAmount: string
  readonly aggregatedTaxRate: string
  readonly discountExcludingTax: string
  readonly undiscountedAmountIncludingTax: string
  readonly undiscountedAmountExcludingTax: string
  /** Per unit, where there are units. */
  readonly unitPriceIncludingTax?: string
  readonly unitPriceExcludingTax?: string
  readonly undiscountedUnitPriceIncludingTax?: string
  readonly undiscountedUnitPriceExcludingTax?: string
  readonly taxAmountPerUnit?: string
}

export interface Replacement {
  readonly externalId: string
  readonly lineItems: readonly NewLineItem[]
  /** `YYYY-MM-DD`; the old invoice's where it is absent. */
  readonly dueOn?: string | undefined
  readonly billingAddress?: Readonly<Record<string, unknown>> | undefined
  readonly merchantReference?: string | undefined
}

export const refundTypes = [
  'MERCHANT_INITIATED_ONLINE',
  'MERCHANT_INITIATED_OFFLINE',
  'CUSTOMER_INITIATED_AUTOMATIC',
  'CUSTOMER_INITIATED_MANUAL',
] as const
export type RefundType = (typeof refundTypes)[number]

export interface Reduction {
  readonly lineItemUniqueId: string
  readonly quantityReduction: string
  readonly unitPriceReduction: string
}

export interface NewRefund {
  readonly externalId: string
  /** The number of the invoice whose payments go back. */
  readonly invoice: number
  readonly type: RefundType
  readonly amount?: string | undefined
  readonly reductions?: readonly Reduction[] | undefined
  readonly merchantReference?: string | undefined
  readonly metaData?: Readonly<Record<string, string>> | undefined
  readonly createdBy: number
}

export interface NewLedgerEntry {
  readonly externalId: string
  /** The number of the account. */
  readonly account: number
  readonly amountIncludingTax: string
  readonly quantity: string
  readonly title: string
  readonly taxes?: readonly Tax[] | undefined
  readonly componentReferenceName?: string | undefined
  readonly subscriptionMetricId?: number | undefined
  readonly createdBy: number
}
