-- What is done with a claim, step by step, until it is paid (src/journeys/README.md).
create table journey (
  tenant_id uuid not null references tenant,
  journey_id uuid not null,
  name text not null constraint journey_name_given check (name <> ''),
  version integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, journey_id),
  constraint journey_name_key unique (tenant_id, name)
);

-- A version never changes: what runs on it goes on as it began.
create table journey_version (
  tenant_id uuid not null,
  journey_id uuid not null,
  version integer not null,
  document jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, journey_id, version),
  constraint journey_version_journey foreign key (tenant_id, journey_id) references journey
);

-- Which journey a claim begins with. The empty portfolio stands for all that have no assignment of their own.
create table journey_assignment (
  tenant_id uuid not null,
  portfolio_reference text not null,
  journey_id uuid not null,
  created_at timestamptz not null,
  primary key (tenant_id, portfolio_reference),
  constraint journey_assignment_journey foreign key (tenant_id, journey_id) references journey
);
create index journey_assignment_by_journey on journey_assignment (tenant_id, journey_id);

-- A claim on its way. Without a journey a run only says that the claim was paused or stopped before any was assigned.
create table journey_run (
  tenant_id uuid not null,
  run_id uuid not null,
  claim_id uuid not null,
  journey_id uuid,
  -- Kept beside the id, for events outlive the journey.
  journey_name text,
  version integer,
  status text not null constraint journey_run_status check (status in ('RUNNING', 'PAUSED', 'STOPPED', 'FINISHED')),
  state jsonb not null,
  -- When to look next; null while there is nothing to look for, or while what it wants booked is not.
  next_at timestamptz,
  started_at timestamptz not null,
  paused_at timestamptz,
  paused_until timestamptz,
  ended_at timestamptz,
  end_reason text,
  primary key (tenant_id, run_id),
  constraint journey_run_claim foreign key (tenant_id, claim_id) references claim,
  constraint journey_run_version foreign key (tenant_id, journey_id, version) references journey_version,
  constraint journey_run_paused check ((status = 'PAUSED') = (paused_at is not null)),
  constraint journey_run_ended check ((status in ('STOPPED', 'FINISHED')) = (ended_at is not null))
) with (fillfactor = 85);
create unique index journey_run_live on journey_run (tenant_id, claim_id) where status in ('RUNNING', 'PAUSED');
create index journey_run_by_claim on journey_run (tenant_id, claim_id, started_at, run_id);
create index journey_run_due on journey_run (tenant_id, next_at) where status = 'RUNNING' and next_at is not null;
create index journey_run_held on journey_run (tenant_id, paused_until) where status = 'PAUSED' and paused_until is not null;
create index journey_run_by_journey on journey_run (tenant_id, journey_id, version);

-- What a run wants booked and is not yet. The row goes in the transaction that books it.
create table journey_booking (
  tenant_id uuid not null,
  run_id uuid not null,
  claim_reference text not null,
  account_reference text not null,
  target text not null constraint journey_booking_target check (target in ('claim', 'account')),
  meta jsonb not null,
  created_at timestamptz not null,
  -- Who books it lets others keep off until then, by the machine's clock.
  leased_until timestamptz,
  primary key (tenant_id, run_id),
  constraint journey_booking_run foreign key (tenant_id, run_id) references journey_run
);

-- The payment providers that a claim may use, where a journey or a reaction said so.
create table claim_payment_providers (
  tenant_id uuid not null,
  claim_id uuid not null,
  providers jsonb not null,
  set_at timestamptz not null,
  primary key (tenant_id, claim_id),
  constraint claim_payment_providers_claim foreign key (tenant_id, claim_id) references claim
);

-- When something last happened on a claim that conditions ask for.
create table claim_last (
  tenant_id uuid not null,
  claim_id uuid not null,
  thing text not null,
  happened_at timestamptz not null,
  primary key (tenant_id, claim_id, thing),
  constraint claim_last_claim foreign key (tenant_id, claim_id) references claim
);

-- The tenants with a run that is due, each by its own clock.
create function journey_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where exists (select from journey_run r where r.tenant_id = t.tenant_id and r.status = 'RUNNING'
        and r.next_at <= at + t.clock_offset_ms * interval '1 millisecond')
      or exists (select from journey_run r where r.tenant_id = t.tenant_id and r.status = 'PAUSED'
        and r.paused_until <= at + t.clock_offset_ms * interval '1 millisecond')
      or exists (select from journey_booking b where b.tenant_id = t.tenant_id
        and (b.leased_until is null or b.leased_until <= at)) $$;

revoke all on function journey_tenants_due(timestamptz) from public;
grant execute on function journey_tenants_due(timestamptz) to quittance_app;
