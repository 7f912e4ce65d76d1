import type pg from 'pg'
import { schemaName } from '../platform/db.ts'
import { bad, checkSafely, good, type Check } from './doctor-check.ts'

const examplesMax = 3

// A payment beyond what its item asks for becomes credit (effect -1), a chargeback first takes credit back (effect +1).
const accountsThatDoNotAdd = `
  with booked as (
    select tenant_id, account_id, count(*) as entries, max(seq) as last_seq,
      sum(-effect * excess_minor) as credit, sum(effect * (amount_minor - excess_minor)) as outstanding
    from ${schemaName}.entry group by tenant_id, account_id),
  asked as (
    select tenant_id, account_id, sum(outstanding_minor) as outstanding
    from ${schemaName}.item group by tenant_id, account_id)
  select a.tenant_id, a.reference from ${schemaName}.account a
  left join booked b on b.tenant_id = a.tenant_id and b.account_id = a.account_id
  left join asked i on i.tenant_id = a.tenant_id and i.account_id = a.account_id
  where a.credit_minor <> coalesce(b.credit, 0)
    or a.outstanding_minor <> coalesce(b.outstanding, 0)
    or a.outstanding_minor <> coalesce(i.outstanding, 0)
    or a.entry_seq <> coalesce(b.entries, 0)
    or a.entry_seq <> coalesce(b.last_seq, 0)
  order by a.tenant_id, a.reference limit ${examplesMax + 1}`

// From both sides: an item without its entries, and entries on an item that is not there.
const itemsThatDoNotAdd = `
  with booked as (
    select tenant_id, account_id, item_seq, sum(effect * (amount_minor - excess_minor)) as outstanding
    from ${schemaName}.entry where item_seq is not null group by tenant_id, account_id, item_seq)
  select coalesce(i.tenant_id, b.tenant_id) as tenant_id,
    coalesce(i.account_id, b.account_id) || ' item ' || coalesce(i.item_seq, b.item_seq) as reference
  from ${schemaName}.item i
  full join booked b on b.tenant_id = i.tenant_id and b.account_id = i.account_id and b.item_seq = i.item_seq
  where coalesce(i.outstanding_minor, 0) <> coalesce(b.outstanding, 0)
  order by 1, 2 limit ${examplesMax + 1}`

/** Whether every stored amount is the sum of what was booked. Each question is one statement, so one instant. */
export async function checkBooks(pool: pg.Pool): Promise<Check[]> {
  return [
    await checkSafely('accounts', () => checkSums(pool, 'accounts', accountsThatDoNotAdd)),
    await checkSafely('items', () => checkSums(pool, 'items', itemsThatDoNotAdd)),
  ]
}

async function checkSums(pool: pg.Pool, name: string, statement: string): Promise<Check> {
  const { rows } = await pool.query<{ tenant_id: string; reference: string }>(statement)
  if (rows.length === 0) return good(name, 'every amount is the sum of its entries')
  const examples = rows.slice(0, examplesMax).map((row) => `${row.reference} of ${row.tenant_id}`)
  const more = rows.length > examplesMax ? ' and more' : ''
  return bad(name, `amounts are not the sum of their entries: ${examples.join(', ')}${more}`)
}
