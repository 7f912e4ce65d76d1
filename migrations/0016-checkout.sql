-- Payment providers of tenants, the sandbox that plays one, and the payments debtors make with them (docs/payments.md).

-- A tenant without a row here takes sandbox payments.
create table payment_provider (
  tenant_id uuid not null references tenant,
  name text not null constraint payment_provider_name check (name in ('sandbox', 'stripe')),
  -- The preferred one has the least.
  position integer not null,
  api_base text,
  secret_key_sealed bytea,
  webhook_secret_sealed bytea,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, name),
  constraint payment_provider_secrets check
    ((name = 'stripe') = (secret_key_sealed is not null) and (name = 'stripe') = (webhook_secret_sealed is not null)
      and (name = 'stripe') = (api_base is not null))
);

-- What the sandbox knows, as a real provider would at its own place.
create table sandbox_checkout (
  tenant_id uuid not null references tenant,
  reference text not null,
  payment_id text not null,
  idempotency_key text not null,
  amount_minor bigint not null constraint sandbox_checkout_amount check (amount_minor > 0),
  currency text not null,
  description text not null,
  locale text,
  return_url text not null,
  cancel_url text not null,
  state text not null constraint sandbox_checkout_state
    check (state in ('open', 'processing', 'settled', 'declined', 'canceled', 'disputed')),
  tracking_id text,
  reason text,
  -- What becomes of it by itself, and when.
  next_state text constraint sandbox_checkout_next check (next_state in ('settled', 'declined', 'disputed')),
  next_at timestamptz,
  created_at timestamptz not null,
  primary key (tenant_id, reference),
  constraint sandbox_checkout_key unique (tenant_id, idempotency_key),
  constraint sandbox_checkout_next_whole check ((next_state is null) = (next_at is null))
);

-- One charge of the sandbox for one idempotency key.
create table sandbox_charge (
  tenant_id uuid not null references tenant,
  idempotency_key text not null,
  charge_reference text not null,
  amount_minor bigint not null,
  currency text not null,
  card_reference text not null,
  created_at timestamptz not null,
  primary key (tenant_id, idempotency_key)
);

-- A debtor's payment on some claims, from the first click to the provider's last word.
create table portal_payment (
  tenant_id uuid not null references tenant,
  payment_id uuid not null,
  provider text not null,
  provider_reference text,
  -- Set once: the payment is booked under it, so it never changes.
  tracking_id text,
  currency text not null,
  amount_minor bigint not null constraint portal_payment_amount check (amount_minor > 0),
  locale text,
  state text not null constraint portal_payment_state
    check (state in ('open', 'processing', 'settled', 'declined', 'canceled', 'interrupted', 'failed', 'disputed')),
  -- It reached processing or settled, and that was told.
  is_landed boolean not null default false,
  -- [{state, at, reason?}], the oldest first.
  history jsonb not null constraint portal_payment_history check (jsonb_typeof(history) = 'array'),
  -- What was booked when it settled: [{accountReference, claimReference, entryReference, amountMinor}].
  bookings jsonb not null default '[]',
  checks integer not null default 0,
  -- When its provider is asked next; null: never again.
  next_check_at timestamptz,
  -- When an open one counts as abandoned.
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (tenant_id, payment_id)
);
create unique index portal_payment_by_reference on portal_payment (tenant_id, provider, provider_reference)
  where provider_reference is not null;
create index portal_payment_by_tracking on portal_payment (tenant_id, provider, tracking_id)
  where tracking_id is not null;
create index portal_payment_checks on portal_payment (tenant_id, next_check_at) where next_check_at is not null;

create table portal_payment_claim (
  tenant_id uuid not null,
  payment_id uuid not null,
  claim_id uuid not null,
  position integer not null,
  claim_reference text not null,
  -- Where its share is remembered as booked, wherever the claim goes.
  account_reference text not null,
  amount_minor bigint not null constraint portal_payment_claim_amount check (amount_minor > 0),
  primary key (tenant_id, payment_id, claim_id),
  constraint portal_payment_claim_payment foreign key (tenant_id, payment_id) references portal_payment,
  constraint portal_payment_claim_claim foreign key (tenant_id, claim_id) references claim
);
create index portal_payment_claim_by_claim on portal_payment_claim (tenant_id, claim_id, payment_id);

-- The tenants whose payments wait for a question to their provider, each by its own clock.
create function payment_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from portal_payment p where p.tenant_id = t.tenant_id
        and p.next_check_at <= at + t.clock_offset_ms * interval '1 millisecond') $$;

revoke all on function payment_tenants_due(timestamptz) from public;
grant execute on function payment_tenants_due(timestamptz) to quittance_app;
