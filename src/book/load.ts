import type pg from 'pg'
import { Book } from './book.ts'
import { baseOfReceeveReference, Desk, type Needs } from './desk.ts'
import type { AccountHeader, Claim, Debtor, Item, NamedEntry, Profile, ProviderPayment } from './model.ts'

export interface Wanted {
  readonly tenantId: string
  readonly needs: Needs
}

/** What the commands of a batch need, as lists that statements take whole. Each pair is named once. */
interface Lists {
  readonly accounts: Pairs
  readonly profiles: Pairs
  readonly claims: Pairs
  readonly claimProfiles: Pairs
  readonly debtors: Pairs
  readonly entries: Triples
  readonly targets: Triples
  readonly openItems: Pairs
  readonly liveClaims: Pairs
  readonly payments: { t: string; a: string; p: string; k: string }[]
}

type Pairs = { t: string; r: string }[]
type Triples = { t: string; a: string; r: string }[]

// The batch is joined to the tables by index, row by row: the planner knows neither its size nor that it is small.
export const laneSettings = `set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off`

const pairs = (parameter: number) => `json_to_recordset($${parameter}::json) as w(t uuid, r text)`
const triples = (parameter: number) => `json_to_recordset($${parameter}::json) as w(t uuid, a text, r text)`

const headerColumns = `a.tenant_id, a.account_id, a.reference, a.currency, a.auto_debtor_reference, a.entry_seq,
  a.credit_minor, a.outstanding_minor, a.claims_amount_minor, a.claims_fees_minor`

const lockByReference = `
select ${headerColumns} from ${pairs(1)} join account a on a.tenant_id = w.t and a.reference = w.r
order by a.tenant_id, a.account_id for no key update of a`

const lockByAnything = `
with wanted as (
  select a.tenant_id, a.account_id from ${pairs(1)} join account a on a.tenant_id = w.t and a.reference = w.r
  union select c.tenant_id, c.account_id from ${pairs(2)} join claim c on c.tenant_id = w.t and c.reference = w.r
  union select a.tenant_id, a.account_id from ${pairs(3)}
    join account a on a.tenant_id = w.t and a.auto_debtor_reference = w.r
)
select ${headerColumns} from wanted w join account a on a.tenant_id = w.tenant_id and a.account_id = w.account_id
order by a.tenant_id, a.account_id for no key update of a`

const loadProfiles = `
with wanted as (
  select a.tenant_id, a.account_id from ${pairs(1)} join account a on a.tenant_id = w.t and a.reference = w.r
  union select c.tenant_id, c.account_id from ${pairs(2)} join claim c on c.tenant_id = w.t and c.reference = w.r
)
select a.tenant_id, a.account_id, a.payment_reference, a.portfolio_reference, a.meta, a.scores,
  (select coalesce(json_agg(json_build_object('reference', d.debtor_reference, 'position', d.position) order by d.position), '[]')
    from account_debtor d where d.tenant_id = a.tenant_id and d.account_id = a.account_id) as debtors,
  (select coalesce(json_agg(json_build_object('reference', p.reference, 'position', p.position, 'data', p.data) order by p.position), '[]')
    from product p where p.tenant_id = a.tenant_id and p.account_id = a.account_id) as products
from wanted w join account a on a.tenant_id = w.tenant_id and a.account_id = w.account_id`

const loadEntries = `
select e.tenant_id, e.account_id, e.seq, e.reference, e.kind, e.origin, e.amount_minor, e.excess_minor, e.item_seq,
  case when e.kind = 'payment' then (
    select coalesce(sum(b.amount_minor), 0)::bigint from entry b
    where b.tenant_id = e.tenant_id and b.account_id = e.account_id and b.kind = 'chargeback'
      and b.context ->> 'ledgerEntryReference' = e.reference) else 0 end as charged_back_minor
from ${triples(1)} join account a on a.tenant_id = w.t and a.reference = w.a
join entry e on e.tenant_id = a.tenant_id and e.account_id = a.account_id and e.reference = w.r`

