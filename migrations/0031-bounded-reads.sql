-- What an operation reads is bounded, however much history its tenant or its account has (test/platform/plans).

-- The invoices of an account as the CRM.COM door pages through them: in the order of posting.
create index claim_by_posting on claim (tenant_id, account_id, created_at, reference);

-- The few entries that, beside what an item asks for and was paid, decide what was ever asked for: so that what an invoice
-- was for is known without its payments. An ordinary payment is in no such index, nor is one that only became credit.
create index entry_beside_payments on entry (tenant_id, account_id, item_seq)
  where item_seq is not null and (kind in ('discount', 'chargeback') or excess_minor > 0);

-- How far the invoices of an account have their numbers. Sequences are given out under the account's lock, so what is
-- booked later has a greater one: only that is looked at.
create table crm_account (
  tenant_id uuid not null,
  account_id uuid not null,
  -- Every claim here whose item_seq is not greater has its number.
  numbered_seq integer not null,
  primary key (tenant_id, account_id),
  constraint crm_account_account foreign key (tenant_id, account_id) references account
);

-- Accounts are found by the name of their debtor. A column of its own, for behind row-level security no index on a
-- function is used; cut, because an entry of an index has at most 2700 bytes.
drop index debtor_by_crm_name;
alter table debtor add column crm_name text generated always as (left(crm_debtor_name(data), 500)) stored;
create index debtor_by_crm_name on debtor (tenant_id, crm_name);

-- The accounts of a subscriber number of Payofin, where it is a payment reference. Most accounts have none.
create index account_by_payment_reference on account (tenant_id, payment_reference) where payment_reference is not null;

-- Where credit waits to be taken up is asked for all tenants at once.
create index crm_take_up_due on crm_take_up (tenant_id, asked_at);

-- Pauses that end at one time end in the order in which the runs began, without sorting all that do (0029).
create index journey_run_resumed on journey_run (tenant_id, paused_until, run_id)
  where status = 'PAUSED' and paused_until is not null;
drop index journey_run_held;

-- Who has work that is due, by the earliest piece of each tenant. Asked whether any is due, the database expects to meet one
-- soon and reads everything that waits until it does, every two seconds.
create or replace function promise_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(p.expires_at) from promise p where p.tenant_id = t.tenant_id and p.status = 'ACTIVE')
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function journey_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(r.next_at) from journey_run r where r.tenant_id = t.tenant_id and r.status = 'RUNNING')
        <= at + t.clock_offset_ms * interval '1 millisecond'
      or (select min(r.paused_until) from journey_run r where r.tenant_id = t.tenant_id and r.status = 'PAUSED')
        <= at + t.clock_offset_ms * interval '1 millisecond'
      or exists (select from journey_booking b where b.tenant_id = t.tenant_id
        and (b.leased_until is null or b.leased_until <= at)) $$;

create or replace function message_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(m.due_at) from message m where m.tenant_id = t.tenant_id and m.status = 'QUEUED')
        <= at + t.clock_offset_ms * interval '1 millisecond'
      or (select min(m.lease_until) from message m where m.tenant_id = t.tenant_id and m.status = 'SENDING') <= at $$;

create or replace function payment_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(p.next_check_at) from portal_payment p where p.tenant_id = t.tenant_id)
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function plan_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(p.next_at) from plan p where p.tenant_id = t.tenant_id)
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function task_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(k.due_at) from task k where k.tenant_id = t.tenant_id and k.status = 'OPEN')
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function crm_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(u.asked_at) from crm_take_up u where u.tenant_id = t.tenant_id)
        <= at + t.clock_offset_ms * interval '1 millisecond'
      or (select min(p.leased_until) from crm_payment p where p.tenant_id = t.tenant_id and p.is_charging) <= at $$;

create or replace function debt_case_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (select min(c.due_at) from debt_case c where c.tenant_id = t.tenant_id)
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function wallee_overdue_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select o.tenant_id from wallee_overdue_told o join tenant t on t.tenant_id = o.tenant_id
    where (
      select min(c.current_due_on) from claim c
      where c.tenant_id = o.tenant_id and c.status = 'ACTIVE' and c.current_due_on >= o.through_on)
      < ((at + t.clock_offset_ms * interval '1 millisecond') at time zone t.time_zone)::date $$;

-- What another holds is passed over; there is little of that.
create or replace function reaction_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where (
      select min(f.due_at) from reaction_firing f where f.tenant_id = t.tenant_id and f.status = 'WAITING'
        and (f.leased_until is null or f.leased_until <= at))
      <= at + t.clock_offset_ms * interval '1 millisecond' $$;

create or replace function webhook_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t
    where exists (
      select from webhook_subscription s
      where s.tenant_id = t.tenant_id and s.is_active
        and (s.probe_at is null or s.probe_at <= at + t.clock_offset_ms * interval '1 millisecond')
        and (
          select min(d.next_at) from webhook_delivery d
          where d.tenant_id = s.tenant_id and d.subscription_id = s.subscription_id and d.state = 'PENDING' and d.is_ready)
          <= case when s.paused_at is null then at + t.clock_offset_ms * interval '1 millisecond' else 'infinity' end) $$;
