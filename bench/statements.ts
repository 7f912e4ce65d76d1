import { newId } from '../src/kernel/id.ts'
import type { Task } from './jobs.ts'
import { amountMinor, paymentsMinor } from './requests.ts'

/** The same rows as one HTTP request leaves, written by one statement. The bench checks that they are the same. */
export interface Statement {
  readonly name: string
  readonly text: string
  values(tenantId: string, number: number): unknown[]
}

const postText = `
with changed as (
  update account set entry_seq = entry_seq + 1, credit_minor = credit_minor + $4::bigint
  where tenant_id = $1::uuid and reference = $2::text returning account_id, entry_seq
), booked as (
  insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, excess_minor,
    item_seq, details, context, created_at, booked_at, command_id)
  select $1, account_id, entry_seq, $3::text, 'payment', 'ledger', 'cash:EUR', 'credit:account', -1, $4, $4,
    null, $5::jsonb, $6::jsonb, $7::timestamptz, $7, $8::uuid from changed
)
insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
select $1, $9::uuid, 'event.accountLedgerEntries.added', $10::jsonb, $11::jsonb, $7 from changed`

export const matchFunction = `
create or replace function quittance.bench_match(t uuid, wanted text, total bigint, at timestamptz, command uuid) returns void
language plpgsql set search_path = quittance, public as $$
declare
  own record;
  notes jsonb := jsonb_build_object('originator', 'ClientAPI', 'commandId', command);
  at_ms bigint := (extract(epoch from at) * 1000)::bigint;
begin
  select a.account_id, a.entry_seq, a.meta into strict own from account a
    where a.tenant_id = t and a.reference = wanted for no key update;
  with open as (
    select i.item_seq, i.reference as item_reference, i.outstanding_minor as owed, i.paid_minor,
      c.claim_id, c.reference, c.receeve_reference, c.debtor_reference,
      coalesce(sum(i.outstanding_minor) over (order by i.created_at, i.due_on, i.item_seq
        rows between unbounded preceding and 1 preceding), 0) as earlier
    from item i join claim c on c.tenant_id = i.tenant_id and c.account_id = i.account_id and c.item_seq = i.item_seq
    where i.tenant_id = t and i.account_id = own.account_id and i.is_open and not c.is_resolved_by_request
  ), share as materialized (
    select o.*, least(o.owed, total - o.earlier)::bigint as amount, gen_random_uuid()::text as entry_reference,
      own.entry_seq + (row_number() over (order by o.earlier))::integer as seq,
      jsonb_build_object('claimRef', o.reference, 'receeveClaimRef', o.receeve_reference, 'accountReference', wanted,
        'externalDebtorRef', o.debtor_reference) as names
    from open o where o.earlier < total
  ), booked as (
    insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, excess_minor,
      item_seq, details, context, created_at, booked_at, command_id)
    select t, own.account_id, s.seq, s.entry_reference, 'payment', 'ledger', 'cash:EUR', 'item:' || s.item_seq, -1, s.amount, 0,
      s.item_seq, jsonb_build_object('amount', s.amount, 'meta', '{}'::jsonb),
      jsonb_build_object('ledgerEntryReference', s.item_reference), at, at, command from share s
  ), lowered as (
    update item i set outstanding_minor = i.outstanding_minor - s.amount, is_open = i.outstanding_minor > s.amount,
      paid_minor = i.paid_minor + s.amount
    from share s where i.tenant_id = t and i.account_id = own.account_id and i.item_seq = s.item_seq
  ), resolved as (
    update claim c set status = 'RESOLVED', resolution_reason = 'CLAIM_PAID', resolved_at = at, frozen_meta = own.meta
    from share s where c.tenant_id = t and c.claim_id = s.claim_id and s.amount = s.owed
  ), paid as (
    select sum(s.amount) as amount, count(*)::integer as entries from share s
  ), totals as (
    update account a set entry_seq = a.entry_seq + p.entries, outstanding_minor = a.outstanding_minor - p.amount,
      claims_amount_minor = a.claims_amount_minor - p.amount, credit_minor = a.credit_minor + total - p.amount
    from paid p where a.tenant_id = t and a.account_id = own.account_id returning a.claims_amount_minor, a.claims_fees_minor
  )
  insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
  select t, gen_random_uuid(), e.type, e.data, notes, at from (
    select 1 as place, 0 as seq, 'event.accountLedgerEntries.added' as type, jsonb_build_object('accountReference', wanted,
      'ledgerEntries', jsonb_agg(jsonb_build_object('ledgerEntryReference', s.entry_reference,
        'paymentDetails', jsonb_build_object('amount', s.amount, 'meta', '{}'::jsonb, 'createdAt', at_ms),
        'context', jsonb_build_object('ledgerEntryReference', s.item_reference)) order by s.seq)) as data
    from share s
    union all
    select 2, s.seq, 'event.claimTotalAmount.updated', s.names || jsonb_build_object('amount', s.owed - s.amount,
      'totalFees', 0, 'totalAmount', s.owed - s.amount, 'oldAmount', s.owed, 'oldTotalFees', 0, 'oldTotalAmount', s.owed,
      'reason', 'PAYMENT') from share s
    union all
    select 3, s.seq, 'event.claim.resolved', s.names || jsonb_build_object('reason', 'CLAIM_PAID', 'amount', 0,
      'totalFees', 0) from share s where s.amount = s.owed
    union all
    select 4, 0, 'event.accountAmountTotalFees.updated', jsonb_build_object('accountReference', wanted,
      'amount', a.claims_amount_minor, 'totalFees', a.claims_fees_minor,
      'totalAmount', a.claims_amount_minor + a.claims_fees_minor) from totals a
  ) e order by e.place, e.seq;
end $$;
grant execute on function quittance.bench_match(uuid, text, bigint, timestamptz, uuid) to quittance_app`

/** The statement that does one task in the database alone. */
export function statementOf(task: Task): Statement {
  const { prefix, count } = task.accounts
  if (task.kind === 'post') {
    return {
      name: 'bench_post',
      text: postText,
      values: (tenantId, number) =>
        postValues({
          tenantId,
          account: prefix + Math.floor(Math.random() * count),
          reference: `${task.run}-${number}`,
        }),
    }
  }
  if (task.kind !== 'match') throw new Error(`no statement does ${task.kind}`)
  return {
    name: 'bench_match',
    text: 'select bench_match($1, $2, $3, $4, $5)',
    values: (tenantId, number) => [
      tenantId,
      prefix + (task.from + number),
      paymentsMinor[number % paymentsMinor.length],
      new Date().toISOString(),
      newId(),
    ],
  }
}

function postValues(at: { tenantId: string; account: string; reference: string }): unknown[] {
  const now = new Date()
  const commandId = newId()
  const shown = {
    ledgerEntryReference: at.reference,
    paymentDetails: { amount: amountMinor, createdAt: now.getTime() },
    context: {},
  }
  return [
    at.tenantId,
    at.account,
    at.reference,
    amountMinor,
    `{"amount":${amountMinor}}`,
    '{}',
    now.toISOString(),
    commandId,
    newId(),
    JSON.stringify({ accountReference: at.account, ledgerEntries: [shown] }),
    JSON.stringify({ originator: 'ClientAPI', commandId }),
  ]
}
