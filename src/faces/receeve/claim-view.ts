import type { Json } from '../../book/index.ts'

/** What a claim is shown from: its row with its principal, fees, account meta and, when managed, its invoice entry. */
export interface ClaimRow {
  readonly reference: string
  readonly status: string
  readonly isManaged: boolean
  readonly amountMinor: number
  readonly currency: string
  readonly accountReference: string
  readonly originalDueOn: string
  readonly currentDueOn: string
  readonly productReference: string | null
  readonly portfolioReference: string | null
  readonly creditorReference: string | null
  readonly paymentReference: string | null
  readonly primaryDebtor: Json | null
  readonly scores: Json[] | null
  readonly meta: Json
  readonly inheritedMeta: Json
  readonly fees: { name: string | null; amountMinor: number }[]
  readonly invoice: { reference: string; details: Json; context: Json; createdAtMs: number } | null
}

/** Selects `ClaimRow` from `claim c`; the caller adds the condition and the order. */
export const selectClaims = `
select c.reference, c.status, c.is_managed as "isManaged", p.outstanding_minor as "amountMinor", a.currency,
  a.reference as "accountReference", c.original_due_on as "originalDueOn", c.current_due_on as "currentDueOn",
  c.product_reference as "productReference", c.portfolio_reference as "portfolioReference",
  c.creditor_reference as "creditorReference", c.payment_reference as "paymentReference",
  c.primary_debtor as "primaryDebtor", c.scores, c.meta, coalesce(c.frozen_meta, a.meta) as "inheritedMeta",
  (select coalesce(json_agg(json_build_object('name', f.fee_type, 'amountMinor', f.outstanding_minor)
      order by f.position, f.item_seq), '[]')
    from item f where f.tenant_id = c.tenant_id and f.account_id = c.account_id and f.parent_seq = c.item_seq
      and not f.is_retired) as fees,
  case when c.is_managed then (
    select json_build_object('reference', e.reference, 'details', e.details, 'context', e.context,
      'createdAtMs', (extract(epoch from e.created_at) * 1000)::bigint)
    from entry e where e.tenant_id = c.tenant_id and e.account_id = c.account_id and e.seq = c.item_seq) end as invoice
from claim c
join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
join item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq`

/** A claim in the words of this door. */
export function claimView(row: ClaimRow): Json {
  const fees = feesView(row)
  return withoutNulls({
    amount: row.amountMinor,
    currency: row.currency,
    portfolioReference: row.portfolioReference,
    productReference: row.productReference,
    creditorReference: row.creditorReference,
    totalFees: row.fees.reduce((sum, fee) => sum + fee.amountMinor, 0),
    currentDueDate: row.currentDueOn,
    originalDueDate: row.originalDueOn,
    scores: row.scores,
    paymentReference: row.paymentReference,
    // D-71: the old name shows the same account.
    accountNumber: row.accountReference,
    accountReference: row.accountReference,
    meta: metaView(row),
    fees,
    primaryDebtor: row.primaryDebtor,
    claimReference: row.reference,
    status: row.status,
  })
}

/** D-45: buckets of equal name are one. A bucket without a name is in the total only (D-70). */
function feesView(row: ClaimRow): { name: string; amount: number }[] {
  const buckets = new Map<string, number>()
  for (const { name, amountMinor } of row.fees) {
    const shown = name ?? (row.isManaged ? 'FEE' : null)
    if (shown !== null) buckets.set(shown, (buckets.get(shown) ?? 0) + amountMinor)
  }
  return [...buckets].map(([name, amount]) => ({ name, amount }))
}

/** 4.9, D-29: inherited keys stand inline and are named; the claim's own key goes before an inherited one. */
function metaView(row: ClaimRow): Json {
  const inherited = Object.keys(row.inheritedMeta).filter((key) => !Object.hasOwn(row.meta, key))
  return {
    ...row.inheritedMeta,
    ...row.meta,
    accountId: row.accountReference,
    accountReference: row.accountReference,
    __accountMetaFields__: inherited,
    ...(row.invoice ? { __invoiceLedgerEntry__: invoiceView(row.invoice) } : {}),
  }
}

function invoiceView(invoice: NonNullable<ClaimRow['invoice']>): Json {
  return {
    ledgerEntryReference: invoice.reference,
    invoiceDetails: { ...invoice.details, createdAt: invoice.createdAtMs },
    context: invoice.context,
  }
}

export function withoutNulls(view: Json): Json {
  return Object.fromEntries(
    Object.entries(view).filter(([, value]) => value !== null && value !== undefined),
  )
}
