-- What people and agencies do about claims: hand-over (src/placements), tasks (src/tasks), disputes (src/disputes).

create table agency (
  tenant_id uuid not null references tenant,
  agency_id uuid not null,
  -- What journeys and callers say for it; never changed.
  name text not null constraint agency_name_given check (name <> ''),
  contact jsonb not null,
  default_channel text not null
    constraint agency_channel check (default_channel in ('FILE', 'EMAIL', 'API')),
  is_active boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, agency_id),
  constraint agency_name_key unique (tenant_id, name)
);

-- That a claim is with an agency (D-105).
create table placement (
  tenant_id uuid not null,
  placement_id uuid not null,
  claim_id uuid not null,
  partner text not null,
  status text not null constraint placement_status check (status in ('PLACED', 'RECALLED', 'CLOSED')),
  -- The agency's own word for how it stands; ours until it says something.
  external_status text not null constraint placement_external_status_given check (external_status <> ''),
  placed_at timestamptz not null,
  ended_at timestamptz,
  cause jsonb not null,
  primary key (tenant_id, placement_id),
  constraint placement_claim foreign key (tenant_id, claim_id) references claim,
  constraint placement_partner foreign key (tenant_id, partner) references agency (tenant_id, name),
  constraint placement_ended check ((status = 'PLACED') = (ended_at is null))
);
create unique index placement_of_claim on placement (tenant_id, claim_id) where status = 'PLACED';
create index placement_by_claim on placement (tenant_id, claim_id, placement_id);
create index placement_by_partner on placement (tenant_id, partner, placement_id);

-- Money that an agency reported, by its own number for it: reported again it is not booked again.
create table placement_collection (
  tenant_id uuid not null,
  partner text not null,
  external_id text not null constraint placement_collection_named check (external_id <> ''),
  claim_id uuid not null,
  amount_minor bigint not null constraint placement_collection_positive check (amount_minor > 0),
  currency text not null,
  reported_at timestamptz not null,
  primary key (tenant_id, partner, external_id),
  constraint placement_collection_claim foreign key (tenant_id, claim_id) references claim,
  constraint placement_collection_partner foreign key (tenant_id, partner) references agency (tenant_id, name)
);

-- Something a person shall do.
create table task (
  tenant_id uuid not null references tenant,
  task_id uuid not null,
  -- Who makes tasks by machine names each; one of that name is made once.
  key text not null constraint task_key_given check (key <> ''),
  kind text not null,
  title text not null constraint task_title_given check (title <> ''),
  details text,
  claim_id uuid,
  status text not null constraint task_status check (status in ('OPEN', 'DONE', 'EXPIRED')),
  due_at timestamptz,
  -- What one may choose when it is done; none: it is simply done.
  actions jsonb not null,
  action text,
  note text,
  done_by text,
  cause jsonb not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, task_id),
  constraint task_key_once unique (tenant_id, key),
  constraint task_claim foreign key (tenant_id, claim_id) references claim,
  constraint task_ended check ((status = 'OPEN') = (ended_at is null))
);
create index task_by_claim on task (tenant_id, claim_id, task_id) where claim_id is not null;
create index task_open on task (tenant_id, task_id) where status = 'OPEN';
create index task_due on task (tenant_id, due_at) where status = 'OPEN' and due_at is not null;

-- That a debtor contests a claim: open while closed_at is null.
create table dispute (
  tenant_id uuid not null references tenant,
  dispute_id uuid not null,
  claim_id uuid not null,
  reason text not null constraint dispute_reason_given check (reason <> ''),
  text text not null,
  opened_by text not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  outcome text constraint dispute_outcome check (outcome in ('ACCEPTED', 'REJECTED', 'WITHDRAWN')),
  note text,
  closed_by text,
  primary key (tenant_id, dispute_id),
  constraint dispute_claim foreign key (tenant_id, claim_id) references claim,
  constraint dispute_closed check ((closed_at is null) = (outcome is null))
);
create unique index dispute_open on dispute (tenant_id, claim_id) where closed_at is null;
create index dispute_by_claim on dispute (tenant_id, claim_id, dispute_id);

-- What a debtor shows for it.
create table dispute_file (
  tenant_id uuid not null,
  dispute_id uuid not null,
  file_id uuid not null,
  position integer not null,
  primary key (tenant_id, dispute_id, file_id),
  constraint dispute_file_dispute foreign key (tenant_id, dispute_id) references dispute,
  constraint dispute_file_file foreign key (tenant_id, file_id) references file
);

-- The tenants with a task whose time is over, each by its own clock.
create function task_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from task k where k.tenant_id = t.tenant_id and k.status = 'OPEN'
        and k.due_at <= at + t.clock_offset_ms * interval '1 millisecond') $$;

revoke all on function task_tenants_due(timestamptz) from public;
grant execute on function task_tenants_due(timestamptz) to quittance_app;
