import type { TestTenant, World } from '../../world.ts'

/** How many of each a tenant with a history has; of invoices, the account `BIG` alone has a quarter of that. */
export const many = 10_000
export const manyOnOne = many / 4
/** How long a machine with much else to do may take for that. */
export const fillingMs = 240_000

/** The id of the n-th of a kind, the same in every statement. */
const id = (kind: string, n = 'n') => `md5('${kind}' || ${n})::uuid`
const each = `from generate_series(1, ${many}) as n`
const past = `timestamptz '2025-01-01 00:00Z' + n * interval '1 minute'`

/**
 * `A-1` … each with a debtor, the claim `C-1` … of 100.00 past due with a fee of 1.00, and a payment of 50.00. The accounts
 * have payment references, the claims links.
 */
const accounts = `
  insert into debtor (tenant_id, reference, data, updated_at)
  select $1::uuid, 'D-' || n, json_build_object('debtorReference', 'D-' || n, 'firstName', 'Ada', 'lastName', 'Byron ' || n,
    'contactInformation', json_build_object('country', 'DE', 'email', 'd' || n || '@example.com')), ${past} ${each};
  insert into account (tenant_id, account_id, reference, currency, entry_seq, outstanding_minor, claims_amount_minor,
    claims_fees_minor, payment_reference, created_at)
  select $1::uuid, ${id('account')}, 'A-' || n, 'TRY', 3, 5100, 5000, 100, 'PR-' || n, ${past} ${each};
  insert into account_debtor (tenant_id, account_id, debtor_reference, position)
  select $1::uuid, ${id('account')}, 'D-' || n, 0 ${each};
  insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, item_seq,
    details, context, created_at, booked_at, command_id)
  select $1::uuid, ${id('account')}, e.seq, e.kind || '-' || n, e.kind, 'ledger', e.debit, e.credit, e.effect, e.minor, e.item,
    '{}', '{}', ${past}, ${past}, ${id('command')} ${each}
  cross join (values (1, 'invoice', 'item:1', 'revenue', 1, 10000, 1), (2, 'fee', 'item:2', 'revenue', 1, 100, 2),
    (3, 'payment', 'cash:TRY', 'item:1', -1, 5000, 1)) as e (seq, kind, debit, credit, effect, minor, item);
  insert into item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open, paid_minor,
    parent_seq, due_on, created_at)
  select $1::uuid, ${id('account')}, 1, 'invoice', 'ledger', 'C-' || n, 5000, true, 5000, null::integer, date '2026-02-01',
    ${past} ${each}
  union all select $1::uuid, ${id('account')}, 2, 'fee', 'ledger', 'F-' || n, 100, true, 0, 1, null, ${past} ${each};
  insert into claim (tenant_id, claim_id, reference, receeve_reference, account_id, item_seq, is_managed, status,
    original_due_on, current_due_on, debtor_reference, primary_debtor, created_at)
  select $1::uuid, ${id('claim')}, 'C-' || n, 'C-' || n || '-2026-02-01', ${id('account')}, 1, true, 'ACTIVE', '2026-02-01',
    '2026-02-01', 'D-' || n, d.data, ${past} ${each}
  join debtor d on d.tenant_id = $1::uuid and d.reference = 'D-' || n;
  insert into link (tenant_id, claim_id, code, created_at)
  select $1::uuid, ${id('claim')}, translate(left(md5('link' || n), 18), '0', 'g'), ${past} ${each}`

const onBig = `from generate_series(1, ${manyOnOne}) as n`
const isOpen = `n > ${manyOnOne - 10}`

