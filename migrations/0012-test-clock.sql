-- The test clock of sandbox tenants: how far their time is ahead of the machine's.
alter table tenant add column clock_offset_ms bigint not null default 0
  constraint tenant_clock_of_sandbox check (clock_offset_ms = 0 or (is_sandbox and clock_offset_ms > 0));

-- Asked for all tenants at once; only those that live in another time are answered.
create function shifted_clocks() returns table (tenant_id uuid, clock_offset_ms bigint)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select t.tenant_id, t.clock_offset_ms from tenant t where t.clock_offset_ms <> 0 $$;

-- The tenants with a promise that is over, each by its own clock. Timed work of other kinds has a function like it.
create function promise_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from promise p where p.tenant_id = t.tenant_id and p.status = 'ACTIVE'
        and p.expires_at <= at + t.clock_offset_ms * interval '1 millisecond') $$;

revoke all on function shifted_clocks(), promise_tenants_due(timestamptz) from public;
grant execute on function shifted_clocks(), promise_tenants_due(timestamptz) to quittance_app;
