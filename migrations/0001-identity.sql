-- Tenants and what they identify themselves with.
-- Every table of a tenant has tenant_id first in its primary key; 0999 of each release protects it by row-level security.

create table tenant (
  tenant_id uuid primary key,
  -- The number by which the wallee doors name the tenant.
  space_id bigint generated always as identity,
  name text not null constraint tenant_name_given check (name <> ''),
  is_sandbox boolean not null default false,
  time_zone text not null default 'Europe/Berlin',
  -- Switches a tenant may set: rateLimitPerSecond, strictDebtorNames, dedupePayments, paymentPriority …
  settings jsonb not null default '{}',
  created_at timestamptz not null,
  constraint tenant_space_id_key unique (space_id)
);

create table oauth_client (
  tenant_id uuid not null references tenant,
  client_id text not null,
  secret_sha256 bytea not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, client_id)
);
-- A client names no tenant when it asks for a token; ids are 130 bits of chance, so this index need not be unique.
create index oauth_client_by_id on oauth_client (client_id);

-- Credentials of the other doors. A secret that must be read again (HMAC keys) is sealed, never plain.
create table door_credential (
  tenant_id uuid not null references tenant,
  door text not null,
  key_id text not null,
  secret_sha256 bytea not null,
  secret_sealed bytea,
  created_at timestamptz not null,
  revoked_at timestamptz,
  primary key (tenant_id, door, key_id)
);

-- Keys that sign access tokens. They belong to the installation, not to a tenant.
create table signing_key (
  key_id text primary key,
  public_jwk jsonb not null,
  private_jwk_sealed bytea not null,
  created_at timestamptz not null,
  retired_at timestamptz
);
