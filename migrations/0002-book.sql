-- The book. Only the bookkeeper writes these tables (docs/decisions/0002-batched-bookkeeper.md).

create table account (
  tenant_id uuid not null references tenant,
  account_id uuid not null,
  reference text not null,
  currency text not null constraint account_currency_code check (currency ~ '^[A-Z]{3}$'),
  -- The debtor for whom the account was opened by a claim that named no account (D-32).
  auto_debtor_reference text,
  -- The last booking sequence given out.
  entry_seq integer not null default 0,
  -- Money received that no item has taken up.
  credit_minor bigint not null default 0 constraint account_credit_not_negative check (credit_minor >= 0),
  -- What all items together still ask for.
  outstanding_minor bigint not null default 0
    constraint account_outstanding_not_negative check (outstanding_minor >= 0),
  -- Principal and fees over all claims that are not deleted (5.6 of the Receeve specification).
  claims_amount_minor bigint not null default 0 constraint account_claims_amount_not_negative check (claims_amount_minor >= 0),
  claims_fees_minor bigint not null default 0 constraint account_claims_fees_not_negative check (claims_fees_minor >= 0),
  payment_reference text,
  portfolio_reference text,
  meta jsonb not null default '{}',
  scores jsonb not null default '[]',
  created_at timestamptz not null,
  primary key (tenant_id, account_id),
  constraint account_reference_key unique (tenant_id, reference)
) with (fillfactor = 80);
create unique index account_auto_debtor_key on account (tenant_id, auto_debtor_reference, currency)
  where auto_debtor_reference is not null;

create table debtor (
  tenant_id uuid not null references tenant,
  reference text not null,
  data jsonb not null,
  updated_at timestamptz not null,
  primary key (tenant_id, reference)
);

create table account_debtor (
  tenant_id uuid not null,
  account_id uuid not null,
  debtor_reference text not null,
  position integer not null,
  primary key (tenant_id, account_id, debtor_reference),
  constraint account_debtor_account foreign key (tenant_id, account_id) references account,
  constraint account_debtor_debtor foreign key (tenant_id, debtor_reference) references debtor
);
create index account_debtor_by_debtor on account_debtor (tenant_id, debtor_reference, account_id);

create table product (
  tenant_id uuid not null,
  account_id uuid not null,
  reference text not null,
  position integer not null,
  data jsonb not null,
  primary key (tenant_id, account_id, reference),
  constraint product_account foreign key (tenant_id, account_id) references account
);

-- What was booked. A transfer from the ledger account `credit` to the ledger account `debit`; never changed, never removed.
-- amount = applied on the item + excess on the account's credit. Memo entries move no money and name no ledger accounts.
create table entry (
  tenant_id uuid not null,
  account_id uuid not null,
  seq integer not null,
  reference text not null,
  kind text not null constraint entry_kind check
    (kind in ('invoice', 'fee', 'payment', 'adjustment', 'chargeback', 'discount', 'reporting')),
  origin text not null constraint entry_origin check (origin in ('ledger', 'claim')),
  debit text,
  credit text,
  -- +1 raises what the account owes, -1 lowers it, 0 moves no money.
  effect smallint not null constraint entry_effect check (effect in (-1, 0, 1)),
  amount_minor bigint not null constraint entry_amount_not_negative check (amount_minor >= 0),
  excess_minor bigint not null default 0
    constraint entry_excess_within_amount check (excess_minor between 0 and amount_minor),
  -- The item that the applied part moves.
  item_seq integer,
  details jsonb not null,
  context jsonb not null,
  created_at timestamptz not null,
  booked_at timestamptz not null,
  command_id uuid not null,
  primary key (tenant_id, account_id, seq),
  constraint entry_reference_key unique (tenant_id, account_id, reference),
  constraint entry_is_transfer_or_memo check (
    case when effect = 0 then debit is null and credit is null
         else debit is not null and credit is not null and debit <> credit and amount_minor > 0 end)
);

