import type pg from 'pg'
import { loadMandates } from './agreements.ts'
import { Book } from './book.ts'
import { type ClaimRow, claimOfRow } from './claim-rows.ts'
import { baseOfReceeveReference, Desk, type Needs } from './desk.ts'
import {
  loadEntries,
  loadEntriesOf,
  loadItems,
  loadPayments,
  loadProfiles,
  loadProfilesOf,
  lockByAnything,
  lockByReference,
  lockDebtors,
} from './load-statements.ts'
import { loadRuns } from './runs.ts'
import { type Statement, valuesOf } from './statement.ts'
import type {
  AccountHeader,
  Debtor,
  Item,
  Json,
  JourneyRun,
  KnownMandate,
  NamedEntry,
  Profile,
  ProviderPayment,
} from './model.ts'

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
  readonly debtorProfiles: Pairs
  readonly debtors: Pairs
  readonly entries: Triples
  readonly targets: (Triples[number] & MayChange)[]
  readonly openItems: (Pairs[number] & MayChange)[]
  readonly liveClaims: Pairs
  readonly waitingClaims: Pairs
  readonly mandates: Pairs
  readonly runs: Pairs
  readonly payments: { t: string; a: string; p: string; k: string }[]
}

type Pairs = { t: string; r: string }[]
type Triples = { t: string; a: string; r: string }[]

/** Whether the batch also changes the claims of the account. */
type MayChange = { c: boolean }

interface OfTenant {
  readonly tenantId: string
}
interface OfAccount extends OfTenant {
  readonly accountId: string
}
type AccountRow = AccountHeader & OfTenant
type ProfileRow = Profile & OfAccount
type EntryRow = NamedEntry & OfAccount
type ItemRow = Item & OfAccount & ClaimRow
type DebtorRow = Debtor & OfTenant
type PaymentRow = ProviderPayment & OfAccount
type MandateRow = KnownMandate & OfAccount
type RunRow = JourneyRun & OfTenant

/**
 * Locks the accounts of a batch in the order of their keys and reads what its commands need, from the locked rows.
 * All statements leave together in one round trip, those of a large batch in two; the caller has begun the transaction.
 */
export async function loadDesks(
  client: pg.Client,
  wanted: readonly Wanted[],
  nowOf: (tenantId: string) => Date,
): Promise<Map<string, Desk>> {
  const lists = listsOf(wanted)
  const desks = new Map<string, Desk>()
  for (const { tenantId } of wanted) {
    if (!desks.has(tenantId)) desks.set(tenantId, new Desk(tenantId, nowOf(tenantId)))
  }
  const [accounts, profiles, entries, items, debtors, payments, mandates, runs] = await readAll(
    client,
    lists,
  )
  for (const row of accounts) takeAccount(deskOf(desks, row), row)
  for (const row of profiles) bookOf(desks, row).profile = row
  noteNames(desks, wanted)
  for (const row of entries) bookOf(desks, row).entries.set(row.reference, row)
  for (const row of items) takeItem(deskOf(desks, row), bookOf(desks, row), row)
  for (const row of debtors) deskOf(desks, row).debtors.set(row.reference, row)
  for (const row of payments) bookOf(desks, row).providerPayments.set(paymentKey(row), row)
  for (const row of mandates) bookOf(desks, row).loadMandates([row])
  noteRuns(desks, wanted)
  for (const { tenantId, ...run } of runs) desks.get(tenantId)?.runs.set(run.claimId, run)
  return desks
}

// Above it a second look at the accounts costs more than a round trip.
const largeLoad = 256