/** `BIG` with the claims `B-1` … of 100.00, each paid by two payments; the last ten of them only by one. */
const oneBigAccount = `
  insert into debtor (tenant_id, reference, data, updated_at)
  values ($1::uuid, 'D-BIG', '{"debtorReference": "D-BIG", "firstName": "Big", "lastName": "Payer"}', now());
  insert into account (tenant_id, account_id, reference, currency, entry_seq, outstanding_minor, created_at)
  values ($1::uuid, ${id('big', "''")}, 'BIG', 'TRY', ${3 * manyOnOne}, 50000, now());
  insert into account_debtor (tenant_id, account_id, debtor_reference, position)
  values ($1::uuid, ${id('big', "''")}, 'D-BIG', 0);
  insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, item_seq,
    details, context, created_at, booked_at, command_id)
  select $1::uuid, ${id('big', "''")}, 3 * n - 3 + e.place, 'B-' || n || '/' || e.place, e.kind, 'ledger', e.debit, e.credit,
    e.effect, e.minor, 3 * n - 2, '{}', '{}', ${past}, ${past}, ${id('command')} ${onBig}
  cross join (values (1, 'invoice', 'item', 'revenue', 1, 10000), (2, 'payment', 'cash:TRY', 'item', -1, 5000),
    (3, 'payment', 'cash:TRY', 'item', -1, 5000)) as e (place, kind, debit, credit, effect, minor)
  where not (${isOpen} and e.place = 3);
  insert into item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open, paid_minor, due_on,
    created_at)
  select $1::uuid, ${id('big', "''")}, 3 * n - 2, 'invoice', 'ledger', 'B-' || n, case when ${isOpen} then 5000 else 0 end,
    ${isOpen}, case when ${isOpen} then 5000 else 10000 end, date '2026-02-01', ${past} ${onBig};
  insert into claim (tenant_id, claim_id, reference, receeve_reference, account_id, item_seq, is_managed, status,
    resolution_reason, original_due_on, current_due_on, debtor_reference, primary_debtor, created_at)
  select $1::uuid, ${id('bill')}, 'B-' || n, 'B-' || n || '-2026-02-01', ${id('big', "''")}, 3 * n - 2, true,
    case when ${isOpen} then 'ACTIVE' else 'RESOLVED' end, case when ${isOpen} then null else 'CLAIM_PAID' end,
    '2026-02-01', '2026-02-01', 'D-BIG', '{"debtorReference": "D-BIG"}', ${past} ${onBig}`

/** Of each claim: a promise that runs, a plan that failed, a placement and a dispute that are over, a payment by card. */
const aroundClaims = `
  insert into promise (tenant_id, promise_id, claim_id, status, amount_minor, currency, due_on, expires_at, paid_minor, created_at)
  select $1::uuid, ${id('promise')}, ${id('claim')}, 'ACTIVE', 100, 'TRY', '2027-01-01', '2027-01-02', 0, ${past} ${each};
  insert into plan_definition (tenant_id, definition_id, version, name, terms, is_active, is_current, created_at)
  values ($1::uuid, ${id('definition', '1')}, 1, 'Old', '{}', false, true, now());
  insert into plan (tenant_id, plan_id, claim_id, definition_id, version, status, amount_minor, fee_minor, currency,
    broken_after, places, accepted_by, accepted_at, ended_at, end_reason)
  select $1::uuid, ${id('plan')}, ${id('claim')}, ${id('definition', '1')}, 1, 'CANCELLED', 100, 0, 'TRY', 1, '[]', 'AGENT',
    ${past}, ${past}, 'CANCELLED' ${each};
  insert into plan_instalment (tenant_id, plan_id, number, due_on, starts_at, expires_at, amount_minor, status)
  select $1::uuid, ${id('plan')}, k, '2025-12-01', ${past}, ${past}, 50, 'CANCELLED' ${each}, generate_series(1, 2) as k;
  insert into agency (tenant_id, agency_id, name, contact, default_channel, is_active, created_at, updated_at)
  values ($1::uuid, ${id('agency', '1')}, 'Agency', '{}', 'FILE', true, now(), now());
  insert into placement (tenant_id, placement_id, claim_id, partner, status, external_status, placed_at, ended_at, cause)
  select $1::uuid, ${id('placement')}, ${id('claim')}, 'Agency', 'RECALLED', 'RECALLED', ${past}, ${past}, '{}' ${each};
  insert into dispute (tenant_id, dispute_id, claim_id, reason, text, opened_by, opened_at, closed_at, outcome)
  select $1::uuid, ${id('dispute')}, ${id('claim')}, 'NOT_MINE', '', 'AGENT', ${past}, ${past}, 'REJECTED' ${each};
  insert into portal_payment (tenant_id, payment_id, provider, currency, amount_minor, state, history, expires_at, created_at,
    updated_at, next_check_at)
  select $1::uuid, ${id('portal')}, 'sandbox', 'TRY', 100, 'processing', '[]', ${past}, ${past}, ${past}, '2027-01-01' ${each};
  insert into portal_payment_claim (tenant_id, payment_id, claim_id, position, claim_reference, account_reference, amount_minor)
  select $1::uuid, ${id('portal')}, ${id('claim')}, 0, 'C-' || n, 'A-' || n, 100 ${each};
  insert into task (tenant_id, task_id, key, kind, title, claim_id, status, due_at, actions, cause, created_at)
  select $1::uuid, ${id('task')}, 'task' || n, 'CALL', 'Call', ${id('claim')}, 'OPEN', '2027-01-01', '[]', '{}', ${past} ${each}`

