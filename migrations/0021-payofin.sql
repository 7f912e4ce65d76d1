-- The Payofin door: institutions whose debts are collected, merchants who collect them, and the merchants' prepaid float.

create table payofin_institution (
  tenant_id uuid not null references tenant,
  soot_code integer not null constraint payofin_institution_code_positive check (soot_code > 0),
  name text not null constraint payofin_institution_named check (name <> ''),
  -- 1 electricity, 2 water, 3 gas, 4 telephone, 5 internet, 6 television, 7 tax, 8 social security, 9 other
  type_code smallint not null constraint payofin_institution_type check (type_code between 1 and 9),
  -- The number of a province's licence plates; 200 is Northern Cyprus; null: everywhere.
  city_code integer,
  description text not null,
  -- What its subscribers are asked for, as the merchant's own form shows it.
  field_title text not null,
  field_description text not null,
  mask text not null,
  -- What a subscriber number is to us.
  subscriber_kind text not null constraint payofin_institution_subscriber check
    (subscriber_kind in ('accountReference', 'debtorReference', 'paymentReference')),
  -- The accounts that are its own; null: all of the tenant.
  portfolio_reference text,
  -- Numbers that carry check digits.
  number_kind text not null constraint payofin_institution_number check (number_kind in ('any', 'nationalId', 'taxNumber')),
  is_additional_required boolean not null,
  is_partial_allowed boolean not null,
  currency text not null,
  -- What the provider takes from the merchant's float, and what the merchant takes from the payer.
  commission_minor bigint not null constraint payofin_institution_commission check (commission_minor >= 0),
  profit_minor bigint not null constraint payofin_institution_profit check (profit_minor >= 0),
  -- Minutes after midnight in Istanbul; null: all day.
  opens_at integer,
  closes_at integer,
  holidays jsonb not null,
  is_active boolean not null,
  created_at timestamptz not null,
  primary key (tenant_id, soot_code),
  constraint payofin_institution_hours check ((opens_at is null) = (closes_at is null) and
    (opens_at is null or (opens_at >= 0 and closes_at <= 1440 and opens_at < closes_at)))
);

create table payofin_merchant (
  tenant_id uuid not null references tenant,
  merchant_id bigint not null,
  name text not null constraint payofin_merchant_named check (name <> ''),
  address text not null,
  phone text not null,
  api_key text not null,
  secret_sha256 bytea not null,
  -- Networks from which it may call; none: from everywhere.
  addresses jsonb not null,
  -- The institutions that it may collect for; null: all.
  soot_codes jsonb,
  currency text not null,
  -- The sum of its movements, held beside them because a payment asks for it under lock.
  balance_minor bigint not null default 0 constraint payofin_merchant_balance_not_negative check (balance_minor >= 0),
  movement_seq integer not null default 0,
  is_active boolean not null,
  created_at timestamptz not null,
  primary key (tenant_id, merchant_id),
  constraint payofin_merchant_key unique (tenant_id, api_key)
);
-- A caller names no tenant; keys are 122 bits of chance, so this index need not be unique.
create index payofin_merchant_by_key on payofin_merchant (api_key);

create table payofin_commission (
  tenant_id uuid not null,
  merchant_id bigint not null,
  soot_code integer not null,
  commission_minor bigint not null constraint payofin_commission_amount check (commission_minor >= 0),
  profit_minor bigint not null constraint payofin_commission_profit check (profit_minor >= 0),
  primary key (tenant_id, merchant_id, soot_code),
  constraint payofin_commission_merchant foreign key (tenant_id, merchant_id) references payofin_merchant,
  constraint payofin_commission_institution foreign key (tenant_id, soot_code) references payofin_institution
);

-- A debt that a merchant was shown and may pay, once, before the day is over in Istanbul.
create table payofin_query (
  tenant_id uuid not null,
  query_id bigint generated always as identity,
  merchant_id bigint not null,
  soot_code integer not null,
  subscriber_no text not null,
  additional_no text not null,
  firm_ref_no text not null,
  customer_name text not null,
  claim_reference text not null,
  amount_minor bigint not null constraint payofin_query_amount check (amount_minor > 0),
  currency text not null,
  commission_minor bigint not null,
  profit_minor bigint not null,
  due_on date not null,
  created_at timestamptz not null,
  valid_until timestamptz not null,
  primary key (tenant_id, query_id),
  constraint payofin_query_merchant foreign key (tenant_id, merchant_id) references payofin_merchant
);
create index payofin_query_by_age on payofin_query using brin (tenant_id, created_at);

create table payofin_payment (
  tenant_id uuid not null,
  payment_id bigint generated always as identity,
  merchant_id bigint not null,
  query_id bigint not null,
  claim_reference text not null,
  amount_minor bigint not null constraint payofin_payment_amount check (amount_minor > 0),
  currency text not null,
  commission_minor bigint not null,
  profit_minor bigint not null,
  -- The merchant's float after it.
  balance_minor bigint not null,
  -- What it paid: [{itemSeq, amountMinor}] of the claim's account.
  shares jsonb not null,
  status text not null constraint payofin_payment_status check (status in ('Paid', 'Cancelled')),
  paid_at timestamptz not null,
  cancelled_at timestamptz,
  primary key (tenant_id, payment_id),
  constraint payofin_payment_query_once unique (tenant_id, query_id),
  constraint payofin_payment_of_query foreign key (tenant_id, query_id) references payofin_query,
  constraint payofin_payment_cancelled check ((status = 'Cancelled') = (cancelled_at is not null))
);
create index payofin_payment_by_time on payofin_payment (tenant_id, merchant_id, paid_at, payment_id);

-- The float of a merchant: transfers between ledger accounts of the provider, never changed, never removed.
create table payofin_movement (
  tenant_id uuid not null,
  merchant_id bigint not null,
  seq integer not null,
  kind text not null constraint payofin_movement_kind check
    (kind in ('TOP_UP', 'PAYMENT', 'COMMISSION', 'CANCELLATION', 'COMMISSION_RETURN')),
  debit text not null,
  credit text not null,
  amount_minor bigint not null constraint payofin_movement_amount check (amount_minor > 0),
  -- +1 raises the float, -1 lowers it.
  effect smallint not null constraint payofin_movement_effect check (effect in (-1, 1)),
  payment_id bigint,
  note text not null,
  created_at timestamptz not null,
  primary key (tenant_id, merchant_id, seq),
  constraint payofin_movement_merchant foreign key (tenant_id, merchant_id) references payofin_merchant,
  constraint payofin_movement_payment foreign key (tenant_id, payment_id) references payofin_payment
);
-- A payment is booked once and taken back once.
create unique index payofin_movement_once on payofin_movement (tenant_id, payment_id, kind) where payment_id is not null;

-- Asked before the tenant is known. The first merchant of a tenant stands in door_credential until it is first used.
create function find_payofin_key(wanted text)
  returns table (tenant_id uuid, merchant_id bigint, secret_sha256 bytea)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select m.tenant_id, m.merchant_id, m.secret_sha256 from payofin_merchant m where m.api_key = wanted
    union all
    select c.tenant_id, null, c.secret_sha256 from door_credential c
    where c.door = 'payofin' and c.key_id = wanted and c.revoked_at is null
      and not exists (select from payofin_merchant m where m.tenant_id = c.tenant_id and m.api_key = wanted)
    limit 2 $$;
create index door_credential_by_key on door_credential (key_id) where door = 'payofin';

revoke all on function find_payofin_key(text) from public;
grant execute on function find_payofin_key(text) to quittance_app;
