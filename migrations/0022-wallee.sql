-- The wallee doors: what they keep beside the book (src/faces/wallee/README.md), and customers, who are debtors (src/customers/README.md).

-- Every debtor is a customer from birth: the number is the customer's id, the version counts changes through any door.
alter table debtor add column number bigint generated always as identity;
alter table debtor add column version integer not null default 1;
alter table debtor add column created_at timestamptz;
alter table debtor add constraint debtor_number_key unique (tenant_id, number);
create index debtor_by_email on debtor (tenant_id, (data #>> '{contactInformation,email}'));

-- What a customer has that a debtor has not. Written together with the debtor, by the bookkeeper.
create table customer (
  tenant_id uuid not null,
  debtor_reference text not null,
  -- The merchant's own name for the customer; while there is no row here, it is the debtor's reference.
  customer_id text,
  language text,
  preferred_currency text constraint customer_currency_code check (preferred_currency ~ '^[A-Z]{3}$'),
  meta_data jsonb not null default '{}',
  primary key (tenant_id, debtor_reference),
  constraint customer_debtor foreign key (tenant_id, debtor_reference) references debtor
);
create index customer_by_customer_id on customer (tenant_id, customer_id);

-- Addresses that a customer had; the present one is the debtor's.
create table customer_email (
  tenant_id uuid not null,
  debtor_reference text not null,
  email text not null,
  created_at timestamptz not null,
  primary key (tenant_id, debtor_reference, email),
  constraint customer_email_debtor foreign key (tenant_id, debtor_reference) references debtor
);

create table customer_address (
  tenant_id uuid not null,
  id bigint generated always as identity,
  debtor_number bigint not null,
  address_type text not null default 'BOTH'
    constraint customer_address_type check (address_type in ('BILLING', 'SHIPPING', 'BOTH')),
  address jsonb not null default '{}',
  is_default boolean not null default false,
  -- The command that made it: by this its id is found again.
  command_id uuid not null,
  version integer not null default 1,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint customer_address_command_key unique (tenant_id, command_id),
  constraint customer_address_customer foreign key (tenant_id, debtor_number) references debtor (tenant_id, number)
);
create index customer_address_by_customer on customer_address (tenant_id, debtor_number, id);
create unique index customer_address_default_key on customer_address (tenant_id, debtor_number) where is_default;

create table customer_comment (
  tenant_id uuid not null,
  id bigint generated always as identity,
  debtor_number bigint not null,
  content text,
  pinned boolean not null default false,
  created_by bigint not null,
  edited_by bigint,
  edited_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint customer_comment_customer foreign key (tenant_id, debtor_number) references debtor (tenant_id, number)
);
create index customer_comment_by_customer on customer_comment (tenant_id, debtor_number, id);

-- Who may do what. These rows belong to the tenant that was created with credentials; spaces made later are tenants of
-- their own and are listed here.
create table wallee_account (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  name text not null,
  account_type text not null constraint wallee_account_type check (account_type in ('MASTER', 'REGULAR', 'SUBACCOUNT')),
  parent_account bigint,
  subaccount_limit bigint,
  state text not null,
  version integer not null default 1,
  created_by bigint,
  created_at timestamptz not null,
  deleted_by bigint,
  deleted_at timestamptz,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_account_parent foreign key (tenant_id, parent_account) references wallee_account,
  constraint wallee_account_state check (state in ('CREATE', 'RESTRICTED_ACTIVE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED'))
);
create index wallee_account_by_parent on wallee_account (tenant_id, parent_account);

create table wallee_space (
  tenant_id uuid not null references tenant,
  id bigint not null,
  -- The tenant that the space is.
  space_tenant_id uuid not null,
  account_id bigint not null,
  name text not null,
  time_zone text not null,
  primary_currency text,
  postal_address jsonb,
  technical_contact_addresses jsonb not null default '[]',
  request_limit bigint,
  state text not null,
  version integer not null default 1,
  created_by bigint,
  created_at timestamptz not null,
  deleted_by bigint,
  deleted_at timestamptz,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_space_account foreign key (tenant_id, account_id) references wallee_account,
  constraint wallee_space_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED'))
);
create index wallee_space_by_account on wallee_space (tenant_id, account_id);

-- Application users are numbered by their space (space × 1000 + n), so that a request names its tenant by its user.
create table wallee_user (
  tenant_id uuid not null references tenant,
  id bigint generated by default as identity (start with 1000000000000),
  user_type text not null
    constraint wallee_user_type check (user_type in ('APPLICATION_USER', 'HUMAN_USER', 'SINGLE_SIGNON_USER')),
  state text not null constraint wallee_user_state check (state in ('CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED')),
  primary_account bigint not null,
  name text,
  request_limit bigint,
  email_address text,
  firstname text,
  lastname text,
  language text,
  time_zone text,
  mobile_phone_number text,
  two_factor_enabled boolean not null default false,
  provider bigint,
  version integer not null default 1,
  created_at timestamptz not null,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_user_account foreign key (tenant_id, primary_account) references wallee_account
);
create unique index wallee_user_email_key on wallee_user (tenant_id, lower(email_address))
  where user_type = 'HUMAN_USER' and state <> 'DELETED';

-- The secret of a key is in door_credential, sealed.
create table wallee_user_key (
  tenant_id uuid not null,
  id bigint generated always as identity,
  user_id bigint not null,
  credential_key_id text not null,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint wallee_user_key_user foreign key (tenant_id, user_id) references wallee_user,
  constraint wallee_user_key_credential_key unique (tenant_id, credential_key_id)
);
create index wallee_user_key_by_user on wallee_user_key (tenant_id, user_id);

create table wallee_role (
  tenant_id uuid not null references tenant,
  id bigint generated always as identity,
  account_id bigint,
  name jsonb not null default '{}',
  description jsonb not null default '{}',
  permissions jsonb not null default '[]',
  two_factor_required boolean not null default false,
  -- Made with the tenant; it cannot be changed or deleted.
  is_built_in boolean not null default false,
  state text not null constraint wallee_role_state check (state in ('CREATE', 'ACTIVE', 'DELETING', 'DELETED')),
  version integer not null default 1,
  created_at timestamptz not null,
  planned_purge_at timestamptz,
  primary key (tenant_id, id),
  constraint wallee_role_account foreign key (tenant_id, account_id) references wallee_account
);

create table wallee_user_role (
  tenant_id uuid not null,
  id bigint generated always as identity,
  user_id bigint not null,
  role_id bigint not null,
  account_id bigint,
  space_id bigint,
  applies_on_sub_account boolean not null default false,
  version integer not null default 1,
  created_at timestamptz not null,
  primary key (tenant_id, id),
  constraint wallee_user_role_user foreign key (tenant_id, user_id) references wallee_user,
  constraint wallee_user_role_role foreign key (tenant_id, role_id) references wallee_role,
  constraint wallee_user_role_account foreign key (tenant_id, account_id) references wallee_account,
  constraint wallee_user_role_space foreign key (tenant_id, space_id) references wallee_space,
  constraint wallee_user_role_place check (num_nonnulls(account_id, space_id) = 1)
);
create unique index wallee_user_role_account_key on wallee_user_role (tenant_id, user_id, account_id, role_id)
  where account_id is not null;
create unique index wallee_user_role_space_key on wallee_user_role (tenant_id, user_id, space_id, role_id)
  where space_id is not null;
create index wallee_user_role_by_role on wallee_user_role (tenant_id, role_id);

-- Asked before the tenant is known: the user's number begins with that of the space.
create function find_wallee_keys(user_id bigint)
  returns table (tenant_id uuid, key_id text, secret_sealed bytea)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select c.tenant_id, c.key_id, c.secret_sealed from tenant t
    join door_credential c on c.tenant_id = t.tenant_id and c.door = 'wallee' and c.revoked_at is null
      and (c.key_id = user_id::text or starts_with(c.key_id, user_id::text || '/'))
    where t.space_id = user_id / 1000 and c.secret_sealed is not null
    order by c.created_at desc limit 20 $$;

revoke all on function find_wallee_keys(bigint) from public;
grant execute on function find_wallee_keys(bigint) to quittance_app;
