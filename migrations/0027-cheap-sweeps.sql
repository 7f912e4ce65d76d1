-- Who has work, asked for all tenants at once: thousands of tenants that are at rest cost one statement, not one each.

-- The tenants with an event that one of these subscribers has not passed yet.
create function tenants_behind(subscribers text[]) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    cross join lateral (
      select e.xid, e.seq from event e
      where e.tenant_id = t.tenant_id and e.xid < pg_snapshot_xmin(pg_current_snapshot())
      order by e.xid desc, e.seq desc limit 1) newest
    where exists (
      select from unnest(subscribers) as s(name)
      left join event_cursor c on c.tenant_id = t.tenant_id and c.subscriber = s.name
      where c.xid is null or (c.xid, c.seq) < (newest.xid, newest.seq)) $$;

-- The tenants with a webhook message that is due, each by its own clock, or with a paused webhook to be tried again.
create function webhook_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where exists (
      select from webhook_subscription s
      where s.tenant_id = t.tenant_id and s.is_active
        and (s.probe_at is null or s.probe_at <= at + t.clock_offset_ms * interval '1 millisecond')
        and exists (
          select from webhook_delivery d
          where d.tenant_id = s.tenant_id and d.subscription_id = s.subscription_id and d.state = 'PENDING' and d.is_ready
            and (d.next_at <= at + t.clock_offset_ms * interval '1 millisecond' or s.paused_at is not null))) $$;

revoke all on function tenants_behind(text[]), webhook_tenants_due(timestamptz) from public;
grant execute on function tenants_behind(text[]), webhook_tenants_due(timestamptz) to quittance_app;
