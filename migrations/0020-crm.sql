-- The CRM.COM door (docs/faces/crmcom.md): its configuration, logins, numbers, and payments as that door knows them. The
-- money itself is in the book; a payment here names the entries that it booked.

-- Whether a tenant was given the names that a new one starts with.
create table crm_tenant (
  tenant_id uuid not null references tenant,
  configured_at timestamptz not null,
  primary key (tenant_id)
);

-- Types, categories, methods, rejection reasons, units and users. What a payment once named is never removed.
create table crm_config (
  tenant_id uuid not null references tenant,
  kind text not null constraint crm_config_kind
    check (kind in ('TYPE', 'CATEGORY', 'METHOD', 'REASON', 'UNIT', 'USER')),
  config_id text not null constraint crm_config_id_given check (config_id <> ''),
  name text not null constraint crm_config_name_given check (name <> ''),
  alternative_code text,
  description text,
  -- What only this kind has, as src/crm/schema.ts says.
  data jsonb not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null,
  primary key (tenant_id, kind, config_id)
);
create unique index crm_config_name_key on crm_config (tenant_id, kind, name) where is_active;
create unique index crm_config_code_key on crm_config (tenant_id, kind, alternative_code)
  where is_active and alternative_code is not null;

-- Tokens live two hours; web API keys until they are removed. Neither is kept readable.
create table crm_token (
  tenant_id uuid not null references tenant,
  token_sha256 bytea not null,
  user_id text not null,
  unit_id text not null,
  is_key boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  primary key (tenant_id, token_sha256),
  constraint crm_token_key_stays check (is_key = (expires_at is null))
);
create index crm_token_expired on crm_token (tenant_id, expires_at) where expires_at is not null;

-- The last numbers given out. The row is locked by whoever takes the next ones until that commits, so none is ever lost.
create table crm_counter (
  tenant_id uuid not null references tenant,
  classification text not null constraint crm_counter_classification
    check (classification in ('PAYMENT', 'PAYMENT_CANCELLATION', 'INVOICE', 'BILL')),
  reference_last bigint not null default 0 constraint crm_counter_reference_natural check (reference_last >= 0),
  number_last bigint not null default 0 constraint crm_counter_number_natural check (number_last >= 0),
  primary key (tenant_id, classification)
);

-- The reference number of an invoice, which every claim is at this door; given when it is first shown or named here.
create table crm_invoice (
  tenant_id uuid not null,
  claim_id uuid not null,
  reference_number bigint not null,
  primary key (tenant_id, claim_id),
  constraint crm_invoice_claim foreign key (tenant_id, claim_id) references claim,
  constraint crm_invoice_reference_key unique (tenant_id, reference_number)
);

create table crm_bill (
  tenant_id uuid not null,
  bill_id uuid not null,
  account_id uuid not null,
  number text not null,
  from_on date not null,
  to_on date not null,
  created_at timestamptz not null,
  primary key (tenant_id, bill_id),
  constraint crm_bill_account foreign key (tenant_id, account_id) references account,
  constraint crm_bill_number_key unique (tenant_id, number),
  constraint crm_bill_period check (from_on <= to_on)
);
create index crm_bill_by_account on crm_bill (tenant_id, account_id, created_at, bill_id);

create table crm_bill_invoice (
  tenant_id uuid not null,
  claim_id uuid not null,
  bill_id uuid not null,
  primary key (tenant_id, claim_id),
  constraint crm_bill_invoice_claim foreign key (tenant_id, claim_id) references claim,
  constraint crm_bill_invoice_bill foreign key (tenant_id, bill_id) references crm_bill
);
create index crm_bill_invoice_by_bill on crm_bill_invoice (tenant_id, bill_id);

-- Cards on file. The number itself is only ever at the gateway.
create table crm_card (
  tenant_id uuid not null,
  card_id uuid not null,
  debtor_reference text not null,
  gateway_reference text not null,
  last_digits text not null constraint crm_card_last_digits check (last_digits ~ '^[0-9]{4}$'),
  created_at timestamptz not null,
  primary key (tenant_id, card_id),
  constraint crm_card_debtor foreign key (tenant_id, debtor_reference) references debtor,
  constraint crm_card_gateway_key unique (tenant_id, gateway_reference)
);
create index crm_card_by_debtor on crm_card (tenant_id, debtor_reference);

