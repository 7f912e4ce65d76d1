import type pg from 'pg'
import { agreementWrites, collectAgreements, emptyAgreements } from './agreements.ts'
import type { Book } from './book.ts'
import type { Desk } from './desk.ts'
import { runWrites } from './runs.ts'
import type { Claim, Item, Json, Product } from './model.ts'

/** A statement that writes many rows at once, given as one JSON list. */
export interface Write {
  readonly name: string
  readonly text: string
  readonly rows: Json[]
}

const insertAccounts = `
insert into account (tenant_id, account_id, reference, currency, auto_debtor_reference, entry_seq, credit_minor,
  outstanding_minor, claims_amount_minor, claims_fees_minor, payment_reference, portfolio_reference, meta, scores, created_at)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, reference text, currency text,
  auto_debtor_reference text, entry_seq integer, credit_minor bigint, outstanding_minor bigint, claims_amount_minor bigint,
  claims_fees_minor bigint, payment_reference text, portfolio_reference text, meta jsonb, scores jsonb, created_at timestamptz)
order by r.tenant_id, r.reference`

const updateAccounts = `
update account a set entry_seq = r.entry_seq, credit_minor = r.credit_minor, outstanding_minor = r.outstanding_minor,
  claims_amount_minor = r.claims_amount_minor, claims_fees_minor = r.claims_fees_minor
from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, entry_seq integer, credit_minor bigint,
  outstanding_minor bigint, claims_amount_minor bigint, claims_fees_minor bigint)
where a.tenant_id = r.tenant_id and a.account_id = r.account_id`

const updateProfiles = `
update account a set payment_reference = r.payment_reference, portfolio_reference = r.portfolio_reference,
  meta = r.meta, scores = r.scores
from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, payment_reference text, portfolio_reference text,
  meta jsonb, scores jsonb)
where a.tenant_id = r.tenant_id and a.account_id = r.account_id`

const saveDebtors = `
insert into debtor (tenant_id, reference, data, version, created_at, updated_at)
select r.tenant_id, r.reference, r.data, r.version, r.updated_at, r.updated_at
from json_to_recordset($1::json) as r(tenant_id uuid, reference text, data jsonb, version integer, updated_at timestamptz)
order by r.tenant_id, r.reference
on conflict (tenant_id, reference) do update set data = excluded.data, updated_at = excluded.updated_at,
  version = greatest(debtor.version + 1, excluded.version)`

const insertDebtorLinks = `
insert into account_debtor (tenant_id, account_id, debtor_reference, position)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, debtor_reference text, position integer)`

const saveProducts = `
insert into product (tenant_id, account_id, reference, position, data)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, reference text, position integer, data jsonb)
on conflict (tenant_id, account_id, reference) do update set data = excluded.data`

const insertEntries = `
insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect, amount_minor, excess_minor,
  item_seq, details, context, created_at, booked_at, command_id)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, seq integer, reference text, kind text,
  origin text, debit text, credit text, effect smallint, amount_minor bigint, excess_minor bigint, item_seq integer,
  details jsonb, context jsonb, created_at timestamptz, booked_at timestamptz, command_id uuid)`

const insertItems = `
insert into item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open, paid_minor,
  parent_seq, position, is_retired, fee_type, product_reference, due_on, created_at)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, item_seq integer, kind text, origin text,
  reference text, outstanding_minor bigint, is_open boolean, paid_minor bigint, parent_seq integer, position integer,
  is_retired boolean, fee_type text, product_reference text, due_on date, created_at timestamptz)`

const updateItems = `
update item i set outstanding_minor = r.outstanding_minor, is_open = r.is_open, paid_minor = r.paid_minor,
  position = r.position, is_retired = r.is_retired, due_on = r.due_on
from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, item_seq integer, outstanding_minor bigint,
  is_open boolean, paid_minor bigint, position integer, is_retired boolean, due_on date)
where i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.item_seq = r.item_seq`