function readAll(client: pg.Client, lists: Lists) {
  const run = async <R extends pg.QueryResultRow>(
    name: string,
    statement: Statement,
    ...rows: readonly Json[][]
  ): Promise<R[]> => {
    if (rows.every((list) => list.length === 0)) return []
    const values = valuesOf(statement, ...rows)
    const answer = await client.query<R>({ name, text: statement.text, values })
    return answer.rows
  }
  const isPlain = lists.claims.length === 0 && lists.debtors.length === 0
  const locked = isPlain
    ? run<AccountRow>('book_lock_by_reference', lockByReference, lists.accounts)
    : run<AccountRow>('book_lock', lockByAnything, lists.accounts, lists.claims, lists.debtors)
  const { profiles, claimProfiles, debtorProfiles, entries } = lists
  const isProfiled =
    Math.max(profiles.length, claimProfiles.length, debtorProfiles.length) > largeLoad
  return Promise.all([
    locked,
    isProfiled
      ? locked.then((rows) => run<ProfileRow>('book_profiles_of', loadProfilesOf, idsOf(rows)))
      : run<ProfileRow>('book_profiles', loadProfiles, profiles, claimProfiles, debtorProfiles),
    entries.length > largeLoad
      ? locked.then((rows) => run<EntryRow>('book_entries_of', loadEntriesOf, byId(entries, rows)))
      : run<EntryRow>('book_entries', loadEntries, entries),
    run<ItemRow>(
      'book_items',
      loadItems,
      lists.targets,
      lists.openItems,
      lists.liveClaims,
      lists.claims,
      lists.waitingClaims,
    ),
    run<DebtorRow>('book_debtors', lockDebtors, lists.debtors),
    run<PaymentRow>('book_payments', loadPayments, lists.payments),
    run<MandateRow>('book_mandates', loadMandates, lists.mandates),
    run<RunRow>('book_runs', loadRuns, lists.runs),
  ])
}

const idsOf = (accounts: readonly AccountRow[]) =>
  accounts.map(({ tenantId: t, accountId: i }) => ({ t, i }))

/** The entries that commands name, by the ids of their accounts; those of an account that is not there are left out. */
function byId(entries: Triples, accounts: readonly AccountRow[]): Json[] {
  const ids = new Map<string, Map<string, string>>()
  for (const { tenantId, reference, accountId } of accounts) {
    const ofTenant = ids.get(tenantId) ?? new Map<string, string>()
    ids.set(tenantId, ofTenant.set(reference, accountId))
  }
  const found: Json[] = []
  for (const { t, a, r } of entries) {
    const i = ids.get(t)?.get(a)
    if (i !== undefined) found.push({ t, i, r })
  }
  return found
}

function listsOf(wanted: readonly Wanted[]): Lists {
  const lists: Lists = {
    accounts: [],
    profiles: [],
    claims: [],
    claimProfiles: [],
    debtorProfiles: [],
    debtors: [],
    entries: [],
    targets: [],
    openItems: [],
    liveClaims: [],
    waitingClaims: [],
    mandates: [],
    runs: [],
    payments: [],
  }
  const isFirst = firstTimes()
  const isLive = accountsChanged(wanted)
  const pair = (list: Pairs, t: string, r: string) => {
    if (isFirst(list, t, r)) list.push({ t, r })
  }
  const triple = (list: Triples, t: string, { a, r }: { a: string; r: string }) => {
    if (isFirst(list, t, `${a}\0${r}`)) list.push({ t, a, r })
  }
  for (const { tenantId: t, needs } of wanted) {
    const a = needs.accounts?.[0]
    for (const r of needs.accounts ?? []) {
      pair(lists.accounts, t, r)
      if (needs.profile) pair(lists.profiles, t, r)
    }
    for (const r of claimNamesOf(needs)) {
      pair(lists.claims, t, r)
      if (needs.runs) pair(lists.runs, t, r)
      if (needs.profile) pair(lists.claimProfiles, t, r)
    }
    for (const r of needs.debtors ?? []) {
      pair(lists.debtors, t, r)
      if (needs.profile) pair(lists.debtorProfiles, t, r)
    }
    if (a === undefined) continue
    const c = isLive(t, a)
    if (needs.openItems && isFirst(lists.openItems, t, a)) lists.openItems.push({ t, r: a, c })
    if (needs.liveClaims) pair(lists.liveClaims, t, a)
    if (needs.waitingClaims) pair(lists.waitingClaims, t, a)
    if (needs.mandates) pair(lists.mandates, t, a)
    for (const r of needs.entries ?? []) triple(lists.entries, t, { a, r })
    for (const r of needs.targets ?? []) {
      triple(lists.entries, t, { a, r })
      if (isFirst(lists.targets, t, `${a}\0${r}`)) lists.targets.push({ t, a, r, c })
    }
    const p = needs.providerPayment
    if (p) lists.payments.push({ t, a, p: p.provider, k: p.trackingId })
  }
  return lists
}