// A principal comes with its fees and its claim: status and totals hang on all of them together.
const loadItems = `
with roots as (
  select i.tenant_id, i.account_id, coalesce(i.parent_seq, i.item_seq) as root
  from ${triples(1)} join account a on a.tenant_id = w.t and a.reference = w.a
  join entry e on e.tenant_id = a.tenant_id and e.account_id = a.account_id and e.reference = w.r
  join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.item_seq
  union
  select i.tenant_id, i.account_id, coalesce(i.parent_seq, i.item_seq)
  from ${pairs(2)} join account a on a.tenant_id = w.t and a.reference = w.r
  join item i on i.tenant_id = a.tenant_id and i.account_id = a.account_id and i.is_open
  union
  select c.tenant_id, c.account_id, c.item_seq
  from ${pairs(3)} join account a on a.tenant_id = w.t and a.reference = w.r
  join claim c on c.tenant_id = a.tenant_id and c.account_id = a.account_id and c.status in ('PENDING', 'ACTIVE')
  union
  select c.tenant_id, c.account_id, c.item_seq
  from ${pairs(4)} join claim c on c.tenant_id = w.t and c.reference = w.r
)
select i.*, c.claim from (
  select i.* from roots r join item i on i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.item_seq = r.root
  union all
  select i.* from roots r join item i on i.tenant_id = r.tenant_id and i.account_id = r.account_id and i.parent_seq = r.root
) i left join lateral (
  select to_jsonb(c) as claim from claim c
  where c.tenant_id = i.tenant_id and c.account_id = i.account_id and c.item_seq = i.item_seq
) c on i.parent_seq is null
order by i.tenant_id, i.account_id, i.item_seq`

const lockDebtors = `
select d.tenant_id, d.reference, d.data from ${pairs(1)}
join debtor d on d.tenant_id = w.t and d.reference = w.r
order by d.tenant_id, d.reference for no key update of d`

const loadPayments = `
select p.tenant_id, p.account_id, p.provider, p.tracking_id, p.amount_minor, p.currency, p.first_seq, p.last_seq
from json_to_recordset($1::json) as w(t uuid, a text, p text, k text)
join account a on a.tenant_id = w.t and a.reference = w.a
join provider_payment p on p.tenant_id = a.tenant_id and p.account_id = a.account_id and p.provider = w.p and p.tracking_id = w.k`

type Row = Record<string, never>

/**
 * Locks the accounts of a batch in the order of their keys and reads what its commands need, from the locked rows.
 * All statements leave together in one round trip; the caller has begun the transaction.
 */
export async function loadDesks(
  client: pg.Client,
  wanted: readonly Wanted[],
  now: Date,
): Promise<Map<string, Desk>> {
  const lists = listsOf(wanted)
  const desks = new Map<string, Desk>()
  for (const { tenantId } of wanted) {
    if (!desks.has(tenantId)) desks.set(tenantId, new Desk(tenantId, now))
  }
  const [accounts, profiles, entries, items, debtors, payments] = await Promise.all(
    readStatements(client, lists),
  )
  for (const row of accounts ?? []) takeAccount(desks, row)
  for (const row of profiles ?? []) bookOf(desks, row).profile = profileOf(row)
  noteNames(desks, wanted)
  for (const row of entries ?? []) bookOf(desks, row).entries.set(row['reference'], entryOf(row))
  for (const row of items ?? []) takeItem(desks, row)
  for (const row of debtors ?? []) takeDebtor(desks, row)
  for (const row of payments ?? []) {
    const payment = paymentOf(row)
    bookOf(desks, row).providerPayments.set(paymentKey(payment), payment)
  }
  return desks
}

