-- Where a tenant wants to be told of its events, and what was told (docs/webhooks.md).

create table webhook_subscription (
  tenant_id uuid not null references tenant,
  subscription_id uuid not null,
  url text not null,
  -- Bare names of event types, or one '*'.
  event_types jsonb not null
    constraint webhook_subscription_types_given check (jsonb_typeof(event_types) = 'array' and event_types <> '[]'),
  is_active boolean not null,
  -- Why we deactivated it; null while it is active or was deactivated by its owner.
  inactive_reason text,
  -- The first failure since the last success.
  failing_since timestamptz,
  paused_at timestamptz,
  pause_reason text,
  -- When a paused one is called again to see whether it answers.
  probe_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, subscription_id),
  constraint webhook_subscription_pause check
    ((paused_at is null) = (probe_at is null) and (paused_at is null) = (pause_reason is null)),
  constraint webhook_subscription_reason_when_inactive check (not is_active or inactive_reason is null)
);

-- One message to one subscription. Its payload is kept as the text that is signed, so every attempt sends the same.
create table webhook_delivery (
  tenant_id uuid not null,
  subscription_id uuid not null,
  message_id uuid not null,
  -- The order of events within a subscription.
  place bigint generated always as identity,
  event_type text not null,
  -- Messages of one key (a claim, else an account) go one after another.
  order_key text,
  payload text not null,
  state text not null constraint webhook_delivery_state check (state in ('PENDING', 'DELIVERED', 'FAILED')),
  -- Nothing of the same key waits before it.
  is_ready boolean not null,
  attempts integer not null default 0,
  next_at timestamptz not null,
  expires_at timestamptz not null,
  -- Held by the process that sends it; one that died holds it no longer than this.
  lease_id uuid,
  lease_until timestamptz,
  last_attempt_at timestamptz,
  response_status integer,
  error text,
  created_at timestamptz not null,
  delivered_at timestamptz,
  primary key (tenant_id, subscription_id, message_id),
  constraint webhook_delivery_subscription foreign key (tenant_id, subscription_id)
    references webhook_subscription on delete cascade,
  constraint webhook_delivery_lease check
    ((lease_id is null) = (lease_until is null) and (lease_id is null or state = 'PENDING')),
  constraint webhook_delivery_when_delivered check ((state = 'DELIVERED') = (delivered_at is not null))
);
create index webhook_delivery_due on webhook_delivery (tenant_id, subscription_id, next_at, place)
  where state = 'PENDING' and is_ready;
create index webhook_delivery_in_order on webhook_delivery (tenant_id, subscription_id, order_key, place)
  where state = 'PENDING';
create index webhook_delivery_leased on webhook_delivery (tenant_id, subscription_id) where lease_id is not null;
create index webhook_delivery_log on webhook_delivery (tenant_id, subscription_id, place);
create index webhook_delivery_failed on webhook_delivery (tenant_id, subscription_id, place) where state = 'FAILED';
create index webhook_delivery_by_age on webhook_delivery using brin (tenant_id, created_at);

-- The RSA keys that sign a tenant's messages. One signs; a retired one is listed for 48 hours more.
create table webhook_key (
  tenant_id uuid not null references tenant,
  key_id uuid not null,
  public_pem text not null,
  private_sealed bytea not null,
  created_at timestamptz not null,
  retired_at timestamptz,
  primary key (tenant_id, key_id)
);
create unique index webhook_key_signing on webhook_key (tenant_id) where retired_at is null;
