import type pg from 'pg'
import { expect } from 'vitest'

/** Every statement finds the places where a stored amount is not what its entries make it. None may be found. */
const rules: Record<string, string> = {
  // An entry that overpays credits its excess (effect -1); a chargeback takes credit back first (effect +1).
  'credit is what entries left to it': `
    select a.reference, a.credit_minor as stored, coalesce(b.credit, 0) as booked
    from quittance.account a left join (
      select tenant_id, account_id, sum(-effect * excess_minor) as credit from quittance.entry group by 1, 2
    ) b using (tenant_id, account_id)
    where a.credit_minor <> coalesce(b.credit, 0)`,

  'an item asks for what entries applied to it': `
    select coalesce(i.reference, 'no item ' || b.item_seq) as reference, i.outstanding_minor as stored, b.applied as booked
    from quittance.item i full join (
      select tenant_id, account_id, item_seq, sum(effect * (amount_minor - excess_minor)) as applied
      from quittance.entry where item_seq is not null group by 1, 2, 3
    ) b using (tenant_id, account_id, item_seq)
    where coalesce(i.outstanding_minor, -1) <> coalesce(b.applied, 0)`,

  'no entry applies money to nothing': `
    select reference, amount_minor as stored, excess_minor as booked from quittance.entry
    where item_seq is null and effect <> 0 and amount_minor <> excess_minor`,

  'an account asks for the sum of its items': `
    select a.reference, a.outstanding_minor as stored, coalesce(b.asked, 0) as booked
    from quittance.account a left join (
      select tenant_id, account_id, sum(outstanding_minor) as asked from quittance.item group by 1, 2
    ) b using (tenant_id, account_id)
    where a.outstanding_minor <> coalesce(b.asked, 0)`,

  'an account has as many entries as sequences': `
    select a.reference, a.entry_seq as stored, coalesce(b.entries, 0) as booked
    from quittance.account a left join (
      select tenant_id, account_id, count(*) as entries, max(seq) as last from quittance.entry group by 1, 2
    ) b using (tenant_id, account_id)
    where a.entry_seq <> coalesce(b.entries, 0) or a.entry_seq <> coalesce(b.last, 0)`,

  'the totals of an account are those of its claims': `
    select a.reference, a.claims_amount_minor || '+' || a.claims_fees_minor as stored,
      coalesce(b.amount, 0) || '+' || coalesce(b.fees, 0) as booked
    from quittance.account a left join (
      select c.tenant_id, c.account_id, sum(p.outstanding_minor) as amount, sum(coalesce(f.fees, 0)) as fees
      from quittance.claim c
      join quittance.item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq
      left join (
        select tenant_id, account_id, parent_seq, sum(outstanding_minor) as fees
        from quittance.item where parent_seq is not null group by 1, 2, 3
      ) f on f.tenant_id = c.tenant_id and f.account_id = c.account_id and f.parent_seq = c.item_seq
      where c.status in ('ACTIVE', 'RESOLVED') group by 1, 2
    ) b using (tenant_id, account_id)
    where a.claims_amount_minor <> coalesce(b.amount, 0) or a.claims_fees_minor <> coalesce(b.fees, 0)`,

  // D-53, D-68, D-69: an active claim asks for something; a resolved managed one for nothing, unless it was resolved by
  // request; a deleted unmanaged one for nothing (the ledger may go on under a deleted managed one).
  'the status of a claim fits what it asks for': `
    select c.reference, c.status as stored, p.outstanding_minor || '+' || coalesce(f.fees, 0) as booked
    from quittance.claim c
    join quittance.item p on p.tenant_id = c.tenant_id and p.account_id = c.account_id and p.item_seq = c.item_seq
    left join (
      select tenant_id, account_id, parent_seq, sum(outstanding_minor) as fees
      from quittance.item where parent_seq is not null group by 1, 2, 3
    ) f on f.tenant_id = c.tenant_id and f.account_id = c.account_id and f.parent_seq = c.item_seq
    where case c.status
      when 'ACTIVE' then p.outstanding_minor + coalesce(f.fees, 0) = 0
      when 'RESOLVED' then c.is_managed and not c.is_resolved_by_request
        and p.outstanding_minor + coalesce(f.fees, 0) > 0
      when 'DELETED' then not c.is_managed and p.outstanding_minor + coalesce(f.fees, 0) > 0
      else false end`,

  'the principal of a claim is an invoice of its account': `
    select c.reference, i.kind as stored, i.reference as booked
    from quittance.claim c
    join quittance.item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id and i.item_seq = c.item_seq
    where i.kind <> 'invoice' or i.parent_seq is not null or i.reference <> c.reference
      or (i.origin = 'ledger') <> c.is_managed`,

  'no two live claims share a principal': `
    select min(reference) as reference, count(*) as stored, 1 as booked from quittance.claim
    where status <> 'DELETED' group by tenant_id, account_id, item_seq having count(*) > 1`,
}

/**
 * Asserts of every account in a database, past row-level security, that what is stored is what was booked: credit, items,
 * account totals, claim totals and the status of claims.
 */
export async function assertBooksBalance(ownerPool: pg.Pool): Promise<void> {
  const broken: Record<string, unknown[]> = {}
  for (const [rule, statement] of Object.entries(rules)) {
    const { rows } = await ownerPool.query<Record<string, unknown>>(`${statement} limit 5`)
    if (rows.length > 0) broken[rule] = rows
  }
  expect(broken).toEqual({})
}
