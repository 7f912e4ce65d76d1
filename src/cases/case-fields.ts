import { formatDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { type CaseClaim, owedMinor } from './case-claim.ts'
import { addressOf } from './debtor-of.ts'
import type { CaseRow } from './find-case.ts'
import { sumOfItems } from './line-items.ts'
import type { CaseSets } from './move-case.ts'
import { pricedItems } from './price-items.ts'
import { refuse } from './refusals.ts'
import type { CaseFields, LineItem } from './schema.ts'

type Before = Pick<CaseRow, 'currency' | 'lineItems' | 'billingAddress' | 'environment'>

const nothing: Before = {
  currency: null,
  lineItems: [],
  billingAddress: null,
  environment: 'PRODUCTION',
}

/**
 * The columns that a caller's fields come to, checked with what was there before: what falls due later is refused, and so
 * are line items that say something else than the claim of the case.
 */
export function columnsOf(
  tx: Tx,
  fields: CaseFields,
  { before = nothing, claim }: { before?: Before; claim: CaseClaim | undefined },
): CaseSets {
  const dueOnAt = instantOf(fields.dueDate)
  if (dueOnAt && dueOnAt > tx.now) throw refuse('due_in_future')
  const contractAt = instantOf(fields.contractDate)
  const given = fields.currency === undefined ? before.currency : fields.currency
  if (claim && given !== null && given !== claim.currency) throw refuse('currency_mismatch')
  const currency = claim?.currency ?? given
  const asked = fields.lineItems === undefined ? before.lineItems : (fields.lineItems ?? [])
  const items = asked.length === 0 && claim ? itemsOf(claim) : asked
  const itemsMinor = currency === null ? null : sumOfItems(items, currency)
  const isChanged = fields.lineItems !== undefined && asked.length > 0
  if (claim && isChanged && itemsMinor !== owedMinor(claim)) throw refuse('items_mismatch')
  const address =
    fields.billingAddress === undefined ? before.billingAddress : fields.billingAddress
  const billing = address ?? (claim?.debtor ? addressOf(claim.debtor) : null)
  return {
    currency,
    line_items: JSON.stringify(currency === null ? items : pricedItems(items, currency)),
    items_minor: itemsMinor,
    billing_address: billing === null ? null : JSON.stringify(billing),
    environment: environmentOf(fields, before),
    ...(dueOnAt === undefined ? {} : { due_on_at: dueOnAt }),
    ...(contractAt === undefined ? {} : { contract_at: contractAt }),
    ...(fields.language === undefined ? {} : { language: fields.language }),
    ...(fields.spaceViewId === undefined ? {} : { space_view_id: fields.spaceViewId }),
  }
}

/** Which environment a case is in: what is asked for, and production where that is cleared. */
export function environmentOf(fields: CaseFields, before: Pick<Before, 'environment'> = nothing) {
  return fields.environment === undefined
    ? before.environment
    : (fields.environment ?? 'PRODUCTION')
}

const instantOf = (text: string | null | undefined) =>
  typeof text === 'string' ? new Date(text) : text

/** What a claim asks for, as the lines of a case. */
function itemsOf({ reference, currency, parts }: CaseClaim): LineItem[] {
  return parts.flatMap(({ isFee, name, minor }, index) =>
    minor === 0
      ? []
      : [
          {
            uniqueId: `${reference}/${index + 1}`.slice(-200),
            name: (isFee ? (name ?? 'Fee') : reference).slice(0, 150),
            type: isFee ? 'FEE' : 'PRODUCT',
            quantity: '1',
            amountIncludingTax: formatDecimal(minor, currency),
          },
        ],
  )
}
