import type { Accounts } from './jobs.ts'
import type { Place } from './place.ts'
import { claimMinor } from './requests.ts'

// Version 7 ids of accounts ascend with their age; these do too, each prefix in a range of its own.
const accountId = (number: string) =>
  `(lpad(to_hex($2::bigint * 16777216 + ${number}), 12, '0') || '70008000' || lpad(to_hex(${number}), 12, '0'))::uuid`

const state = { range: 1 }

/** Opens empty accounts, as the owner of the schema and without the server: filling is not what is measured. */
export async function fillAccounts(place: Place, accounts: Accounts): Promise<void> {
  state.range += 1
  await place.owner.query(
    `insert into quittance.account (tenant_id, account_id, reference, currency, created_at)
     select $1, ${accountId('n')}, $3 || n, 'EUR', now() from generate_series(0, $4::integer - 1) n`,
    [place.tenantId, state.range, accounts.prefix, accounts.count],
  )
}

/** Gives every account of a prefix so many open claims that its invoices manage. */
export async function fillClaims(
  place: Place,
  accounts: Accounts,
  claimsEach: number,
): Promise<void> {
  await fillAccounts(place, accounts)
  const { owner, tenantId } = place
  const own = `a.tenant_id = $1 and a.reference like $2 || '%'`
  const values = [tenantId, accounts.prefix]
  const data = `json_build_object('firstName', 'Ada', 'lastName', 'Byron', 'debtorReference', 'd-' || a.reference,
    'contactInformation', json_build_object('country', 'DE', 'email', 'ada@example.com'))`
  const invoices = `quittance.account a cross join generate_series(1, $3::integer) n where ${own}`
  const due = `date '2026-01-01' + n`
  for (const [text, parameters] of [
    [
      `insert into quittance.debtor (tenant_id, reference, data, updated_at)
       select a.tenant_id, 'd-' || a.reference, ${data}, now() from quittance.account a where ${own}`,
      values,
    ],
    [
      `insert into quittance.account_debtor (tenant_id, account_id, debtor_reference, position)
       select a.tenant_id, a.account_id, 'd-' || a.reference, 1 from quittance.account a where ${own}`,
      values,
    ],
    [
      `insert into quittance.entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor,
         item_seq, details, context, created_at, booked_at, command_id)
       select a.tenant_id, a.account_id, n, a.reference || '-' || n, 'invoice', 'ledger', 'item:' || n, 'revenue', 1,
         ${claimMinor}, n, json_build_object('amount', ${claimMinor}, 'dueDate', ${due}), '{}', now(), now(), gen_random_uuid()
       from ${invoices}`,
      [...values, claimsEach],
    ],
    [
      `insert into quittance.item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open,
         position, due_on, created_at)
       select a.tenant_id, a.account_id, n, 'invoice', 'ledger', a.reference || '-' || n, ${claimMinor}, true, n, ${due},
         now() from ${invoices}`,
      [...values, claimsEach],
    ],
    [
      `insert into quittance.claim (tenant_id, claim_id, reference, receeve_reference, account_id, item_seq, is_managed, status,
         original_due_on, current_due_on, debtor_reference, primary_debtor, created_at)
       select a.tenant_id, gen_random_uuid(), a.reference || '-' || n, a.reference || '-' || n || '-' || ${due}, a.account_id,
         n, true, 'ACTIVE', ${due}, ${due}, 'd-' || a.reference, ${data}, now() from ${invoices}`,
      [...values, claimsEach],
    ],
    [
      `update quittance.account a set entry_seq = $3::integer, outstanding_minor = $3::integer * ${claimMinor},
         claims_amount_minor = $3::integer * ${claimMinor} where ${own}`,
      [...values, claimsEach],
    ],
  ] as const) {
    await owner.query(text, [...parameters])
  }
}

/** Stores payments on the accounts of a prefix, as posts of earlier years would have left them. */
export async function fillEntries(
  place: Place,
  accounts: Accounts,
  entries: { each: number; most: number },
): Promise<void> {
  await place.owner.query(
    `insert into quittance.entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor,
       excess_minor, details, context, created_at, booked_at, command_id)
     select a.tenant_id, a.account_id, n, 'filled-' || n || '-' || a.reference, 'payment', 'ledger', 'cash:EUR',
       'credit:account', -1, 100, 100, '{"amount": 100}', '{}', now(), now(), gen_random_uuid()
     from quittance.account a cross join generate_series(1, $3::integer) n
     where a.tenant_id = $1 and a.reference like $2 || '%' order by a.account_id, n limit $4`,
    [place.tenantId, accounts.prefix, entries.each, entries.most],
  )
  await place.owner.query(
    `update quittance.account a set entry_seq = e.entries, credit_minor = e.entries * 100
     from (select account_id, count(*) as entries from quittance.entry where tenant_id = $1 group by account_id) e
     where a.tenant_id = $1 and a.account_id = e.account_id`,
    [place.tenantId],
  )
}

/** What PostgreSQL would have done by itself by the time that this much is stored. */
export async function settle(place: Place): Promise<void> {
  await place.owner.query('vacuum analyze')
  await place.owner.query('checkpoint')
}
