-- What debtors agreed to: promises to pay a claim, and mandates to collect from an account.

-- A promise is kept by money received on its claim before it is over (D-91).
create table promise (
  tenant_id uuid not null,
  promise_id uuid not null,
  claim_id uuid not null,
  status text not null constraint promise_status check (status in ('ACTIVE', 'RESOLVED', 'EXPIRED', 'INVALIDATED')),
  amount_minor bigint not null constraint promise_amount_positive check (amount_minor > 0),
  currency text not null,
  due_on date not null,
  -- The instant at which due_on is over in the tenant's time zone, as it was when the promise was made.
  expires_at timestamptz not null,
  paid_minor bigint not null constraint promise_paid_not_negative check (paid_minor >= 0),
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (tenant_id, promise_id),
  constraint promise_claim foreign key (tenant_id, claim_id) references claim,
  constraint promise_ends_once check ((status = 'ACTIVE') = (ended_at is null))
) with (fillfactor = 85);
create unique index promise_active on promise (tenant_id, claim_id) where status = 'ACTIVE';
create index promise_due on promise (tenant_id, expires_at, promise_id) where status = 'ACTIVE';
create index promise_by_claim on promise (tenant_id, claim_id, created_at);

-- Says that an active promise hangs on the claim, so that claims without one are loaded without asking.
alter table claim add column has_promise boolean not null default false;

create table mandate (
  tenant_id uuid not null,
  account_id uuid not null,
  mandate_id text not null,
  -- The order in which the mandates of an account were made.
  position integer not null,
  provider text not null,
  debtor_reference text not null,
  product_references jsonb not null,
  representation jsonb,
  -- Only for the provider; no answer shows it (D-93).
  client_ip_address text,
  created_at timestamptz not null,
  primary key (tenant_id, account_id, mandate_id),
  constraint mandate_account foreign key (tenant_id, account_id) references account
);
