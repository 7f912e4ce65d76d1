-- What debtors are told (src/communications), and what they said about being told (src/contacts).

-- A debtor as somebody to write to; who decides about a message to them holds this row.
create table contact (
  tenant_id uuid not null references tenant,
  debtor_reference text not null,
  created_at timestamptz not null,
  primary key (tenant_id, debtor_reference)
);

create table contact_preference (
  tenant_id uuid not null,
  debtor_reference text not null,
  channel text not null constraint contact_preference_channel check (channel in ('email', 'sms', 'letter')),
  preference text not null constraint contact_preference_value check (preference in ('allowed', 'denied', 'unset')),
  -- Who said so: the debtor by a link, the debtor's page, an agent, a bounce.
  source text not null,
  changed_at timestamptz not null,
  primary key (tenant_id, debtor_reference, channel),
  constraint contact_preference_contact foreign key (tenant_id, debtor_reference) references contact
);

-- Addresses that nothing is sent to any more, whosever they are.
create table suppressed_address (
  tenant_id uuid not null references tenant,
  channel text not null constraint suppressed_address_channel check (channel in ('email', 'sms')),
  -- In lower case.
  address text not null constraint suppressed_address_given check (address <> ''),
  reason text not null constraint suppressed_address_reason check (reason in ('bounce', 'unsubscribe', 'complaint', 'agent')),
  message_id uuid,
  -- Who unsubscribed by it, and may take it back.
  debtor_reference text,
  suppressed_at timestamptz not null,
  primary key (tenant_id, channel, address)
);

-- What a tenant says about when and how often it writes; without a row of a kind the built-in one counts.
create table send_rule (
  tenant_id uuid not null references tenant,
  rule_id uuid not null,
  kind text not null constraint send_rule_kind check (kind in ('quiet_hours', 'contact_cap', 'consent', 'weekdays')),
  -- Null: any.
  country text constraint send_rule_country check (country ~ '^[A-Z]{2}$'),
  channel text constraint send_rule_channel check (channel in ('email', 'sms', 'letter')),
  value jsonb not null,
  note text,
  valid_from date not null,
  -- The last day, null: for ever.
  valid_until date,
  created_at timestamptz not null,
  primary key (tenant_id, rule_id),
  constraint send_rule_days check (valid_until >= valid_from)
);

create table message (
  tenant_id uuid not null references tenant,
  message_id uuid not null,
  -- Who makes messages by machine names each; one of that name is made once.
  key text not null constraint message_key_given check (key <> ''),
  claim_id uuid not null,
  account_id uuid not null,
  -- Whom it is for; where a claim names no debtor, the claim's own id.
  debtor_reference text not null,
  channel text not null constraint message_channel check (channel in ('email', 'sms', 'letter')),
  purpose text not null constraint message_purpose check (purpose in ('dunning', 'notice')),
  bundle_id uuid not null,
  bundle_version integer,
  bundle_name text,
  cause jsonb not null,
  context jsonb not null,
  status text not null constraint message_status
    check (status in ('QUEUED', 'SENDING', 'SENT', 'WITHHELD', 'FAILED', 'BOUNCED')),
  -- When it is tried next, in the tenant's time.
  due_at timestamptz not null,
  attempts integer not null default 0,
  -- Whoever sends it now, until then by the machine's time.
  lease_id uuid,
  lease_until timestamptz,
  -- Its bytes may have left since then; null again where it is certain that they did not.
  transfer_began_at timestamptz,
  -- Why it was sent, was withheld or waits.
  decided_at timestamptz,
  decision jsonb,
  -- When the debtor was, as far as we know, contacted by it; what the contact cap counts.
  contacted_at timestamptz,
  recipient text,
  -- How it went: smtp, sms, or into the outbox, from where nothing leaves.
  transport text,
  message_url text,
  error text,
  bounce jsonb,
  created_at timestamptz not null,
  sent_at timestamptz,
  delivered_at timestamptz,
  primary key (tenant_id, message_id),
  constraint message_key_once unique (tenant_id, key),
  constraint message_claim foreign key (tenant_id, claim_id) references claim,
  constraint message_leased_while_sending check ((status = 'SENDING') = (lease_id is not null)),
  constraint message_lease_ends check ((lease_id is null) = (lease_until is null)),
  constraint message_sent_says_when check (status not in ('SENT', 'BOUNCED') or sent_at is not null)
) with (fillfactor = 85);
create index message_due on message (tenant_id, due_at, message_id) where status = 'QUEUED';
create index message_held on message (tenant_id) where status = 'QUEUED' and decision ->> 'because' = 'journey_paused';
create index message_leased on message (tenant_id, lease_until) where status = 'SENDING';
create index message_by_claim on message (tenant_id, claim_id, message_id);
create index message_by_status on message (tenant_id, status, message_id);
create index message_by_bundle on message (tenant_id, bundle_id);
create index message_contacts on message (tenant_id, debtor_reference, contacted_at) where contacted_at is not null;

-- The message as it left, apart from its row so that lists stay small.
create table message_content (
  tenant_id uuid not null,
  message_id uuid not null,
  eml bytea not null,
  -- The words alone, as a provider of text messages is given them.
  words text not null,
  sha256 bytea not null,
  composed_at timestamptz not null,
  primary key (tenant_id, message_id),
  constraint message_content_of foreign key (tenant_id, message_id) references message
);

-- The tenants with a message that is due by their own clock, or whose sender's lease has run out by the machine's.
create function message_tenants_due(at timestamptz) returns setof uuid
  language sql stable security definer set search_path = quittance, pg_temp
  as $$
    select t.tenant_id from tenant t where exists (
      select from message m where m.tenant_id = t.tenant_id and m.status = 'QUEUED'
        and m.due_at <= at + t.clock_offset_ms * interval '1 millisecond')
    or exists (
      select from message m where m.tenant_id = t.tenant_id and m.status = 'SENDING' and m.lease_until <= at) $$;

revoke all on function message_tenants_due(timestamptz) from public;
grant execute on function message_tenants_due(timestamptz) to quittance_app;
