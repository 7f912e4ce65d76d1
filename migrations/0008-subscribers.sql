-- How far each subscriber has read the events of a tenant. A subscriber is replayed by moving its cursor back.
create table event_cursor (
  tenant_id uuid not null references tenant,
  subscriber text not null,
  xid xid8 not null,
  seq bigint not null,
  primary key (tenant_id, subscriber)
);
