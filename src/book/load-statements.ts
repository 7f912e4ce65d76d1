import { claimColumns } from './claim-rows.ts'
import { msOf, overLists } from './statement.ts'

/** The statements that lock and read what a batch needs. Columns carry the names of the model, so that rows are used as they are. */

// The batch is joined to the tables by index, row by row and in the order of the text: the planner knows neither its size
// nor that it is small. Left to itself it looked entries up by tenant alone while there were few (18 commands in 27 ms).
export const laneSettings = `set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;
  set enable_incremental_sort = off; set enable_bitmapscan = off; set enable_material = off;
  set join_collapse_limit = 1; set from_collapse_limit = 1; set plan_cache_mode = force_generic_plan`

const pair = 't uuid, r text'
const triple = 't uuid, a text, r text'

const headerColumns = `a.tenant_id as "tenantId", a.account_id as "accountId", a.reference, a.currency,
  a.auto_debtor_reference as "autoDebtorReference", a.entry_seq as "entrySeq", a.credit_minor as "creditMinor",
  a.outstanding_minor as "outstandingMinor", a.claims_amount_minor as "claimsAmountMinor",
  a.claims_fees_minor as "claimsFeesMinor"`

export const lockByReference = overLists(
  { accounts: pair },
  ({ accounts }) => `
select ${headerColumns} from ${accounts} join account a on a.tenant_id = w.t and a.reference = w.r
order by a.tenant_id, a.account_id for no key update of a`,
)

const wantedAccounts = (accounts: string, claims: string, debtors: string) => `with wanted as (
  select a.tenant_id, a.account_id from ${accounts} join account a on a.tenant_id = w.t and a.reference = w.r
  union select c.tenant_id, c.account_id from ${claims} join claim c on c.tenant_id = w.t and c.reference = w.r
  union select a.tenant_id, a.account_id from ${debtors}
    join account a on a.tenant_id = w.t and a.auto_debtor_reference = w.r
)`

export const lockByAnything = overLists(
  { accounts: pair, claims: pair, debtors: pair },
  ({ accounts, claims, debtors }) => `
${wantedAccounts(accounts, claims, debtors)}
select ${headerColumns} from wanted w join account a on a.tenant_id = w.tenant_id and a.account_id = w.account_id
order by a.tenant_id, a.account_id for no key update of a`,
)

const profileColumns = `a.tenant_id as "tenantId", a.account_id as "accountId", a.payment_reference as "paymentReference",
  a.portfolio_reference as "portfolioReference", a.meta, a.scores,
  (select coalesce(json_agg(json_build_object('reference', d.debtor_reference, 'position', d.position, 'data', b.data) order by d.position), '[]')
    from account_debtor d join debtor b on b.tenant_id = d.tenant_id and b.reference = d.debtor_reference
    where d.tenant_id = a.tenant_id and d.account_id = a.account_id) as debtors,
  (select coalesce(json_agg(json_build_object('reference', p.reference, 'position', p.position, 'data', p.data) order by p.position), '[]')
    from product p where p.tenant_id = a.tenant_id and p.account_id = a.account_id) as products`

export const loadProfiles = overLists(
  { accounts: pair, claims: pair, debtors: pair },
  ({ accounts, claims, debtors }) => `
${wantedAccounts(accounts, claims, debtors)}
select ${profileColumns}
from wanted w join account a on a.tenant_id = w.tenant_id and a.account_id = w.account_id`,
)

// For large batches: the accounts are not looked up a second time, at the price of one more round trip.
export const loadProfilesOf = overLists(
  { accounts: 't uuid, i uuid' },
  ({ accounts }) => `
select ${profileColumns}
from ${accounts} join account a on a.tenant_id = w.t and a.account_id = w.i`,
)

// Compared as rows and with `limit 1`: only the index on references gives that order. For two equalities the planner, which
// thinks of an account of middling size, is as content with the primary key, and reads all entries of a large account.
const entriesNamed = (tenant: string, account: string) => `
cross join lateral (
  select n.* from entry n where n.tenant_id = ${tenant} and (n.account_id, n.reference) >= (${account}, w.r)
  order by n.account_id, n.reference limit 1) e
where e.account_id = ${account} and e.reference = w.r`

const entryColumns = `e.tenant_id as "tenantId", e.account_id as "accountId", e.seq, e.reference, e.kind, e.origin,
  e.amount_minor as "amountMinor", e.excess_minor as "excessMinor", e.effect, e.item_seq as "itemSeq",
  e.details ->> 'dueDate' as "dueOn",
  case when e.kind = 'payment' then (
    select coalesce(sum(b.amount_minor), 0)::bigint from entry b
    where b.tenant_id = e.tenant_id and b.account_id = e.account_id and b.taken_from = e.reference) else 0 end as "chargedBackMinor"`

