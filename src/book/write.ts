import type pg from 'pg'
import { agreementWrites, collectAgreements, emptyAgreements } from './agreements.ts'
import type { Book } from './book.ts'
import type { Desk } from './desk.ts'
import { runWrites } from './runs.ts'
import { type Statement, valuesOf } from './statement.ts'
import {
  insertAccounts,
  updateAccounts,
  updateProfiles,
  saveDebtors,
  insertDebtorLinks,
  saveProducts,
  insertEntries,
  insertItems,
  updateItems,
  insertClaims,
  updateClaims,
  updateStandings,
  insertProviderPayments,
  insertEvents,
} from './write-statements.ts'
import type { Claim, Item, Json, Product } from './model.ts'

/** A statement that writes many rows at once. */
export interface Write {
  readonly name: string
  readonly statement: Statement
  readonly rows: Json[]
}

/**
 * The statements that write what the commands of a batch recorded, in the order that keeps two batches from waiting for
 * each other in a circle: accounts, debtors, then what hangs on them, each by key.
 */
export function writesOf(desks: readonly Desk[]): Write[] {
  const lists = emptyLists()
  for (const desk of desks) {
    for (const debtor of desk.changedDebtors) {
      lists.debtors.push({
        tenant_id: desk.tenantId,
        reference: debtor.reference,
        data: debtor.data,
        version: debtor.version,
        updated_at: desk.now,
      })
    }
    const at = desk.now.toISOString()
    for (const book of desk.books.values()) {
      collect(lists, { desk, book, at })
      collectAgreements(lists.agreements, { desk, book, at })
    }
    for (const event of desk.events) {
      lists.events.push({
        tenant_id: desk.tenantId,
        message_id: event.messageId,
        type: event.type,
        data: event.data,
        metadata: event.metadata,
        occurred_at: at,
      })
    }
  }
  const write = (name: string, statement: Statement, rows: Json[]): Write => ({
    name,
    statement,
    rows,
  })
  return [
    write('write_accounts', insertAccounts, lists.newAccounts),
    write('write_account_totals', updateAccounts, lists.accounts),
    write('write_profiles', updateProfiles, lists.profiles),
    write('write_debtors', saveDebtors, lists.debtors),
    write('write_debtor_links', insertDebtorLinks, lists.debtorLinks),
    write('write_products', saveProducts, lists.products),
    write('write_entries', insertEntries, lists.entries),
    write('write_items', insertItems, lists.newItems),
    write('write_item_changes', updateItems, lists.items),
    write('write_claims', insertClaims, lists.newClaims),
    write('write_claim_changes', updateClaims, lists.claims),
    write('write_claim_standings', updateStandings, lists.standings),
    write('write_provider_payments', insertProviderPayments, lists.providerPayments),
    ...agreementWrites(lists.agreements),
    ...runWrites(desks),
    write('write_events', insertEvents, lists.events),
  ].filter(({ rows }) => rows.length > 0)
}

/** One write as a query, its parameters made. */
export function queryOf({ name, statement, rows }: Write): pg.QueryConfig {
  return { name, text: statement.text, values: valuesOf(statement, rows) }
}

type Lists = ReturnType<typeof emptyLists>

function emptyLists() {
  const list = (): Json[] => []
  return {
    newAccounts: list(),
    accounts: list(),
    profiles: list(),
    debtors: list(),
    debtorLinks: list(),
    products: list(),
    entries: list(),
    newItems: list(),
    items: list(),
    newClaims: list(),
    claims: list(),
    standings: list(),
    providerPayments: list(),
    agreements: emptyAgreements(),
    events: list(),
  }
}

// Rows are written out, not spread together: this runs for every row of an import, and spreading doubled its time.
function collect(lists: Lists, { desk, book, at }: { desk: Desk; book: Book; at: string }): void {
  const { changes } = book
  const key = { tenant_id: desk.tenantId, account_id: book.account.accountId }
  if (changes.isNew)
    lists.newAccounts.push({
      ...totalsRow(key, book),
      ...headerRow(book),
      ...profileRow(book),
      created_at: desk.now,
    })
  else {
    if (changes.isAccountChanged) lists.accounts.push(totalsRow(key, book))
    if (changes.isProfileChanged) lists.profiles.push({ ...key, ...profileRow(book) })
  }
  for (const link of changes.newDebtorLinks) {
    lists.debtorLinks.push({ ...key, debtor_reference: link.reference, position: link.position })
  }
  for (const kind of ['newProducts', 'changedProducts'] as const)
    for (const product of book.changed(kind))
      lists.products.push({ ...key, ...productRow(product) })
  for (const entry of changes.entries) {
    lists.entries.push({
      tenant_id: desk.tenantId,
      account_id: key.account_id,
      seq: entry.seq,
      reference: entry.reference,
      kind: entry.kind,
      origin: entry.origin,
      debit: entry.debit,
      credit: entry.credit,
      effect: entry.effect,
      amount_minor: entry.amountMinor,
      excess_minor: entry.excessMinor,
      item_seq: entry.itemSeq,
      details: entry.details,
      context: entry.context,
      created_at: isoOf(entry.createdAtMs),
      booked_at: at,
      command_id: entry.commandId,
    })
  }
  for (const item of book.changed('newItems')) lists.newItems.push(itemRow(key, item))
  for (const item of book.changed('changedItems')) lists.items.push(itemRow(key, item))
  for (const claim of book.changed('newClaims')) lists.newClaims.push(claimRowOf(desk, claim))
  for (const claim of book.changed('changedClaims')) lists.claims.push(claimRowOf(desk, claim))
  for (const claim of book.changed('movedClaims')) {
    if (!book.changed('changedClaims').has(claim)) lists.standings.push(standingOf(desk, claim))
  }
  for (const payment of changes.newProviderPayments) {
    lists.providerPayments.push({
      ...key,
      provider: payment.provider,
      tracking_id: payment.trackingId,
      amount_minor: payment.amountMinor,
      currency: payment.currency,
      first_seq: payment.firstSeq,
      last_seq: payment.lastSeq,
    })
  }
}