const claimRow = `tenant_id uuid, claim_id uuid, reference text, receeve_reference text, account_id uuid, item_seq integer,
  is_managed boolean, status text, resolution_reason text, is_resolved_by_request boolean, original_due_on date,
  current_due_on date, debtor_reference text, primary_debtor jsonb, product_reference text, portfolio_reference text,
  creditor_reference text, payment_reference text, scores jsonb, meta jsonb, frozen_meta jsonb, created_at timestamptz,
  resolved_at timestamptz, deleted_at timestamptz`

// A claim that is resolved keeps the account's meta of that moment (D-29).
const frozenMeta = (
  row: 'r' | 'c',
) => `case when r.status <> 'RESOLVED' then null else coalesce(r.frozen_meta,
  (select a.meta from account a where a.tenant_id = r.tenant_id and a.account_id = ${row}.account_id)) end`

const insertClaims = `
insert into claim (tenant_id, claim_id, reference, receeve_reference, account_id, item_seq, is_managed, status,
  resolution_reason, is_resolved_by_request, original_due_on, current_due_on, debtor_reference, primary_debtor,
  product_reference, portfolio_reference, creditor_reference, payment_reference, scores, meta, frozen_meta, created_at,
  resolved_at, deleted_at)
select r.* from json_to_recordset($1::json) as r(${claimRow}) order by r.tenant_id, r.reference`

const updateClaims = `
update claim c set receeve_reference = r.receeve_reference, account_id = r.account_id, item_seq = r.item_seq,
  is_managed = r.is_managed, status = r.status, resolution_reason = r.resolution_reason,
  is_resolved_by_request = r.is_resolved_by_request, original_due_on = r.original_due_on,
  current_due_on = r.current_due_on, debtor_reference = r.debtor_reference, primary_debtor = r.primary_debtor,
  product_reference = r.product_reference, portfolio_reference = r.portfolio_reference,
  creditor_reference = r.creditor_reference, payment_reference = r.payment_reference, scores = r.scores, meta = r.meta,
  frozen_meta = ${frozenMeta('r')}, resolved_at = r.resolved_at, deleted_at = r.deleted_at
from json_to_recordset($1::json) as r(${claimRow})
where c.tenant_id = r.tenant_id and c.claim_id = r.claim_id`

const updateStandings = `
update claim c set status = r.status, resolution_reason = r.resolution_reason,
  is_resolved_by_request = r.is_resolved_by_request, current_due_on = r.current_due_on, resolved_at = r.resolved_at,
  frozen_meta = ${frozenMeta('c')}
from json_to_recordset($1::json) as r(tenant_id uuid, claim_id uuid, status text, resolution_reason text,
  is_resolved_by_request boolean, current_due_on date, resolved_at timestamptz, frozen_meta jsonb)
where c.tenant_id = r.tenant_id and c.claim_id = r.claim_id`

const insertProviderPayments = `
insert into provider_payment (tenant_id, account_id, provider, tracking_id, amount_minor, currency, first_seq, last_seq)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, account_id uuid, provider text, tracking_id text,
  amount_minor bigint, currency text, first_seq integer, last_seq integer)`

const insertEvents = `
insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
select r.* from json_to_recordset($1::json) as r(tenant_id uuid, message_id uuid, type text, data jsonb, metadata jsonb,
  occurred_at timestamptz)`

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
  const write = (name: string, text: string, rows: Json[]): Write => ({ name, text, rows })
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

/** Runs one write on a connection whose transaction has begun. */
export function runWrite(client: pg.Client, write: Write): Promise<pg.QueryResult> {
  const { name, text, rows } = write
  return client.query({ name, text, values: [JSON.stringify(rows)] })
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
      ...key,
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
  for (const product of book.changed('newProducts'))
    lists.products.push({ ...key, ...productRow(product) })
  for (const product of book.changed('changedProducts'))
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

function headerRow(book: Book): Json {
  const { account } = book
  return {
    reference: account.reference,
    currency: account.currency,
    auto_debtor_reference: account.autoDebtorReference,
    entry_seq: account.entrySeq,
    credit_minor: account.creditMinor,
    outstanding_minor: account.outstandingMinor,
    claims_amount_minor: account.claimsAmountMinor,
    claims_fees_minor: account.claimsFeesMinor,
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