function readStatements(client: pg.Client, lists: Lists): Promise<Row[]>[] {
  const run = (name: string, text: string, values: object[][]) =>
    values.every((list) => list.length === 0)
      ? Promise.resolve([])
      : client
          .query<Row>({ name, text, values: values.map((list) => JSON.stringify(list)) })
          .then((result) => result.rows)
  const isPlain = lists.claims.length === 0 && lists.debtors.length === 0
  return [
    isPlain
      ? run('book_lock_by_reference', lockByReference, [lists.accounts])
      : run('book_lock', lockByAnything, [lists.accounts, lists.claims, lists.debtors]),
    run('book_profiles', loadProfiles, [lists.profiles, lists.claimProfiles]),
    run('book_entries', loadEntries, [lists.entries]),
    run('book_items', loadItems, [lists.targets, lists.openItems, lists.liveClaims, lists.claims]),
    run('book_debtors', lockDebtors, [lists.debtors]),
    run('book_payments', loadPayments, [lists.payments]),
  ]
}

function listsOf(wanted: readonly Wanted[]): Lists {
  const lists: Lists = {
    accounts: [],
    profiles: [],
    claims: [],
    claimProfiles: [],
    debtors: [],
    entries: [],
    targets: [],
    openItems: [],
    liveClaims: [],
    payments: [],
  }
  const seen = new Set<string>()
  const isFirst = (...parts: string[]) => {
    const key = parts.join('\0')
    return !seen.has(key) && seen.add(key) !== undefined
  }
  for (const { tenantId: t, needs } of wanted) {
    const a = needs.accounts?.[0]
    const pair = (list: Pairs, name: string, r: string) => {
      if (isFirst(name, t, r)) list.push({ t, r })
    }
    for (const r of needs.accounts ?? []) {
      pair(lists.accounts, 'account', r)
      if (needs.profile) pair(lists.profiles, 'profile', r)
    }
    for (const r of claimNamesOf(needs)) {
      pair(lists.claims, 'claim', r)
      if (needs.profile) pair(lists.claimProfiles, 'claimProfile', r)
    }
    for (const r of needs.debtors ?? []) pair(lists.debtors, 'debtor', r)
    if (a === undefined) continue
    if (needs.openItems) pair(lists.openItems, 'open', a)
    if (needs.liveClaims) pair(lists.liveClaims, 'live', a)
    for (const r of needs.entries ?? []) if (isFirst('entry', t, a, r)) lists.entries.push({ t, a, r })
    for (const r of needs.targets ?? []) {
      if (isFirst('entry', t, a, r)) lists.entries.push({ t, a, r })
      if (isFirst('target', t, a, r)) lists.targets.push({ t, a, r })
    }
    const p = needs.providerPayment
    if (p) lists.payments.push({ t, a, p: p.provider, k: p.trackingId })
  }
  return lists
}

function claimNamesOf(needs: Needs): string[] {
  return (needs.claims ?? []).flatMap((reference) => {
    const base = baseOfReceeveReference(reference)
    return base === undefined ? [reference] : [reference, base]
  })
}

/** Notes what was asked for, so that "not there" can be told from "not loaded". */
function noteNames(desks: Map<string, Desk>, wanted: readonly Wanted[]): void {
  for (const { tenantId, needs } of wanted) {
    const desk = desks.get(tenantId)
    if (!desk) continue
    for (const r of needs.accounts ?? []) if (!desk.accounts.has(r)) desk.accounts.set(r, undefined)
    for (const r of claimNamesOf(needs)) if (!desk.claims.has(r)) desk.claims.set(r, undefined)
    for (const r of needs.debtors ?? []) if (!desk.debtors.has(r)) desk.debtors.set(r, undefined)
    const [own] = needs.accounts ?? []
    const book = own === undefined ? undefined : desk.accounts.get(own)
    if (!book) continue
    for (const r of needs.entries ?? []) if (!book.entries.has(r)) book.entries.set(r, undefined)
    for (const r of needs.targets ?? []) if (!book.entries.has(r)) book.entries.set(r, undefined)
  }
}

function deskOf(desks: Map<string, Desk>, row: Row): Desk {
  const desk = desks.get(row['tenant_id'])
  if (!desk) throw new Error('a row of a tenant that is not in the batch')
  return desk
}

/** A claim that moved to another account while we waited for locks has no book here: the batch is tried again. */
export class MovedMeanwhile extends Error {
  override name = 'MovedMeanwhile'
}

