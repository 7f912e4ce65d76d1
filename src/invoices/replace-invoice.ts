import { bookEntries, announceEntries, entryNeeds } from '../accounts/index.ts'
import {
  announceBooked,
  type CallContext,
  type ClaimAt,
  type Command,
  type Companion,
  conclude,
  type Desk,
  type Json,
  type Outcome,
  resolve,
} from '../book/index.ts'
import type { Tx } from '../platform/db.ts'
import type { Invoice } from './find-invoice.ts'
import { pricedItems, sumOfItems } from './line-items.ts'
import { itemsOf, openInvoice, takeOffAll } from './open-invoice.ts'
import { refuse } from './refusals.ts'
import type { Replacement } from './schema.ts'

const reason = 'INVOICE_REPLACED'

/** The number of the invoice that was made under a caller's own name, if there is one. */
export async function findReplacement(tx: Tx, externalId: string): Promise<number | undefined> {
  const row = await tx.db
    .selectFrom('invoice')
    .innerJoin('claim', (join) =>
      join
        .onRef('claim.tenant_id', '=', 'invoice.tenant_id')
        .onRef('claim.claim_id', '=', 'invoice.claim_id'),
    )
    .select('claim.number')
    .where('invoice.tenant_id', '=', tx.tenantId)
    .where('invoice.external_id', '=', externalId)
    .executeTakeFirst()
  return row?.number
}

/**
 * Takes an invoice back and books another in its place, on the same account for the same debtor: all at once or nothing.
 * The new one is called by the caller's own name for it.
 */
export function replaceInvoice(context: CallContext, old: Invoice, given: Replacement) {
  const amount = sumOfItems(given.lineItems, old.currency)
  const entry = entryOf(old, given, amount)
  const needed = entryNeeds([entry])
  const command: Command<string> = {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      ...needed,
      accounts: [old.accountReference],
      claims: [...needed.claims, old.reference],
      profile: true,
    },
    decide(desk) {
      const at = openInvoice(desk, old.reference)
      const { book, claim } = at
      // What was paid before it came here was read before; had it gone and come back since, its item is another.
      if (book.account.reference !== old.accountReference || claim.itemSeq !== old.itemSeq)
        throw refuse('changed_meanwhile')
      const isPaid = old.paidMinor > 0 || itemsOf(book, claim).some((item) => item.paidMinor > 0)
      if (isPaid) throw refuse('invalid_state', 'a part of it was paid')
      resolve(book, claim, { reason: 'CLAIM_DISCARDED', nowMs: desk.nowMs, isByRequest: true })
      const taken = takeOffAll(desk, at, { reason })
      if (claim.isManaged) announceBooked(desk, book, taken)
      const booked = { ...entry, ...wordsOf(desk, at, { old, entry }) }
      bookEntries(desk, book, [booked])
      announceEntries(desk, book, [booked])
      conclude(book, { nowMs: desk.nowMs, reason, emit: (event) => desk.emit(event) })
      return claim.claimId
    },
  }
  const items = pricedItems(given.lineItems, old.currency)
  return {
    commands: [command] as const,
    options: {
      companions: (outcomes: Outcome[]) => keepInvoice(outcomes, { context, given, items }),
    },
  }
}

function entryOf(old: Invoice, { externalId, dueOn }: Replacement, amount: number) {
  return {
    reference: externalId,
    kind: 'invoice' as const,
    details: { amount, dueDate: dueOn ?? old.currentDueOn },
    context: {},
  }
}

type Entry = ReturnType<typeof entryOf>

/** The new claim says of itself what the old one said, and is for the same debtor and product. */
function wordsOf(
  desk: Desk,
  { book, claim }: ClaimAt,
  { old, entry }: { old: Invoice; entry: Entry },
) {
  const { debtorReference, productReference, paymentReference, meta } = claim
  const isKnown = book.details.debtors.some(({ reference }) => reference === debtorReference)
  return {
    details: {
      ...entry.details,
      ...(paymentReference === null ? {} : { paymentReference }),
      meta: { ...meta, replaces: old.reference },
      createdAt: desk.nowMs,
    },
    context: {
      ...(isKnown && debtorReference !== null ? { externalDebtorReference: debtorReference } : {}),
      ...(productReference === null ? {} : { productReference }),
    },
  }
}

const text = `
  insert into invoice (tenant_id, claim_id, external_id, merchant_reference, line_items, billing_address,
    replaces_claim_id)
  select $1, c.claim_id, $2, $3, $4::jsonb, $5::jsonb, $6::uuid from claim c
  where c.tenant_id = $1 and c.reference = $2`

function keepInvoice(
  [outcome]: readonly Outcome[],
  made: { context: CallContext; given: Replacement; items: readonly unknown[] },
): Companion[] {
  if (!outcome || 'refusal' in outcome) return []
  const { context, given, items } = made
  const address: Json | undefined = given.billingAddress
  const values = [
    context.tenantId,
    given.externalId,
    given.merchantReference ?? null,
    JSON.stringify(items),
    address === undefined ? null : JSON.stringify(address),
    outcome.result,
  ]
  return [{ text, values }]
}
