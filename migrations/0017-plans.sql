-- Instalment plans (src/plans/README.md).

-- A version never changes: a plan goes on as it was agreed.
create table plan_definition (
  tenant_id uuid not null references tenant,
  definition_id uuid not null,
  version integer not null constraint plan_definition_version check (version > 0),
  name text not null constraint plan_definition_name_given check (name <> ''),
  terms jsonb not null,
  is_active boolean not null,
  -- The newest version; none is once the definition is deleted.
  is_current boolean not null,
  created_at timestamptz not null,
  primary key (tenant_id, definition_id, version)
);
create unique index plan_definition_current on plan_definition (tenant_id, definition_id) where is_current;

create table plan (
  tenant_id uuid not null,
  plan_id uuid not null,
  claim_id uuid not null,
  definition_id uuid not null,
  version integer not null,
  status text not null
    constraint plan_status check (status in ('ACTIVE', 'RESOLVED', 'FAILED', 'INVALIDATED', 'CANCELLED')),
  -- The agreed sum with its fee.
  amount_minor bigint not null constraint plan_amount_positive check (amount_minor > 0),
  fee_minor bigint not null constraint plan_fee_not_negative check (fee_minor >= 0),
  currency text not null,
  paid_minor bigint not null default 0 constraint plan_paid_not_negative check (paid_minor >= 0),
  broken_after integer not null constraint plan_broken_after check (broken_after > 0),
  -- Where the money that counts is booked: [{accountId, itemSeq, afterSeq}], one more for each move of the claim.
  places jsonb not null,
  -- When an instalment that is open begins or is over next.
  next_at timestamptz,
  accepted_by text not null,
  accepted_at timestamptz not null,
  ended_at timestamptz,
  end_reason text,
  primary key (tenant_id, plan_id),
  constraint plan_claim foreign key (tenant_id, claim_id) references claim,
  constraint plan_of_definition foreign key (tenant_id, definition_id, version) references plan_definition,
  constraint plan_ended check ((status = 'ACTIVE') = (ended_at is null)),
  constraint plan_waits_while_active check (status = 'ACTIVE' or next_at is null)
);
create unique index plan_of_claim on plan (tenant_id, claim_id) where status = 'ACTIVE';
create index plan_by_claim on plan (tenant_id, claim_id, plan_id);
create index plan_due on plan (tenant_id, next_at) where next_at is not null;

create table plan_instalment (
  tenant_id uuid not null,
  plan_id uuid not null,
  number integer not null constraint plan_instalment_number check (number > 0),
  due_on date not null,
  -- When it is its turn, and when its last day with tolerance is over, for the tenant.
  starts_at timestamptz not null,
  expires_at timestamptz not null,
  amount_minor bigint not null constraint plan_instalment_amount_positive check (amount_minor > 0),
  paid_minor bigint not null default 0,
  status text not null constraint plan_instalment_status
    check (status in ('CREATED', 'STARTED', 'EXPIRED', 'RESOLVED', 'INVALIDATED', 'CANCELLED')),
  primary key (tenant_id, plan_id, number),
  constraint plan_instalment_plan foreign key (tenant_id, plan_id) references plan,
  constraint plan_instalment_paid check (paid_minor between 0 and amount_minor)
);

-- The tenants with a plan of which an instalment begins or is over, each by its own clock.
create function plan_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from plan p where p.tenant_id = t.tenant_id
        and p.next_at <= at + t.clock_offset_ms * interval '1 millisecond') $$;

revoke all on function plan_tenants_due(timestamptz) from public;
grant execute on function plan_tenants_due(timestamptz) to quittance_app;
