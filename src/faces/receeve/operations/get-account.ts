import { shownEntry } from '../../../accounts/index.ts'
import type { Json } from '../../../book/index.ts'
import { refuse } from '../../../book/index.ts'
import type { Reader } from '../../../platform/reader.ts'
import { withoutNulls } from '../claim-view.ts'

interface AccountRow {
  readonly accountId: string
  readonly currency: string
  readonly paymentReference: string | null
  readonly portfolioReference: string | null
  readonly meta: Json
  readonly scores: Json[]
  readonly debtors: Json[]
  readonly products: Json[]
  readonly ledgerEntries: Parameters<typeof shownEntry>[0][]
}

const selectAccount = `
select a.account_id as "accountId", a.currency, a.payment_reference as "paymentReference",
  a.portfolio_reference as "portfolioReference", a.meta, a.scores,
  (select coalesce(json_agg(d.data order by l.position), '[]') from account_debtor l
    join debtor d on d.tenant_id = l.tenant_id and d.reference = l.debtor_reference
    where l.tenant_id = a.tenant_id and l.account_id = a.account_id) as debtors,
  (select coalesce(json_agg(p.data order by p.position), '[]') from product p
    where p.tenant_id = a.tenant_id and p.account_id = a.account_id) as products,
  (select coalesce(json_agg(json_build_object('reference', e.reference, 'kind', e.kind, 'details', e.details,
      'context', e.context, 'createdAtMs', (extract(epoch from e.created_at) * 1000)::bigint) order by e.seq), '[]')
    from entry e where e.tenant_id = a.tenant_id and e.account_id = a.account_id and e.origin = 'ledger') as "ledgerEntries"
from account a where a.tenant_id = $1 and a.reference = $2`

/** The account with all that hangs on it; its ledger as booked, oldest first (D-35). */
export async function getAccount(
  reader: Reader,
  tenantId: string,
  reference: string,
): Promise<Json> {
  const [row] = await reader.read<AccountRow>(tenantId, {
    name: 'receeve_account',
    text: selectAccount,
    values: [tenantId, reference],
  })
  if (!row) throw refuse('account_not_found')
  return withoutNulls({
    currency: row.currency,
    paymentReference: row.paymentReference,
    portfolioReference: row.portfolioReference,
    meta: row.meta,
    scores: row.scores,
    debtors: row.debtors,
    products: row.products,
    ledgerEntries: row.ledgerEntries.map(shownEntry),
  })
}
