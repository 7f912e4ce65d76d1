import type { Json } from '../../../book/index.ts'
import type { Reader } from '../../../platform/reader.ts'
import { type ClaimRow, claimView, selectClaims, withoutNulls } from '../claim-view.ts'

interface AccountRow {
  readonly accountReference: string
  readonly currency: string
  readonly meta: Json
  readonly paymentReference: string | null
  readonly portfolioReference: string | null
  readonly debtors: Json[]
}

const selectAccounts = `
select a.reference as "accountReference", a.currency, a.meta, a.payment_reference as "paymentReference",
  a.portfolio_reference as "portfolioReference",
  (select coalesce(json_agg(d.data order by m.position), '[]') from account_debtor m
    join debtor d on d.tenant_id = m.tenant_id and d.reference = m.debtor_reference
    where m.tenant_id = a.tenant_id and m.account_id = a.account_id) as debtors
from account_debtor l join account a on a.tenant_id = l.tenant_id and a.account_id = l.account_id
where l.tenant_id = $1 and l.debtor_reference = $2 order by a.reference`

const ofDebtor = `c.tenant_id = $1 and c.account_id in
  (select l.account_id from account_debtor l where l.tenant_id = $1 and l.debtor_reference = $2)
  and c.status in ('ACTIVE', 'RESOLVED')`

/** The accounts of a debtor with their claims, as one flat list (D-39); an unknown debtor has none (D-34). */
export async function getDebtorAccountsAndClaims(
  reader: Reader,
  tenantId: string,
  debtorReference: string,
): Promise<Json[]> {
  const values = [tenantId, debtorReference]
  const [accounts, claims] = await Promise.all([
    reader.read<AccountRow>(tenantId, {
      name: 'receeve_debtor_accounts',
      text: selectAccounts,
      values,
    }),
    reader.read<ClaimRow>(tenantId, {
      name: 'receeve_debtor_claims',
      text: `${selectClaims} where ${ofDebtor} order by c.reference`,
      values,
    }),
  ])
  return accounts.map((account) => {
    const own = claims.filter((claim) => claim.accountReference === account.accountReference)
    return { ...withoutNulls({ ...account }), claims: own.map(claimView) }
  })
}
