-- Debt collection cases (src/cases/README.md): a claim that a collector works, as the wallee doors tell of it.

-- Every agency is a collector from birth; the number is the collector's id.
alter table agency add column number bigint generated always as identity;
alter table agency add constraint agency_number_key unique (tenant_id, number);

create table debt_collector_configuration (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  -- The number of an agency, or the id of the built-in manual collector.
  collector bigint not null,
  conditions jsonb not null default '[]',
  enabled_space_views jsonb not null default '[]',
  name text,
  -- The lowest is tried first.
  priority integer not null default 0,
  skip_review_enabled boolean not null default false,
  state text not null default 'ACTIVE' constraint debt_collector_configuration_state
    check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  -- Made by us for a tenant that had none.
  is_built_in boolean not null default false,
  version integer not null default 1,
  primary key (tenant_id, id)
);
create unique index debt_collector_configuration_built_in on debt_collector_configuration (tenant_id) where is_built_in;

create table debt_case (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  external_id text not null,
  reference text not null constraint debt_case_reference_given check (reference <> ''),
  state text not null constraint debt_case_state
    check (state in ('CREATE', 'PREPARING', 'REVIEWING', 'PENDING', 'PROCESSING', 'CLOSED', 'FAILED')),
  source bigint not null,
  environment text not null constraint debt_case_environment check (environment in ('PRODUCTION', 'TEST')),
  configuration_id bigint,
  -- The claim that is collected; null while none was found or made.
  claim_id uuid,
  currency text constraint debt_case_currency check (currency ~ '^[A-Z]{3}$'),
  line_items jsonb not null default '[]',
  -- The sum of the line items; what the case asks for until it has a claim.
  items_minor bigint,
  -- What was not collected when the case ended.
  left_minor bigint,
  billing_address jsonb,
  contract_at timestamptz,
  due_on_at timestamptz,
  language text,
  space_view_id bigint,
  created_by bigint,
  created_at timestamptz not null,
  reviewed_by bigint,
  review_started_at timestamptz,
  reviewed_at timestamptz,
  review_task_id uuid,
  processing_started_at timestamptz,
  processing_timeout_at timestamptz,
  next_attempt_at timestamptz,
  attempts integer not null default 0,
  -- What a person decided at another door and is still to be carried out.
  asked text constraint debt_case_asked check (asked in ('REVIEW', 'CLOSE')),
  closed_at timestamptz,
  failed_at timestamptz,
  failure text,
  due_at timestamptz generated always as (
    case when state in ('CLOSED', 'FAILED') then null else least(next_attempt_at, processing_timeout_at) end) stored,
  version integer not null default 1,
  primary key (tenant_id, id),
  constraint debt_case_external_id_key unique (tenant_id, external_id),
  constraint debt_case_configuration foreign key (tenant_id, configuration_id) references debt_collector_configuration,
  constraint debt_case_claim foreign key (tenant_id, claim_id) references claim,
  constraint debt_case_ended check ((state = 'CLOSED') = (closed_at is not null) and (state = 'FAILED') = (failed_at is not null))
);
-- A claim is in one case at a time.
create unique index debt_case_of_claim on debt_case (tenant_id, claim_id) where state not in ('CLOSED', 'FAILED');
create index debt_case_by_claim on debt_case (tenant_id, claim_id, id) where claim_id is not null;
create index debt_case_by_configuration on debt_case (tenant_id, configuration_id);
create index debt_case_by_task on debt_case (tenant_id, review_task_id) where review_task_id is not null;
create index debt_case_due on debt_case (tenant_id, due_at) where due_at is not null;

-- Money that a collector reported, by its own number for it: within a case it is booked once.
create table debt_receipt (
  tenant_id uuid not null,
  id bigint generated always as identity,
  case_id bigint not null,
  external_id text not null constraint debt_receipt_named check (external_id <> ''),
  amount_minor bigint not null constraint debt_receipt_positive check (amount_minor > 0),
  currency text not null,
  source bigint not null,
  created_by bigint,
  created_at timestamptz not null,
  -- Another amount under the same number, the last that was sent; never booked.
  repeated_minor bigint,
  version integer not null default 1,
  primary key (tenant_id, id),
  constraint debt_receipt_once unique (tenant_id, case_id, external_id),
  constraint debt_receipt_case foreign key (tenant_id, case_id) references debt_case
);

create table debt_case_document (
  tenant_id uuid not null,
  id bigint generated always as identity,
  case_id bigint not null,
  file_name text not null constraint debt_case_document_called check (file_name <> ''),
  mime_type text not null,
  unique_id uuid not null,
  sha256 text not null,
  size_bytes integer not null,
  -- Whether it is among the files of the claim too: as soon as the case has one.
  is_filed boolean not null default false,
  created_at timestamptz not null,
  version integer not null default 1,
  primary key (tenant_id, id),
  constraint debt_case_document_case foreign key (tenant_id, case_id) references debt_case,
  constraint debt_case_document_blob foreign key (tenant_id, sha256) references file_blob
);
create index debt_case_document_by_case on debt_case_document (tenant_id, case_id, id);
create index debt_case_document_by_blob on debt_case_document (tenant_id, sha256);

-- The tenants with a case whose next step is due, each by its own clock.
create function debt_case_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from debt_case c where c.tenant_id = t.tenant_id
        and c.due_at <= at + t.clock_offset_ms * interval '1 millisecond') $$;

revoke all on function debt_case_tenants_due(timestamptz) from public;
grant execute on function debt_case_tenants_due(timestamptz) to quittance_app;
