-- Webhooks in the shape of the wallee doors (src/faces/wallee/webhooks/), and the indexes of searches there.

-- What a subscription is sent, and how it is signed: our own messages, or notices in the shape of the wallee doors.
alter table webhook_subscription add column format text not null default 'quittance'
  constraint webhook_subscription_format check (format in ('quittance', 'wallee'));
-- With which key a notice is signed; without one it is not. Our own messages are signed with the tenant's RSA key.
alter table webhook_subscription add column signing_key_id uuid;
alter table webhook_key add column algorithm text not null default 'RSA_SHA256'
  constraint webhook_key_algorithm check (algorithm in ('RSA_SHA256', 'ECDSA_P256_SHA256'));
alter table webhook_subscription add constraint webhook_subscription_key
  foreign key (tenant_id, signing_key_id) references webhook_key;
create index webhook_subscription_by_key on webhook_subscription (tenant_id, signing_key_id)
  where signing_key_id is not null;
-- One RSA key signs at a time. Keys of wallee identities stay for good: those who check signatures keep them for ever.
drop index webhook_key_signing;
create unique index webhook_key_signing on webhook_key (tenant_id)
  where retired_at is null and algorithm = 'RSA_SHA256';

create table wallee_webhook_url (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  name text,
  url text,
  state text not null
    constraint wallee_webhook_url_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  version integer not null default 1,
  created_at timestamptz not null,
  planned_purge_at timestamptz,
  primary key (tenant_id, id)
);

-- The key pair that signs a space's notices, under a name.
create table wallee_webhook_identity (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  name text not null,
  key_id uuid not null,
  state text not null default 'ACTIVE'
    constraint wallee_webhook_identity_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  version integer not null default 1,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_webhook_identity_of_space unique (tenant_id, name),
  constraint wallee_webhook_identity_key foreign key (tenant_id, key_id) references webhook_key
);
create index wallee_webhook_identity_by_key on wallee_webhook_identity (tenant_id, key_id);

create table wallee_webhook_listener (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  name text,
  url_id bigint not null,
  identity_id bigint not null,
  -- The id of the kind of object that is watched.
  entity bigint not null,
  entity_states jsonb not null default '[]'
    constraint wallee_webhook_listener_states check (jsonb_typeof(entity_states) = 'array'),
  notify_every_change boolean not null default false,
  enable_payload_signature_and_state boolean not null default true,
  -- To which its notices are delivered.
  subscription_id uuid not null,
  state text not null
    constraint wallee_webhook_listener_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  version integer not null default 1,
  created_at timestamptz not null,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_webhook_listener_subscription_key unique (tenant_id, subscription_id),
  constraint wallee_webhook_listener_url foreign key (tenant_id, url_id) references wallee_webhook_url,
  constraint wallee_webhook_listener_identity foreign key (tenant_id, identity_id) references wallee_webhook_identity,
  constraint wallee_webhook_listener_subscription foreign key (tenant_id, subscription_id) references webhook_subscription
);
create index wallee_webhook_listener_by_url on wallee_webhook_listener (tenant_id, url_id);
create index wallee_webhook_listener_by_identity on wallee_webhook_listener (tenant_id, identity_id);
create index wallee_webhook_listener_watching on wallee_webhook_listener (tenant_id, entity) where state = 'ACTIVE';

-- What listeners were told of: one object in one state, because of one event. The id is what they know it by.
create table wallee_notice (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  entity bigint not null,
  entity_id bigint not null,
  state text not null,
  -- The event, or what stands for it where the clock alone brought the change.
  cause_id uuid not null,
  -- Under this id it is delivered.
  message_id uuid not null,
  occurred_at timestamptz not null,
  primary key (tenant_id, id),
  constraint wallee_notice_once unique (tenant_id, cause_id, entity, entity_id)
);
create index wallee_notice_of_object on wallee_notice (tenant_id, entity, entity_id, id);
create index wallee_notice_by_age on wallee_notice using brin (tenant_id, occurred_at);

-- Up to which due date (not included) listeners have been told of claims that are overdue.
create table wallee_overdue_told (
  tenant_id uuid not null references tenant,
  through_on date not null,
  primary key (tenant_id)
);
create index claim_active_by_due_date on claim (tenant_id, current_due_on) where status = 'ACTIVE';

-- The tenants that have overdue claims to tell of, each by its own clock and in its own time zone.
create function wallee_overdue_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select o.tenant_id from wallee_overdue_told o join tenant t on t.tenant_id = o.tenant_id
    where exists (select from claim c where c.tenant_id = o.tenant_id and c.status = 'ACTIVE'
      and c.current_due_on >= o.through_on
      and c.current_due_on < ((at + t.clock_offset_ms * interval '1 millisecond') at time zone t.time_zone)::date) $$;

-- A public key of one of the spaces of an account, asked for without naming the space.
create function find_wallee_webhook_key(home uuid, wanted uuid) returns table (key_id uuid, public_pem text)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select k.key_id, k.public_pem from webhook_key k
    where k.key_id = wanted and k.algorithm = 'ECDSA_P256_SHA256' and (k.tenant_id = home
      or k.tenant_id in (select s.space_tenant_id from wallee_space s where s.tenant_id = home)) $$;

revoke all on function wallee_overdue_tenants_due(timestamptz), find_wallee_webhook_key(uuid, uuid) from public;
grant execute on function wallee_overdue_tenants_due(timestamptz), find_wallee_webhook_key(uuid, uuid) to quittance_app;

-- Customers are searched by e-mail and by name. Columns of their own, for behind row-level security no index on what is
-- inside a document is used; cut, because an entry of an index has at most 2700 bytes.
drop index debtor_by_email;
alter table debtor
  add column family_name text generated always as (left(data ->> 'lastName', 500)) stored,
  add column email_address text generated always as (left(data #>> '{contactInformation,email}', 500)) stored;
create index debtor_by_family_name on debtor (tenant_id, family_name, number);
create index debtor_by_email_address on debtor (tenant_id, email_address, number);
