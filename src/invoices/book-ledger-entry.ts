import { sql } from 'kysely'
import { addLedgerEntries } from '../accounts/index.ts'
import type { CallContext, Companion, Json, Outcome } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import { minorOf, pricedItems, taxMinorOf } from './line-items.ts'
import { refuse } from './refusals.ts'
import type { NewLedgerEntry } from './schema.ts'

/** Entries of an account are numbered from the account's number times this, plus their sequence. */
export const entriesPerAccount = 1_000_000

/** The account of a number. */
export async function findAccountNumbered(
  tx: Tx,
  number: number,
): Promise<{ reference: string; currency: string }> {
  const row = await tx.db
    .selectFrom('account')
    .select(['reference', 'currency'])
    .where('tenant_id', '=', tx.tenantId)
    .where('number', '=', number)
    .executeTakeFirst()
  if (!row) throw refuse('account_not_found')
  return row
}

/** The number of the entry that was booked under a caller's own name, if there is one. */
export async function findLedgerEntryNamed(
  tx: Tx,
  externalId: string,
): Promise<number | undefined> {
  const { rows } = await sql<{ id: number }>`
    select a.number * ${entriesPerAccount} + e.seq as id from subscription_entry s
    join entry e on e.tenant_id = s.tenant_id and e.account_id = s.account_id and e.reference = s.reference
    join account a on a.tenant_id = s.tenant_id and a.account_id = s.account_id
    where s.tenant_id = ${tx.tenantId} and s.external_id = ${externalId}`.execute(tx.db)
  return rows[0]?.id
}

const insertEntry = `
  insert into subscription_entry (tenant_id, account_id, reference, external_id, title, quantity, taxes, tax_minor,
    component_reference_name, subscription_metric_id, created_by)
  select $1, a.account_id, $3, $3, $4, $5::numeric, $6::jsonb, $7, $8, $9, $10
  from account a where a.tenant_id = $1 and a.reference = $2`

/**
 * Books what a subscription adds to an account: more to pay is a fee, less to pay an adjustment that leaves credit. Under
 * one name it is booked once.
 */
export function bookLedgerEntry(
  context: CallContext,
  account: { reference: string; currency: string },
  given: NewLedgerEntry,
) {
  const { externalId, title, quantity, taxes = [], amountIncludingTax } = given
  const amount = minorOf(amountIncludingTax, account.currency)
  const entry: Json =
    amount < 0
      ? { adjustmentDetails: { amount, reason: title } }
      : { feeDetails: { amount, type: title } }
  const command = addLedgerEntries(context, {
    accountReference: account.reference,
    entries: [{ ledgerEntryReference: externalId, ...entry, context: {} }],
  })
  const line = {
    uniqueId: externalId,
    name: title,
    type: 'FEE',
    quantity,
    amountIncludingTax,
    taxes,
  }
  const values = [
    context.tenantId,
    account.reference,
    externalId,
    title,
    quantity,
    JSON.stringify(taxes),
    taxMinorOf(pricedItems([line], account.currency), account.currency),
    given.componentReferenceName ?? null,
    given.subscriptionMetricId ?? null,
    given.createdBy,
  ]
  const companions = ([outcome]: Outcome[]): Companion[] =>
    !outcome || 'refusal' in outcome ? [] : [{ text: insertEntry, values }]
  return { commands: [command] as const, options: { companions } }
}