/** To each debtor a message that was sent and one that waits; `D-1` alone was sent as many again, all long ago. */
const messages = `
  insert into message (tenant_id, message_id, key, claim_id, account_id, debtor_reference, channel, purpose, bundle_id, cause,
    context, status, due_at, contacted_at, sent_at, created_at)
  select $1::uuid, ${id('sent')}, 'sent' || n, ${id('claim')}, ${id('account')}, 'D-' || n, 'email', 'dunning', ${id('bundle', '1')},
    json_build_object('kind', 'journey', 'id', ${id('run')}), '{}'::jsonb, 'SENT', ${past}, ${past}, ${past}, ${past} ${each}
  union all select $1::uuid, ${id('old')}, 'old' || n, ${id('claim', '1')}, ${id('account', '1')}, 'D-1', 'email', 'dunning',
    ${id('bundle', '1')}, '{"kind": "agent", "id": "a"}', '{}'::jsonb, 'SENT', ${past}, ${past}, ${past}, ${past} ${each}
  union all select $1::uuid, ${id('waiting')}, 'waiting' || n, ${id('claim')}, ${id('account')}, 'D-' || n, 'email', 'dunning',
    ${id('bundle', '1')}, json_build_object('kind', 'journey', 'id', ${id('run')}), '{}'::jsonb, 'QUEUED',
    timestamptz '2026-04-01 12:00Z', null, null, ${past} ${each};
  insert into contact (tenant_id, debtor_reference, created_at) select $1::uuid, 'D-' || n, ${past} ${each};
  insert into contact_preference (tenant_id, debtor_reference, channel, preference, source, changed_at)
  select $1::uuid, 'D-' || n, 'email', 'allowed', 'agent', ${past} ${each};
  insert into suppressed_address (tenant_id, channel, address, reason, suppressed_at)
  select $1::uuid, 'email', 'gone' || n || '@example.com', 'bounce', ${past} ${each}`

/** A run of each claim on a journey that is there: half of them wait until one hour, half are paused until another. */
const runs = `
  insert into journey_run (tenant_id, run_id, claim_id, journey_id, journey_name, version, status, state, next_at, started_at,
    paused_at, paused_until)
  select $1::uuid, ${id('run')}, ${id('claim')}, j.journey_id, j.name, 1, case when n % 2 = 0 then 'RUNNING' else 'PAUSED' end,
    '{"stack": [{"path": "main", "index": 0}], "effects": 0}', timestamptz '2026-04-01 12:00Z', ${past},
    case when n % 2 = 1 then ${past} end, case when n % 2 = 1 then timestamptz '2026-03-20 12:00Z' end
  ${each} join journey j on j.tenant_id = $1::uuid;
  insert into claim_last (tenant_id, claim_id, thing, happened_at)
  select $1::uuid, ${id('claim')}, 'payment', ${past} ${each}`

/** Events of a kind that nothing in the product wants. */
const events = `
  insert into event (tenant_id, message_id, type, data, occurred_at)
  select $1::uuid, ${id('event')}, 'event.test.happened', '{}', ${past} ${each}`

const parts = { accounts, oneBigAccount, aroundClaims, messages, runs, events }

/** Gives a tenant a long past in a few statements, and lets the database know how long it is. */
export async function fill(
  it: World,
  tenant: TestTenant,
  names: readonly (keyof typeof parts)[],
): Promise<void> {
  for (const name of names) await write(it, tenant, parts[name])
  await it.database.ownerPool.query('analyze')
}

/** Statements of the owner about one tenant, which they call `$1`. */
export async function write(it: World, { tenantId }: TestTenant, text: string): Promise<void> {
  const client = await it.database.ownerPool.connect()
  try {
    await client.query('begin')
    await client.query('set local search_path = quittance')
    for (const statement of text.split(';\n')) await client.query(statement, [tenantId])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