function bookOf(desks: Map<string, Desk>, row: Row): Book {
  const book = deskOf(desks, row).books.get(row['account_id'])
  if (!book) throw new MovedMeanwhile('the account of a row was not locked')
  return book
}

function takeAccount(desks: Map<string, Desk>, row: Row): void {
  const desk = deskOf(desks, row)
  const header: AccountHeader = {
    accountId: row['account_id'],
    reference: row['reference'],
    currency: row['currency'],
    autoDebtorReference: row['auto_debtor_reference'],
    entrySeq: row['entry_seq'],
    creditMinor: row['credit_minor'],
    outstandingMinor: row['outstanding_minor'],
    claimsAmountMinor: row['claims_amount_minor'],
    claimsFeesMinor: row['claims_fees_minor'],
  }
  const book = new Book({ header, isNew: false }, desk.journal)
  desk.books.set(header.accountId, book)
  desk.accounts.set(header.reference, book)
}

function profileOf(row: Row): Profile {
  return {
    paymentReference: row['payment_reference'],
    portfolioReference: row['portfolio_reference'],
    meta: row['meta'],
    scores: row['scores'],
    debtors: row['debtors'],
    products: row['products'],
  }
}

function entryOf(row: Row): NamedEntry {
  return {
    seq: row['seq'],
    reference: row['reference'],
    kind: row['kind'],
    origin: row['origin'],
    amountMinor: row['amount_minor'],
    excessMinor: row['excess_minor'],
    itemSeq: row['item_seq'],
    chargedBackMinor: row['charged_back_minor'],
  }
}

function takeItem(desks: Map<string, Desk>, row: Row): void {
  const book = bookOf(desks, row)
  const item: Item = {
    seq: row['item_seq'],
    kind: row['kind'],
    origin: row['origin'],
    reference: row['reference'],
    outstandingMinor: row['outstanding_minor'],
    paidMinor: row['paid_minor'],
    parentSeq: row['parent_seq'],
    position: row['position'],
    isRetired: row['is_retired'],
    feeType: row['fee_type'],
    productReference: row['product_reference'],
    dueOn: row['due_on'],
    createdAtMs: (row['created_at'] as Date).getTime(),
  }
  book.load(item)
  if (row['claim'] === null) return
  const claim = claimOf(row['claim'])
  book.claims.set(item.seq, claim)
  deskOf(desks, row).claims.set(claim.reference, { claim, book })
}

const msOf = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : null)

function claimOf(row: Row): Claim {
  return {
    claimId: row['claim_id'],
    reference: row['reference'],
    receeveReference: row['receeve_reference'],
    accountId: row['account_id'],
    itemSeq: row['item_seq'],
    isManaged: row['is_managed'],
    status: row['status'],
    resolutionReason: row['resolution_reason'],
    isResolvedByRequest: row['is_resolved_by_request'],
    originalDueOn: row['original_due_on'],
    currentDueOn: row['current_due_on'],
    debtorReference: row['debtor_reference'],
    primaryDebtor: row['primary_debtor'],
    productReference: row['product_reference'],
    portfolioReference: row['portfolio_reference'],
    creditorReference: row['creditor_reference'],
    paymentReference: row['payment_reference'],
    scores: row['scores'],
    meta: row['meta'],
    frozenMeta: row['frozen_meta'],
    createdAtMs: msOf(row['created_at']) ?? 0,
    resolvedAtMs: msOf(row['resolved_at']),
    deletedAtMs: msOf(row['deleted_at']),
  }
}

function takeDebtor(desks: Map<string, Desk>, row: Row): void {
  const debtor: Debtor = { reference: row['reference'], data: row['data'] }
  deskOf(desks, row).debtors.set(debtor.reference, debtor)
}

function paymentOf(row: Row): ProviderPayment {
  return {
    provider: row['provider'],
    trackingId: row['tracking_id'],
    amountMinor: row['amount_minor'],
    currency: row['currency'],
    firstSeq: row['first_seq'],
    lastSeq: row['last_seq'],
  }
}

export const paymentKey = (payment: { provider: string; trackingId: string }) =>
  `${payment.provider}\0${payment.trackingId}`
