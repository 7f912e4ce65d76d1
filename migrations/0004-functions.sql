-- The few questions that are asked before a tenant is known, or for all tenants. They run as the owner of the schema,
-- answer as little as possible, and are the application role's only way around row-level security.

create function find_oauth_client(wanted text)
  returns table (tenant_id uuid, secret_sha256 bytea)
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select c.tenant_id, c.secret_sha256 from oauth_client c where c.client_id = wanted and c.revoked_at is null limit 2 $$;

create function all_tenant_ids() returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$ select t.tenant_id from tenant t order by t.created_at, t.tenant_id $$;

-- Events are kept 400 days (D-100), first answers 72 hours. Only this function removes what the application may not.
create function remove_expired(events_before timestamptz, answers_before timestamptz, rows_max integer)
  returns table (events bigint, answers bigint)
  language plpgsql security definer set search_path = quittance, pg_temp
  as $$
declare
  one uuid;
  removed bigint;
begin
  if events_before > now() - interval '399 days' or answers_before > now() - interval '71 hours' then
    raise exception 'remove_expired was asked to remove what must still be kept';
  end if;
  events := 0;
  answers := 0;
  for one in select t.tenant_id from tenant t loop
    delete from event e using (
      select v.xid, v.seq from event v where v.tenant_id = one and v.occurred_at < events_before limit rows_max) old
      where e.tenant_id = one and e.xid = old.xid and e.seq = old.seq;
    get diagnostics removed = row_count;
    events := events + removed;
    delete from idempotent_request r using (
      select q.key from idempotent_request q where q.tenant_id = one and q.created_at < answers_before limit rows_max) old
      where r.tenant_id = one and r.key = old.key;
    get diagnostics removed = row_count;
    answers := answers + removed;
  end loop;
  return next;
end $$;

revoke all on function find_oauth_client(text), all_tenant_ids(), remove_expired(timestamptz, timestamptz, integer) from public;
grant execute on function find_oauth_client(text), all_tenant_ids(), remove_expired(timestamptz, timestamptz, integer) to quittance_app;