-- What can be paid: an invoice, a fee, an account-level adjustment or chargeback, the principal or a fee bucket of a claim.
-- Its key is the sequence of the entry that made it.
create table item (
  tenant_id uuid not null,
  account_id uuid not null,
  item_seq integer not null,
  kind text not null constraint item_kind check (kind in ('invoice', 'fee', 'adjustment', 'chargeback')),
  origin text not null constraint item_origin check (origin in ('ledger', 'claim')),
  reference text not null,
  outstanding_minor bigint not null constraint item_outstanding_not_negative check (outstanding_minor >= 0),
  -- Held beside the amount so that a part payment changes no indexed value (a heap-only update).
  is_open boolean not null,
  -- All payments ever booked on it (D-53).
  paid_minor bigint not null default 0 constraint item_paid_not_negative check (paid_minor >= 0),
  -- The principal that a fee belongs to.
  parent_seq integer,
  -- The place of a fee bucket in its claim's list; a bucket that the list no longer names is retired.
  position integer not null default 0,
  is_retired boolean not null default false,
  fee_type text,
  product_reference text,
  due_on date,
  created_at timestamptz not null,
  primary key (tenant_id, account_id, item_seq),
  constraint item_entry foreign key (tenant_id, account_id, item_seq) references entry,
  constraint item_open_while_outstanding check (is_open = (outstanding_minor > 0)),
  constraint item_retired_is_settled check (not is_retired or outstanding_minor = 0)
) with (fillfactor = 80);
create index item_open on item (tenant_id, account_id, item_seq) where is_open;
create index item_by_parent on item (tenant_id, account_id, parent_seq) where parent_seq is not null;

create table claim (
  tenant_id uuid not null,
  claim_id uuid not null,
  reference text not null,
  -- <reference>-<originalDueDate>, frozen when the claim is opened (D-41).
  receeve_reference text not null,
  account_id uuid not null,
  item_seq integer not null,
  is_managed boolean not null,
  -- PENDING: an invoice whose account has no debtor yet (D-44); it holds the reference and is shown nowhere.
  status text not null constraint claim_status check (status in ('PENDING', 'ACTIVE', 'RESOLVED', 'DELETED')),
  resolution_reason text,
  -- Resolved through resolve_claims: the ledger does not reopen it (D-53).
  is_resolved_by_request boolean not null default false,
  original_due_on date not null,
  current_due_on date not null,
  debtor_reference text,
  primary_debtor jsonb,
  product_reference text,
  portfolio_reference text,
  creditor_reference text,
  payment_reference text,
  scores jsonb,
  meta jsonb not null default '{}',
  -- The account's meta as it was when the claim was resolved; an active claim reads it from the account (D-29).
  frozen_meta jsonb,
  created_at timestamptz not null,
  resolved_at timestamptz,
  deleted_at timestamptz,
  primary key (tenant_id, claim_id),
  constraint claim_reference_key unique (tenant_id, reference),
  constraint claim_item foreign key (tenant_id, account_id, item_seq) references item,
  constraint claim_reason_when_resolved check ((status = 'RESOLVED') = (resolution_reason is not null) or status = 'DELETED'),
  constraint claim_has_debtor check (status in ('PENDING', 'DELETED') or primary_debtor is not null)
) with (fillfactor = 85);
create index claim_by_account on claim (tenant_id, account_id, reference);
create index claim_by_item on claim (tenant_id, account_id, item_seq);

-- A provider's own payment id, so that a repeated notice books nothing (D-25).
create table provider_payment (
  tenant_id uuid not null,
  account_id uuid not null,
  provider text not null,
  tracking_id text not null,
  amount_minor bigint not null,
  currency text not null,
  first_seq integer not null,
  last_seq integer not null,
  primary key (tenant_id, account_id, provider, tracking_id),
  constraint provider_payment_account foreign key (tenant_id, account_id) references account
);

-- What was charged back of a payment: its sum may not exceed it (D-48).
create index entry_chargebacks on entry (tenant_id, account_id, (context ->> 'ledgerEntryReference')) where kind = 'chargeback';