/** What of an account's header stays as it was opened. */
function headerRow(book: Book): Json {
  const { account } = book
  return {
    reference: account.reference,
    currency: account.currency,
    auto_debtor_reference: account.autoDebtorReference,
  }
}

/** What of an account's header changes. */
function totalsRow(key: { tenant_id: string; account_id: string }, { account }: Book): Json {
  return {
    tenant_id: key.tenant_id,
    account_id: key.account_id,
    entry_seq: account.entrySeq,
    credit_minor: account.creditMinor,
    outstanding_minor: account.outstandingMinor,
    claims_amount_minor: account.claimsAmountMinor,
    claims_fees_minor: account.claimsFeesMinor,
  }
}

function profileRow(book: Book): Json {
  const { details } = book
  return {
    payment_reference: details.paymentReference,
    portfolio_reference: details.portfolioReference,
    meta: details.meta,
    scores: details.scores,
  }
}

function productRow(product: Product): Json {
  return { reference: product.reference, position: product.position, data: product.data }
}

function itemRow(key: { tenant_id: string; account_id: string }, item: Item): Json {
  return {
    tenant_id: key.tenant_id,
    account_id: key.account_id,
    item_seq: item.seq,
    kind: item.kind,
    origin: item.origin,
    reference: item.reference,
    outstanding_minor: item.outstandingMinor,
    is_open: item.outstandingMinor > 0,
    paid_minor: item.paidMinor,
    parent_seq: item.parentSeq ?? undefined,
    position: item.position,
    is_retired: item.isRetired,
    fee_type: item.feeType ?? undefined,
    product_reference: item.productReference ?? undefined,
    due_on: item.dueOn,
    created_at: isoOf(item.createdAtMs),
  }
}

const lastIso = { ms: Number.NaN, text: '' }

/** Most of what a batch writes bears the same instant. */
function isoOf(ms: number): string {
  if (ms !== lastIso.ms) {
    lastIso.ms = ms
    lastIso.text = new Date(ms).toISOString()
  }
  return lastIso.text
}

const dateOf = (ms: number | null) => (ms === null ? undefined : isoOf(ms))

function standingOf(desk: Desk, claim: Claim): Json {
  return {
    tenant_id: desk.tenantId,
    claim_id: claim.claimId,
    status: claim.status,
    resolution_reason: claim.resolutionReason ?? undefined,
    is_resolved_by_request: claim.isResolvedByRequest,
    current_due_on: claim.currentDueOn,
    resolved_at: dateOf(claim.resolvedAtMs),
    frozen_meta: claim.frozenMeta ?? undefined,
  }
}

// What is null is left out: absent means the same to the statement, and is shorter to say and to read.
function claimRowOf(desk: Desk, claim: Claim): Json {
  return {
    tenant_id: desk.tenantId,
    claim_id: claim.claimId,
    reference: claim.reference,
    receeve_reference: claim.receeveReference,
    account_id: claim.accountId,
    item_seq: claim.itemSeq,
    is_managed: claim.isManaged,
    status: claim.status,
    resolution_reason: claim.resolutionReason ?? undefined,
    is_resolved_by_request: claim.isResolvedByRequest,
    original_due_on: claim.originalDueOn,
    current_due_on: claim.currentDueOn,
    debtor_reference: claim.debtorReference,
    primary_debtor: claim.primaryDebtor,
    product_reference: claim.productReference ?? undefined,
    portfolio_reference: claim.portfolioReference ?? undefined,
    creditor_reference: claim.creditorReference ?? undefined,
    payment_reference: claim.paymentReference ?? undefined,
    scores: claim.scores ?? undefined,
    meta: claim.meta,
    frozen_meta: claim.frozenMeta ?? undefined,
    created_at: dateOf(claim.createdAtMs),
    resolved_at: dateOf(claim.resolvedAtMs),
    deleted_at: dateOf(claim.deletedAtMs),
  }
}
