import { over } from './statement.ts'

/** The statements that write the book. Rows without an order of their own come in the order in which they were changed. */

export const insertAccounts = over(
  `tenant_id uuid, account_id uuid, reference text, currency text, auto_debtor_reference text,
    entry_seq integer, credit_minor bigint, outstanding_minor bigint, claims_amount_minor bigint,
    claims_fees_minor bigint, payment_reference text, portfolio_reference text, meta jsonb, scores jsonb,
    created_at timestamptz`,
  (rows) => `
insert into account (tenant_id, account_id, reference, currency, auto_debtor_reference, entry_seq, credit_minor,
  outstanding_minor, claims_amount_minor, claims_fees_minor, payment_reference, portfolio_reference, meta, scores, created_at)
select r.* from ${rows}
order by r.tenant_id, r.reference`,
)

export const updateAccounts = over(
  `tenant_id uuid, account_id uuid, entry_seq integer, credit_minor bigint, outstanding_minor bigint,
    claims_amount_minor bigint, claims_fees_minor bigint`,
  (rows) => `
update account a set entry_seq = r.entry_seq, credit_minor = r.credit_minor, outstanding_minor = r.outstanding_minor,
  claims_amount_minor = r.claims_amount_minor, claims_fees_minor = r.claims_fees_minor
from ${rows}
where a.tenant_id = r.tenant_id and a.account_id = r.account_id`,
)

export const updateProfiles = over(
  `tenant_id uuid, account_id uuid, payment_reference text, portfolio_reference text, meta jsonb,
    scores jsonb`,
  (rows) => `
update account a set payment_reference = r.payment_reference, portfolio_reference = r.portfolio_reference,
  meta = r.meta, scores = r.scores
from ${rows}
where a.tenant_id = r.tenant_id and a.account_id = r.account_id`,
)

export const saveDebtors = over(
  `tenant_id uuid, reference text, data jsonb, version integer, updated_at timestamptz`,
  (rows) => `
insert into debtor (tenant_id, reference, data, version, created_at, updated_at)
select r.tenant_id, r.reference, r.data, r.version, r.updated_at, r.updated_at
from ${rows}
order by r.tenant_id, r.reference
on conflict (tenant_id, reference) do update set data = excluded.data, updated_at = excluded.updated_at,
  version = greatest(debtor.version + 1, excluded.version)`,
)

export const insertDebtorLinks = over(
  `tenant_id uuid, account_id uuid, debtor_reference text, position integer`,
  (rows) => `
insert into account_debtor (tenant_id, account_id, debtor_reference, position)
select r.* from ${rows}`,
)

export const saveProducts = over(
  `tenant_id uuid, account_id uuid, reference text, position integer, data jsonb`,
  (rows) => `
insert into product (tenant_id, account_id, reference, position, data)
select r.* from ${rows}
on conflict (tenant_id, account_id, reference) do update set data = excluded.data`,
)

export const insertEntries = over(
  `tenant_id uuid, account_id uuid, seq integer, reference text, kind text, origin text, debit text,
    credit text, effect smallint, amount_minor bigint, excess_minor bigint, item_seq integer, details jsonb,
    context jsonb, created_at timestamptz, booked_at timestamptz, command_id uuid`,
  (rows) => `
insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, excess_minor,
  item_seq, details, context, created_at, booked_at, command_id)
select r.* from ${rows}`,
)

export const insertItems = over(
  `tenant_id uuid, account_id uuid, item_seq integer, kind text, origin text, reference text,
    outstanding_minor bigint, is_open boolean, paid_minor bigint, parent_seq integer, position integer,
    is_retired boolean, fee_type text, product_reference text, due_on date, created_at timestamptz`,
  (rows) => `
insert into item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open, paid_minor,
  parent_seq, position, is_retired, fee_type, product_reference, due_on, created_at)
select r.* from ${rows}`,
)

