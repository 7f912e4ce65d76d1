-- The payment provider that was set up first is preferred; all had the same position, so that their names decided.
update payment_provider p set position = o.position
from (
  select tenant_id, name, row_number() over (partition by tenant_id order by created_at, name) - 1 as position
  from payment_provider
) as o
where p.tenant_id = o.tenant_id and p.name = o.name and p.position <> o.position;
