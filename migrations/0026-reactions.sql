-- What is done when something happens (src/reactions/README.md).
create table reaction (
  tenant_id uuid not null references tenant,
  reaction_id uuid not null,
  name text not null constraint reaction_name_given check (name <> ''),
  -- The event, and what else must hold.
  trigger jsonb not null,
  actions jsonb not null,
  position integer not null,
  is_active boolean not null,
  version integer not null,
  -- What happened before is none of its business.
  active_since timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- Its log outlives it.
  deleted_at timestamptz,
  primary key (tenant_id, reaction_id)
);
create unique index reaction_name_key on reaction (tenant_id, name) where deleted_at is null;
create index reaction_active on reaction (tenant_id, position, reaction_id) where is_active and deleted_at is null;

-- A reaction to one event on one claim, or on none: what is still to do, what was done, or why nothing is.
create table reaction_firing (
  tenant_id uuid not null,
  firing_id uuid not null,
  reaction_id uuid not null,
  reaction_name text not null,
  reaction_version integer not null,
  event_id uuid not null,
  event_type text not null,
  claim_id uuid,
  claim_reference text,
  account_reference text,
  -- Of a custom trigger, for templates.
  context jsonb not null,
  -- The reactions that led here, this one last.
  chain jsonb not null,
  status text not null constraint reaction_firing_status check (status in ('WAITING', 'DONE', 'FAILED', 'SKIPPED')),
  -- Why nothing is done.
  reason text,
  -- As they were when it fired.
  actions jsonb not null,
  -- How many of them are over.
  done integer not null,
  -- Whether the next one belongs to the book.
  is_booking boolean not null,
  results jsonb not null,
  attempts integer not null,
  due_at timestamptz not null,
  -- By the machine's clock.
  leased_until timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, firing_id),
  constraint reaction_firing_once unique nulls not distinct (tenant_id, event_id, reaction_id, claim_id),
  constraint reaction_firing_reaction foreign key (tenant_id, reaction_id) references reaction,
  constraint reaction_firing_claim foreign key (tenant_id, claim_id) references claim,
  constraint reaction_firing_ended check ((status = 'WAITING') = (ended_at is null))
) with (fillfactor = 85);
create index reaction_firing_due on reaction_firing (tenant_id, due_at, firing_id) where status = 'WAITING';
create index reaction_firing_in_turn on reaction_firing (tenant_id, claim_id, firing_id) where status = 'WAITING';
create index reaction_firing_by_reaction on reaction_firing (tenant_id, reaction_id, firing_id);
create index reaction_firing_by_claim on reaction_firing (tenant_id, claim_id, reaction_id, created_at);
create index reaction_firing_ended_at on reaction_firing (tenant_id, ended_at) where ended_at is not null;

-- The tenants with something to do, each by its own clock.
create function reaction_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where exists (select from reaction_firing f where f.tenant_id = t.tenant_id and f.status = 'WAITING'
      and f.due_at <= at + t.clock_offset_ms * interval '1 millisecond'
      and (f.leased_until is null or f.leased_until <= at)) $$;

revoke all on function reaction_tenants_due(timestamptz) from public;
grant execute on function reaction_tenants_due(timestamptz) to quittance_app;
