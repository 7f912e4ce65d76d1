-- Everything that happened, appended in the transaction that made it happen.
-- Read with (xid, seq) > cursor and xid < pg_snapshot_xmin(pg_current_snapshot()): seq alone loses late commits.
create table event (
  tenant_id uuid not null,
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  message_id uuid not null,
  type text not null,
  data jsonb not null,
  metadata jsonb not null default '{}',
  occurred_at timestamptz not null,
  primary key (tenant_id, xid, seq)
);
create index event_by_type on event (tenant_id, type, occurred_at, xid, seq);
-- Finds what has been kept long enough; a block range index costs an append next to nothing.
create index event_by_age on event using brin (tenant_id, occurred_at);

-- First answers to requests that carry an Idempotency-Key. A row without an answer is a request that still runs;
-- its answer is written in the transaction of its effect, so a lease that has run out means nothing was done.
create table idempotent_request (
  tenant_id uuid not null,
  key text not null,
  fingerprint text not null,
  holder uuid not null,
  locked_until timestamptz not null,
  status integer,
  answer text,
  created_at timestamptz not null,
  primary key (tenant_id, key)
);
create index idempotent_request_by_age on idempotent_request (tenant_id, created_at);

-- Calls with async=true, worked off in the order in which they came.
create table pending_command (
  tenant_id uuid not null,
  seq bigint generated always as identity,
  command_id uuid not null,
  operation text not null,
  input jsonb not null,
  options jsonb not null,
  created_at timestamptz not null,
  primary key (tenant_id, seq)
);