export const loadEntries = overLists(
  { entries: triple },
  ({ entries }) => `
select ${entryColumns}
from ${entries} join account a on a.tenant_id = w.t and a.reference = w.a${entriesNamed('a.tenant_id', 'a.account_id')}`,
)

// For large batches, again without a second look at the accounts.
export const loadEntriesOf = overLists(
  { entries: 't uuid, i uuid, r text' },
  ({ entries }) => `
select ${entryColumns}
from ${entries}${entriesNamed('w.t', 'w.i')}`,
)

// A principal comes with its fees and its claim: status and totals hang on all of them together. Where the claims of an
// account are changed in the same batch (c), those that are only paid come whole as well: they may be live by then.
export const loadItems = overLists(
  {
    targets: `${triple}, c boolean`,
    openItems: `${pair}, c boolean`,
    liveClaims: pair,
    claims: pair,
    waitingClaims: pair,
  },
  ({ targets, openItems, liveClaims, claims, waitingClaims }) => `
with named as (
  select i.tenant_id, i.account_id, coalesce(i.parent_seq, i.item_seq) as root, w.c as is_whole
  from ${targets} join account a on a.tenant_id = w.t and a.reference = w.a
  join entry e on e.tenant_id = a.tenant_id and e.account_id = a.account_id and e.reference = w.r
  join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.item_seq
  union all
  select i.tenant_id, i.account_id, coalesce(i.parent_seq, i.item_seq), w.c
  from ${openItems} join account a on a.tenant_id = w.t and a.reference = w.r
  join item i on i.tenant_id = a.tenant_id and i.account_id = a.account_id and i.is_open
  union all
  select c.tenant_id, c.account_id, c.item_seq, true
  from ${liveClaims} join account a on a.tenant_id = w.t and a.reference = w.r
  join claim c on c.tenant_id = a.tenant_id and c.account_id = a.account_id and c.status in ('PENDING', 'ACTIVE')
  union all
  select c.tenant_id, c.account_id, c.item_seq, true
  from ${claims} join claim c on c.tenant_id = w.t and c.reference = w.r
  union all
  -- The fence keeps the claims of an account that has a debtor from being read at all.
  select c.tenant_id, c.account_id, c.item_seq, true
  from (select a.tenant_id, a.account_id from ${waitingClaims} join account a on a.tenant_id = w.t and a.reference = w.r
    where not exists (select from account_debtor d where d.tenant_id = a.tenant_id and d.account_id = a.account_id)
    offset 0) a
  join claim c on c.tenant_id = a.tenant_id and c.account_id = a.account_id and c.status = 'PENDING'
), roots as (
  select tenant_id, account_id, root, bool_or(is_whole) as is_whole from named group by tenant_id, account_id, root
)
select i.tenant_id as "tenantId", i.account_id as "accountId", i.item_seq as seq, i.kind, i.origin, i.reference,
  i.outstanding_minor as "outstandingMinor", i.paid_minor as "paidMinor", i.parent_seq as "parentSeq", i.position,
  i.is_retired as "isRetired", i.fee_type as "feeType", i.product_reference as "productReference", i.due_on as "dueOn",
  ${msOf('i.created_at')} as "createdAtMs", ${claimColumns} from (
  select i.*, r.is_whole from roots r join item i on i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.item_seq = r.root
  union all
  select i.*, r.is_whole from roots r join item i on i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.parent_seq = r.root
) i left join claim c on i.parent_seq is null
  and c.tenant_id = i.tenant_id and c.account_id = i.account_id and c.item_seq = i.item_seq
order by i.tenant_id, i.account_id, i.item_seq`,
)

export const lockDebtors = overLists(
  { debtors: pair },
  ({ debtors }) => `
select d.tenant_id as "tenantId", d.reference, d.data, d.version from ${debtors}
join debtor d on d.tenant_id = w.t and d.reference = w.r
order by d.tenant_id, d.reference for no key update of d`,
)

export const loadPayments = overLists(
  { payments: 't uuid, a text, p text, k text' },
  ({ payments }) => `
select p.tenant_id as "tenantId", p.account_id as "accountId", p.provider, p.tracking_id as "trackingId",
  p.amount_minor as "amountMinor", p.currency, p.first_seq as "firstSeq", p.last_seq as "lastSeq",
  (select coalesce(json_agg(json_build_object('reference', e.reference, 'kind', e.kind, 'details', e.details,
      'context', e.context, 'createdAtMs', ${msOf('e.created_at')}) order by e.seq), '[]')
    from entry e where e.tenant_id = p.tenant_id and e.account_id = p.account_id
      and e.seq between p.first_seq and p.last_seq) as entries
from ${payments}
join account a on a.tenant_id = w.t and a.reference = w.a
join provider_payment p on p.tenant_id = a.tenant_id and p.account_id = a.account_id and p.provider = w.p and p.tracking_id = w.k`,
)