export const updateItems = over(
  `tenant_id uuid, account_id uuid, item_seq integer, outstanding_minor bigint, is_open boolean,
    paid_minor bigint, position integer, is_retired boolean, product_reference text, due_on date`,
  (rows) => `
update item i set outstanding_minor = r.outstanding_minor, is_open = r.is_open, paid_minor = r.paid_minor,
  position = r.position, is_retired = r.is_retired, product_reference = r.product_reference, due_on = r.due_on
from ${rows}
where i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.item_seq = r.item_seq`,
)

const claimRow = `tenant_id uuid, claim_id uuid, reference text, receeve_reference text, account_id uuid, item_seq integer,
  is_managed boolean, status text, resolution_reason text, is_resolved_by_request boolean, original_due_on date,
  current_due_on date, debtor_reference text, primary_debtor jsonb, product_reference text, portfolio_reference text,
  creditor_reference text, payment_reference text, scores jsonb, meta jsonb, frozen_meta jsonb, created_at timestamptz,
  resolved_at timestamptz, deleted_at timestamptz`

// A claim that is resolved keeps the account's meta of that moment (D-29).
const frozenMeta = (
  row: 'r' | 'c',
) => `case when r.status <> 'RESOLVED' then null else coalesce(r.frozen_meta,
  (select a.meta from account a where a.tenant_id = r.tenant_id and a.account_id = ${row}.account_id)) end`

export const insertClaims = over(
  claimRow,
  (rows) => `
insert into claim (tenant_id, claim_id, reference, receeve_reference, account_id, item_seq, is_managed, status,
  resolution_reason, is_resolved_by_request, original_due_on, current_due_on, debtor_reference, primary_debtor,
  product_reference, portfolio_reference, creditor_reference, payment_reference, scores, meta, frozen_meta, created_at,
  resolved_at, deleted_at)
select r.* from ${rows} order by r.tenant_id, r.reference`,
)

export const updateClaims = over(
  claimRow,
  (rows) => `
update claim c set receeve_reference = r.receeve_reference, account_id = r.account_id, item_seq = r.item_seq,
  is_managed = r.is_managed, status = r.status, resolution_reason = r.resolution_reason,
  is_resolved_by_request = r.is_resolved_by_request, original_due_on = r.original_due_on,
  current_due_on = r.current_due_on, debtor_reference = r.debtor_reference, primary_debtor = r.primary_debtor,
  product_reference = r.product_reference, portfolio_reference = r.portfolio_reference,
  creditor_reference = r.creditor_reference, payment_reference = r.payment_reference, scores = r.scores, meta = r.meta,
  frozen_meta = ${frozenMeta('r')}, resolved_at = r.resolved_at, deleted_at = r.deleted_at
from ${rows}
where c.tenant_id = r.tenant_id and c.claim_id = r.claim_id`,
)

export const updateStandings = over(
  `tenant_id uuid, claim_id uuid, status text, resolution_reason text, is_resolved_by_request boolean,
    current_due_on date, resolved_at timestamptz, frozen_meta jsonb`,
  (rows) => `
update claim c set status = r.status, resolution_reason = r.resolution_reason,
  is_resolved_by_request = r.is_resolved_by_request, current_due_on = r.current_due_on, resolved_at = r.resolved_at,
  frozen_meta = ${frozenMeta('c')}
from ${rows}
where c.tenant_id = r.tenant_id and c.claim_id = r.claim_id`,
)

export const insertProviderPayments = over(
  `tenant_id uuid, account_id uuid, provider text, tracking_id text, amount_minor bigint, currency text,
    first_seq integer, last_seq integer`,
  (rows) => `
insert into provider_payment (tenant_id, account_id, provider, tracking_id, amount_minor, currency, first_seq, last_seq)
select r.* from ${rows}`,
)

export const insertEvents = over(
  `tenant_id uuid, message_id uuid, type text, data jsonb, metadata jsonb, occurred_at timestamptz`,
  (rows) => `
insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
select r.* from ${rows}`,
)
