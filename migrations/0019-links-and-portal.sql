-- The debtor's page (src/links/README.md): one address per claim, and how often somebody failed to say who they are.
create table link (
  tenant_id uuid not null,
  claim_id uuid not null,
  -- More than 96 bits of chance: whoever knows it was given it.
  code text not null constraint link_code_form check (code ~ '^[1-9A-HJ-NP-Za-km-z]{18}$'),
  -- Failed identity checks since the last one that passed or the last lock (D-96).
  failures smallint not null default 0 constraint link_failures_not_negative check (failures >= 0),
  locked_until timestamptz,
  created_at timestamptz not null,
  primary key (tenant_id, claim_id),
  constraint link_claim foreign key (tenant_id, claim_id) references claim
);
-- A visitor names no tenant; codes are chance, so this index need not be unique.
create index link_by_code on link (code);

create function find_link(wanted text) returns table (tenant_id uuid, claim_id uuid)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select l.tenant_id, l.claim_id from link l where l.code = wanted limit 2 $$;

revoke all on function find_link(text) from public;
grant execute on function find_link(text) to quittance_app;
