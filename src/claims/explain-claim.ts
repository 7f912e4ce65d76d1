import { type Json, refuse } from '../book/index.ts'
import type { Reader } from '../platform/reader.ts'

interface MovementRow {
  readonly seq: number
  readonly reference: string
  readonly kind: string
  readonly effect: number
  readonly amountMinor: number
  readonly excessMinor: number
  readonly part: 'amount' | 'fees'
  readonly feeName: string | null
  readonly debit: string | null
  readonly credit: string | null
  readonly details: Json
  readonly createdAt: Date
  readonly bookedAt: Date
}

interface ClaimRow {
  readonly claimReference: string
  readonly accountReference: string
  readonly currency: string
  readonly status: string
  readonly amountMinor: number
  readonly feesMinor: number
}

const selectClaim = `
select c.reference as "claimReference", a.reference as "accountReference", a.currency, c.status,
  p.outstanding_minor as "amountMinor",
  (select coalesce(sum(f.outstanding_minor), 0)::bigint from item f
    where f.tenant_id = c.tenant_id and f.account_id = c.account_id and f.parent_seq = c.item_seq) as "feesMinor"
from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
join item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq
where c.tenant_id = $1 and c.reference = $2 and c.status <> 'PENDING'`

const selectMovements = `
select e.seq, e.reference, e.kind, e.effect, e.amount_minor as "amountMinor", e.excess_minor as "excessMinor",
  case when i.parent_seq is null then 'amount' else 'fees' end as part, i.fee_type as "feeName", e.debit, e.credit,
  e.details, e.created_at as "createdAt", e.booked_at as "bookedAt"
from claim c
join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id
  and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)
join entry e on e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.item_seq = i.item_seq
where c.tenant_id = $1 and c.reference = $2 and c.status <> 'PENDING'
order by e.seq`

/** How a claim came to ask for what it asks for: every entry that moved it, with what it asked for after each. */
export async function explainClaim(
  reader: Reader,
  tenantId: string,
  reference: string,
): Promise<Json> {
  const values = [tenantId, reference]
  const [claims, movements] = await Promise.all([
    reader.read<ClaimRow>(tenantId, { name: 'claim_explained', text: selectClaim, values }),
    reader.read<MovementRow>(tenantId, { name: 'claim_movements', text: selectMovements, values }),
  ])
  const [claim] = claims
  if (!claim) throw refuse('claim_not_found')
  let totalMinor = 0
  const entries = movements.map((movement) => {
    const movedMinor = movement.effect * (movement.amountMinor - movement.excessMinor)
    totalMinor += movedMinor
    return { ...movement, movedMinor, totalMinor }
  })
  return { ...claim, totalMinor: claim.amountMinor + claim.feesMinor, entries }
}