create table crm_payment (
  tenant_id uuid not null,
  payment_id uuid not null,
  classification text not null constraint crm_payment_classification
    check (classification in ('PAYMENT', 'PAYMENT_CANCELLATION')),
  account_id uuid not null,
  -- NEW: its card is being charged; shown nowhere, and without numbers yet.
  state text not null constraint crm_payment_state
    check (state in ('NEW', 'DRAFT', 'POSTED', 'REJECTED', 'CANCELLED')),
  reference_number bigint,
  number bigint,
  amount_minor bigint not null constraint crm_payment_amount_positive check (amount_minor > 0),
  type_id text not null,
  category_id text,
  method_id text,
  back_office_code text,
  -- The payment that a cancellation cancels.
  cancels_id uuid,
  issued_at timestamptz not null,
  posted_at timestamptz,
  updated_at timestamptz not null,
  gateway text,
  gateway_reference text,
  -- Who received it when, notes, user-defined fields, what it is meant for: as src/crm/payment.ts says.
  details jsonb not null,
  -- The entries of the book that this payment is, by reference.
  entries text[] not null default '{}',
  -- How much of it no item has taken up, as the last command of this door left it.
  credit_minor bigint not null default 0 constraint crm_payment_credit_within
    check (credit_minor between 0 and amount_minor),
  -- While it runs, one request posts this payment; a charge that outlives it is finished by timed work.
  lease_id uuid,
  leased_until timestamptz,
  is_charging boolean not null default false,
  primary key (tenant_id, payment_id),
  constraint crm_payment_account foreign key (tenant_id, account_id) references account,
  constraint crm_payment_cancels foreign key (tenant_id, cancels_id) references crm_payment,
  constraint crm_payment_numbered check (
    (state in ('POSTED', 'CANCELLED')) = (number is not null and posted_at is not null)
    and (state = 'NEW') = (reference_number is null)),
  constraint crm_payment_reference_key unique (tenant_id, classification, reference_number),
  constraint crm_payment_number_key unique (tenant_id, classification, number),
  constraint crm_payment_back_office_code_key unique (tenant_id, classification, back_office_code)
);
create index crm_payment_by_account on crm_payment (tenant_id, account_id, issued_at, reference_number);
create index crm_payment_with_credit on crm_payment (tenant_id, account_id, posted_at) where credit_minor > 0;
create index crm_payment_cancelled_once on crm_payment (tenant_id, cancels_id) where cancels_id is not null;
create index crm_payment_charging on crm_payment (tenant_id, leased_until) where is_charging;

-- Accounts whose credit a new invoice may take up; a row is removed when that was done.
create table crm_take_up (
  tenant_id uuid not null,
  account_id uuid not null,
  asked_at timestamptz not null,
  -- Another one when it was asked for again meanwhile: then the row stays.
  ask_id uuid not null,
  primary key (tenant_id, account_id),
  constraint crm_take_up_account foreign key (tenant_id, account_id) references account
);

-- How a debtor is called: this door finds accounts by it.
create function crm_debtor_name(data jsonb) returns text
  language sql immutable parallel safe
  as $$ select case when coalesce(data ->> 'companyName', '') <> '' and coalesce(data ->> 'type', 'legal') = 'legal'
    then data ->> 'companyName'
    else trim(coalesce(data ->> 'firstName', '') || ' ' || coalesce(data ->> 'lastName', '')) end $$;
create index debtor_by_crm_name on debtor (tenant_id, crm_debtor_name(data));

-- Asked before the tenant is known: logins and tokens name the space.
create function crm_tenant_of_space(wanted bigint) returns uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select t.tenant_id from tenant t where t.space_id = wanted $$;

-- The tenants with credit to take up, each by its own clock, or with a charge that its request left, by the machine's.
create function crm_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from crm_take_up u where u.tenant_id = t.tenant_id
        and u.asked_at <= at + t.clock_offset_ms * interval '1 millisecond')
    or exists (
      select from crm_payment p where p.tenant_id = t.tenant_id and p.is_charging and p.leased_until <= at) $$;

revoke all on function crm_tenant_of_space(bigint), crm_tenants_due(timestamptz) from public;
grant execute on function crm_tenant_of_space(bigint), crm_tenants_due(timestamptz) to quittance_app;
