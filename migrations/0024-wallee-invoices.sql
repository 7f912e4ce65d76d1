-- Invoices, dunning, refunds and tasks as the wallee doors name them (src/invoices/README.md): by whole numbers.

-- Each of these is an object of those doors from birth; the number is its id there.
alter table account add column number bigint generated always as identity;
alter table account add constraint account_number_key unique (tenant_id, number);
alter table claim add column number bigint generated always as identity;
alter table claim add constraint claim_number_key unique (tenant_id, number);
alter table journey add column number bigint generated always as identity;
alter table journey add constraint journey_number_key unique (tenant_id, number);
alter table journey_run add column number bigint generated always as identity;
alter table journey_run add constraint journey_run_number_key unique (tenant_id, number);
alter table bundle add column number bigint generated always as identity;
alter table bundle add constraint bundle_number_key unique (tenant_id, number);
alter table message add column number bigint generated always as identity;
alter table message add constraint message_number_key unique (tenant_id, number);
alter table task add column number bigint generated always as identity;
alter table task add constraint task_number_key unique (tenant_id, number);

-- The levels that a run of a journey has come to.
create index message_by_cause on message (tenant_id, (cause ->> 'id')) where cause ->> 'kind' = 'journey';

-- What an invoice says beyond its claim. Written together with the bookings that made it or ended it.
create table invoice (
  tenant_id uuid not null,
  claim_id uuid not null,
  -- The caller's own name for a replacement: under one name there is one.
  external_id text,
  merchant_reference text,
  line_items jsonb,
  billing_address jsonb,
  -- The claim that this invoice stands in for.
  replaces_claim_id uuid,
  derecognized_by bigint,
  version integer not null default 1,
  primary key (tenant_id, claim_id),
  constraint invoice_external_id_key unique (tenant_id, external_id),
  constraint invoice_claim foreign key (tenant_id, claim_id) references claim,
  constraint invoice_replaces foreign key (tenant_id, replaces_claim_id) references claim
);
create unique index invoice_replaced_once on invoice (tenant_id, replaces_claim_id) where replaces_claim_id is not null;

create table invoice_comment (
  tenant_id uuid not null,
  id bigint generated always as identity,
  claim_number bigint not null,
  content text,
  pinned boolean not null default false,
  created_by bigint not null,
  edited_by bigint,
  edited_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint invoice_comment_invoice foreign key (tenant_id, claim_number) references claim (tenant_id, number)
);
create index invoice_comment_by_invoice on invoice_comment (tenant_id, claim_number, id);

-- Money that goes back to the debtor. It is booked in the moment in which it succeeds.
create table refund (
  tenant_id uuid not null,
  id bigint generated always as identity,
  external_id text not null constraint refund_named check (external_id <> ''),
  claim_id uuid not null,
  type text not null constraint refund_type check (type in ('MERCHANT_INITIATED_ONLINE', 'MERCHANT_INITIATED_OFFLINE',
    'CUSTOMER_INITIATED_AUTOMATIC', 'CUSTOMER_INITIATED_MANUAL')),
  state text not null constraint refund_state check (state in ('PENDING', 'MANUAL_CHECK', 'SUCCESSFUL', 'FAILED')),
  amount_minor bigint not null constraint refund_positive check (amount_minor > 0),
  currency text not null,
  merchant_reference text,
  meta_data jsonb not null default '{}',
  reductions jsonb not null default '[]',
  base_line_items jsonb not null default '[]',
  line_items jsonb not null default '[]',
  reduced_line_items jsonb not null default '[]',
  created_by bigint not null,
  created_at timestamptz not null,
  succeeded_at timestamptz,
  failed_at timestamptz,
  -- A statement that finds the refund otherwise than its writer saw it sets 0, and fails.
  version integer not null default 1 constraint refund_as_seen check (version > 0),
  primary key (tenant_id, id),
  constraint refund_external_id_key unique (tenant_id, external_id),
  constraint refund_claim foreign key (tenant_id, claim_id) references claim,
  constraint refund_ended check ((state = 'SUCCESSFUL') = (succeeded_at is not null) and (state = 'FAILED') = (failed_at is not null))
);
create index refund_by_claim on refund (tenant_id, claim_id, id);

create table refund_comment (
  tenant_id uuid not null,
  id bigint generated always as identity,
  refund_id bigint not null,
  content text,
  pinned boolean not null default false,
  created_by bigint not null,
  edited_by bigint,
  edited_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint refund_comment_refund foreign key (tenant_id, refund_id) references refund
);
create index refund_comment_by_refund on refund_comment (tenant_id, refund_id, id);

-- What a subscription's ledger entry says beyond what was booked on the account.
create table subscription_entry (
  tenant_id uuid not null,
  account_id uuid not null,
  reference text not null,
  external_id text not null constraint subscription_entry_named check (external_id <> ''),
  title text not null,
  quantity numeric not null,
  taxes jsonb not null default '[]',
  tax_minor bigint not null default 0,
  component_reference_name text,
  subscription_metric_id bigint,
  created_by bigint not null,
  primary key (tenant_id, account_id, reference),
  constraint subscription_entry_external_id_key unique (tenant_id, external_id),
  constraint subscription_entry_account foreign key (tenant_id, account_id) references account
);
create index entry_charges on entry (tenant_id, account_id, seq)
  where kind in ('fee', 'adjustment', 'discount') and origin = 'ledger';

-- An address at which anybody may pay for what it says (src/invoices/README.md).
create table payment_link (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  external_id text not null constraint payment_link_named check (external_id <> ''),
  code text not null constraint payment_link_code_form check (code ~ '^[1-9A-HJ-NP-Za-km-z]{18}$'),
  name text,
  currency text,
  language text,
  line_items jsonb,
  allowed_redirection_domains jsonb,
  allowed_payment_method_configurations jsonb,
  applied_space_view bigint,
  available_from timestamptz,
  available_until timestamptz,
  billing_address_handling_mode text,
  shipping_address_handling_mode text,
  maximal_number_of_transactions integer,
  -- What the address says besides, where not everybody who knows it may pay.
  access_key text,
  protection_mode text not null
    constraint payment_link_protection check (protection_mode in ('NO_PROTECTION', 'ACCESS_KEY')),
  state text not null default 'ACTIVE'
    constraint payment_link_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  planned_purge_at timestamptz,
  version integer not null default 1,
  primary key (tenant_id, id),
  constraint payment_link_external_id_key unique (tenant_id, external_id)
);
-- A visitor names no tenant; codes are chance, so this index need not be unique.
create index payment_link_by_code on payment_link (code);

-- What was made of a link: each a claim that its visitor then pays.
create table payment_link_use (
  tenant_id uuid not null,
  link_id bigint not null,
  -- Counts from 1; two visitors never take the same last place.
  place integer not null,
  claim_reference text not null,
  used_at timestamptz not null,
  primary key (tenant_id, link_id, place),
  constraint payment_link_use_link foreign key (tenant_id, link_id) references payment_link
);

create function find_payment_link(wanted text) returns table (tenant_id uuid, id bigint)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select l.tenant_id, l.id from payment_link l where l.code = wanted limit 2 $$;

revoke all on function find_payment_link(text) from public;
grant execute on function find_payment_link(text) to quittance_app;