/** Tells whether the live claims of an account are changed by any of the commands. */
function accountsChanged(
  wanted: readonly Wanted[],
): (tenantId: string, reference: string) => boolean {
  const changed = new Map<string, Set<string>>()
  for (const { tenantId, needs } of wanted) {
    const [reference] = needs.accounts ?? []
    if (!needs.liveClaims || reference === undefined) continue
    const ofTenant = changed.get(tenantId) ?? new Set<string>()
    changed.set(tenantId, ofTenant.add(reference))
  }
  return (tenantId, reference) => changed.get(tenantId)?.has(reference) === true
}

/** Tells whether a list meets a name of a tenant for the first time. */
function firstTimes(): (list: object, tenantId: string, name: string) => boolean {
  const seen = new Map<object, Map<string, Set<string>>>()
  return (list, tenantId, name) => {
    const ofList = seen.get(list) ?? new Map<string, Set<string>>()
    seen.set(list, ofList)
    const names = ofList.get(tenantId) ?? new Set<string>()
    ofList.set(tenantId, names)
    return !names.has(name) && names.add(name) !== undefined
  }
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
    if (needs.mandates) book.loadMandates([])
    for (const r of needs.entries ?? []) if (!book.entries.has(r)) book.entries.set(r, undefined)
    for (const r of needs.targets ?? []) if (!book.entries.has(r)) book.entries.set(r, undefined)
  }
}

/** Notes for which claims runs were looked for; one that is opened in this batch has none. */
function noteRuns(desks: Map<string, Desk>, wanted: readonly Wanted[]): void {
  for (const { tenantId, needs } of wanted) {
    const desk = desks.get(tenantId)
    if (!needs.runs || !desk) continue
    for (const reference of claimNamesOf(needs)) desk.runsSought.add(reference)
  }
}

/** A claim that moved to another account while we waited for locks has no book here: the batch is tried again. */
export class MovedMeanwhile extends Error {
  override name = 'MovedMeanwhile'
}

function deskOf(desks: Map<string, Desk>, row: OfTenant): Desk {
  const desk = desks.get(row.tenantId)
  if (!desk) throw new Error('a row of a tenant that is not in the batch')
  return desk
}

function bookOf(desks: Map<string, Desk>, row: OfAccount): Book {
  const book = deskOf(desks, row).books.get(row.accountId)
  if (!book) throw new MovedMeanwhile('the account of a row was not locked')
  return book
}

function takeAccount(desk: Desk, header: AccountRow): void {
  desk.load(new Book({ header, isNew: false }, desk.journal))
}

function takeItem(desk: Desk, book: Book, row: ItemRow): void {
  book.load(itemOfRow(row))
  const claim = claimOfRow(row, { accountId: row.accountId, itemSeq: row.seq })
  if (!claim) return
  book.claims.set(row.seq, claim)
  desk.claims.set(claim.reference, { claim, book })
}

function itemOfRow(row: ItemRow): Item {
  return {
    seq: row.seq,
    kind: row.kind,
    origin: row.origin,
    reference: row.reference,
    outstandingMinor: row.outstandingMinor,
    paidMinor: row.paidMinor,
    parentSeq: row.parentSeq,
    position: row.position,
    isRetired: row.isRetired,
    feeType: row.feeType,
    productReference: row.productReference,
    dueOn: row.dueOn,
    createdAtMs: row.createdAtMs,
  }
}

export const paymentKey = (payment: { provider: string; trackingId: string }) =>
  `${payment.provider}\0${payment.trackingId}`
