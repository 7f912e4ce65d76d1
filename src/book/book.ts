import assert from 'node:assert/strict'
import { AmountOutOfRange, addMinor, minorMax } from '../kernel/money.ts'
import type { Journal } from './journal.ts'
import type {
  AccountDebtor,
  AccountHeader,
  Claim,
  Entry,
  Item,
  KnownMandate,
  Mandate,
  NamedEntry,
  Product,
  Profile,
  PromiseToPay,
  ProviderPayment,
} from './model.ts'
import { refuse } from './refusals.ts'

/** What a claim asked for before the command that is being decided. */
export interface ClaimBefore {
  readonly status: Claim['status'] | 'NONE'
  readonly amountMinor: number
  readonly feesMinor: number
  /** False for a claim that just came from another account: its totals were not in this one. */
  readonly isCounted: boolean
}

/** The changes of one account that its transaction writes. */
export interface BookChanges {
  isNew: boolean
  isAccountChanged: boolean
  isProfileChanged: boolean
  readonly entries: Entry[]
  readonly newDebtorLinks: AccountDebtor[]
  readonly newProviderPayments: ProviderPayment[]
}

/** Things of an account that its transaction writes, each once however often it changed. */
interface Changed {
  newItems: Item
  changedItems: Item
  newClaims: Claim
  changedClaims: Claim
  /** Claims of which only the standing changed: far less to write, and the usual case of a payment. */
  movedClaims: Claim
  newProducts: Product
  changedProducts: Product
  /** New and changed ones. */
  promises: PromiseToPay
}

// A batch may hold a thousand books, most of which change one or two kinds of things: a kind that did not change has no set.
type ChangedSets = { [Kind in keyof Changed]?: Set<Changed[Kind]> }
const nothing: ReadonlySet<never> = new Set<never>()

/** The mandates of an account, and what commands did to them. */
export interface Mandates {
  readonly known: Map<string, KnownMandate>
  readonly added: Map<string, Mandate>
  /** Those that were there before. */
  readonly deleted: Set<string>
}

export interface Loaded {
  readonly header: AccountHeader
  readonly isNew: boolean
}

/** What the ledger changes of a claim by itself. */
const standingFields: ReadonlySet<string> = new Set<keyof Claim>([
  'status',
  'resolutionReason',
  'isResolvedByRequest',
  'resolvedAtMs',
  'frozenMeta',
  'currentDueOn',
])

const newClaim: ClaimBefore = { status: 'NONE', amountMinor: 0, feesMinor: 0, isCounted: false }

/**
 * An in-memory picture of one account: its header, the items and claims that commands name, and what they change.
 * It knows no SQL and never waits; the bookkeeper fills it and writes what it recorded.
 */
export class Book {
  readonly account: AccountHeader
  readonly journal: Journal
  profile: Profile | undefined
  private ownItems: Map<number, Item> | undefined
  /** Fee items by their principal. */
  private fees: Map<number, Item[]> | undefined
  private ownClaims: Map<number, Claim> | undefined
  /** Named entries by reference; `undefined` says that the reference is free. */
  readonly entries = new Map<string, NamedEntry | undefined>()
  readonly changes: BookChanges
  private readonly changedSets: ChangedSets = {}
  private ownPayments: Map<string, ProviderPayment> | undefined
  private ownTouched: Map<Claim, ClaimBefore> | undefined
  private ownReceived: Map<Claim, number> | undefined
  private ownMandates: Mandates | undefined

  constructor(loaded: Loaded, journal: Journal) {
    this.account = loaded.header
    this.journal = journal
    this.changes = {
      isNew: loaded.isNew,
      isAccountChanged: false,
      isProfileChanged: false,
      entries: [],
      newDebtorLinks: [],
      newProviderPayments: [],
    }
  }

  /** The things of a kind that changed. */
  changed<Kind extends keyof Changed>(kind: Kind): ReadonlySet<Changed[Kind]> {
    return this.changedSets[kind] ?? nothing
  }

  /** Notes that a thing is to be written. */
  note<Kind extends keyof Changed>(kind: Kind, thing: Changed[Kind]): void {
    const sets: { [K in Kind]?: Set<Changed[K]> } = this.changedSets
    const known = sets[kind]
    const things = known ?? new Set<Changed[Kind]>()
    if (!known) {
      sets[kind] = things
      this.journal.push(() => void delete sets[kind])
    }
    this.journal.add(things, thing)
  }

  private forget<Kind extends keyof Changed>(kind: Kind, thing: Changed[Kind]): void {
    const things: Set<Changed[Kind]> | undefined = this.changedSets[kind]
    if (things) this.journal.remove(things, thing)
  }

  // Most of a thousand books in a batch need none of these maps, so each is made when it is asked for.

  /** Items by their sequence. */
  get items(): Map<number, Item> {
    return (this.ownItems ??= new Map())
  }

  /** Claims by the item that holds their principal. */
  get claims(): Map<number, Claim> {
    return (this.ownClaims ??= new Map())
  }

  /** The payments of providers that commands named, by `paymentKey`. */
  get providerPayments(): Map<string, ProviderPayment> {
    return (this.ownPayments ??= new Map())
  }

  /** Claims that the present command moved, as they were before it. */
  get touched(): Map<Claim, ClaimBefore> {
    return (this.ownTouched ??= new Map())
  }

  /** What the present command received for claims with a promise; negative what it took back. */
  get received(): Map<Claim, number> {
    return (this.ownReceived ??= new Map())
  }

  /** `touched`, for those who only look: it makes no map. */
  touchedClaims(): Iterable<[Claim, ClaimBefore]> {
    return this.ownTouched ?? []
  }

  /** The command is concluded: the next one begins with nothing moved. */
  forgetTouched(): void {
    this.ownTouched?.clear()
    this.ownReceived?.clear()
  }

  /** Debtors, products and the like; only for commands that asked for them. */
  get details(): Profile {
    assert(this.profile, 'the command did not ask for the profile of the account')
    return this.profile
  }

  /** Mandates; only for commands that asked for them. */
  get mandates(): Mandates {
    if (this.changes.isNew) this.loadMandates([])
    assert(this.ownMandates, 'the command did not ask for the mandates of the account')
    return this.ownMandates
  }

  /** What was done to the mandates, if anybody asked for them. */
  get mandateChanges(): Mandates | undefined {
    return this.ownMandates
  }

  /** The entry that was booked under this reference. The command must have named the reference in its needs. */
  entryNamed(reference: string): NamedEntry | undefined {
    assert(
      this.changes.isNew || this.entries.has(reference),
      'the command did not name this entry reference',
    )
    return this.entries.get(reference)
  }

  item(seq: number): Item {
    const item = this.items.get(seq)
    assert(item, `item ${seq} is not loaded`)
    return item
  }

  /** The claim whose principal or fee this item is; account-level items have none. */
  claimOf(item: Item): Claim | undefined {
    return this.claims.get(item.parentSeq ?? item.seq)
  }

  /** Whether no claim owns this item of a claim any more: it began anew with items of its own (D-78). */
  isLeftBehind(item: Item): boolean {
    const principal = item.parentSeq === null ? item : this.item(item.parentSeq)
    return principal.kind === 'invoice' && !this.claimOf(item)
  }

  /** The fee items of a principal in the order of the claim's list. */
  feesOf(principalSeq: number): Item[] {
    const fees = [...(this.fees?.get(principalSeq) ?? [])]
    return fees.sort((a, b) => a.position - b.position || a.seq - b.seq)
  }

  amountOf(claim: Claim): number {
    return this.item(claim.itemSeq).outstandingMinor
  }

  feesTotalOf(claim: Claim): number {
    let total = 0
    for (const fee of this.fees?.get(claim.itemSeq) ?? [])
      total = bounded(total, fee.outstandingMinor)
    return total
  }

  /** Appends an entry, whose sequence is the next of the account. */
  append(entry: Entry): void {
    assert.equal(entry.seq, this.account.entrySeq + 1, 'entries are booked in sequence')
    assert(entry.excessMinor >= 0 && entry.excessMinor <= entry.amountMinor)
    assert.equal(entry.effect === 0, entry.debit === null && entry.credit === null)
    this.changeAccount({ entrySeq: entry.seq })
    this.journal.append(this.changes.entries, entry)
    this.journal.put(this.entries, entry.reference, entry)
  }

  changeAccount(patch: Partial<AccountHeader>): void {
    this.journal.assign(this.account, patch)
    if (!this.changes.isAccountChanged)
      this.journal.assign(this.changes, { isAccountChanged: true })
  }

  changeProfile(patch: Partial<Profile>): void {
    this.journal.assign(this.details, patch)
    if (!this.changes.isProfileChanged)
      this.journal.assign(this.changes, { isProfileChanged: true })
  }

  /** Takes in what the bookkeeper loaded. */
  load(item: Item): void {
    this.items.set(item.seq, item)
    if (item.parentSeq !== null) this.siblings(item.parentSeq).push(item)
  }

  loadMandates(mandates: readonly KnownMandate[]): void {
    this.ownMandates ??= { known: new Map(), added: new Map(), deleted: new Set() }
    for (const mandate of mandates) this.ownMandates.known.set(mandate.mandateId, mandate)
  }

  addItem(item: Item): void {
    const parent = item.parentSeq === null ? undefined : this.claims.get(item.parentSeq)
    if (parent) this.touch(parent)
    this.journal.put(this.items, item.seq, item)
    if (item.parentSeq !== null) this.journal.append(this.siblings(item.parentSeq), item)
    this.note('newItems', item)
  }

  changeItem(item: Item, patch: Partial<Item>): void {
    this.touchClaimOf(item)
    this.journal.assign(item, patch)
    if (!this.changed('newItems').has(item)) this.note('changedItems', item)
  }

  /** Moves what an item and its account ask for by a signed amount. */
  moveItem(item: Item, deltaMinor: number): void {
    if (deltaMinor === 0) return
    // Only recreating brings a deleted claim back (D-73).
    const isRaised = deltaMinor > 0
    if (isRaised && this.claimOf(item)?.status === 'DELETED') throw refuse('claim_deleted')
    const outstandingMinor = bounded(item.outstandingMinor, deltaMinor)
    assert(outstandingMinor >= 0, 'an item never asks for less than nothing')
    // A fee that was settled and given up asks again when its money is taken back (D-48).
    this.changeItem(
      item,
      isRaised && item.isRetired ? { outstandingMinor, isRetired: false } : { outstandingMinor },
    )
    this.changeAccount({ outstandingMinor: bounded(this.account.outstandingMinor, deltaMinor) })
  }

  moveCredit(deltaMinor: number): void {
    if (deltaMinor === 0) return
    const creditMinor = bounded(this.account.creditMinor, deltaMinor)
    assert(creditMinor >= 0, 'the credit of an account is never negative')
    this.changeAccount({ creditMinor })
  }

  addClaim(claim: Claim): void {
    this.journal.put(this.touched, claim, newClaim)
    this.journal.put(this.claims, claim.itemSeq, claim)
    this.note('newClaims', claim)
  }

  changeClaim(claim: Claim, patch: Partial<Claim>): void {
    this.touch(claim)
    this.journal.assign(claim, patch)
    if (this.changed('newClaims').has(claim)) return
    const isStanding = Object.keys(patch).every((field) => standingFields.has(field))
    assert(isStanding || claim.isWhole !== false, 'the command did not name this claim')
    this.note(isStanding ? 'movedClaims' : 'changedClaims', claim)
  }

  /** Counts money toward the promise on the item's claim, if there is one; negative what is taken back (D-91). */
  receive(item: Item, amountMinor: number): void {
    const claim = this.claimOf(item)
    if (!claim?.promise) return
    this.touch(claim)
    const sum = (this.received.get(claim) ?? 0) + amountMinor
    this.journal.put(this.received, claim, Math.max(-minorMax, Math.min(sum, minorMax)))
  }

  addPromise(claim: Claim, promise: PromiseToPay): void {
    this.journal.assign(claim, { promise })
    this.note('promises', promise)
  }

  changePromise(promise: PromiseToPay, patch: Partial<PromiseToPay>): void {
    this.journal.assign(promise, patch)
    this.note('promises', promise)
  }

  /** Remembers what the claim asked for before the present command first moved it. */
  touch(claim: Claim): void {
    if (this.touched.has(claim)) return
    this.journal.put(this.touched, claim, {
      status: claim.status,
      amountMinor: this.amountOf(claim),
      feesMinor: this.feesTotalOf(claim),
      isCounted: claim.status === 'ACTIVE' || claim.status === 'RESOLVED',
    })
  }

  /** Takes in a claim that was elsewhere before: deleted and made anew, or moved here from another account. */
  adoptClaim(claim: Claim, before: ClaimBefore): void {
    this.journal.put(this.touched, claim, { ...before, isCounted: false })
    this.journal.put(this.claims, claim.itemSeq, claim)
    if (!this.changed('newClaims').has(claim)) this.note('changedClaims', claim)
  }

  /** Lets go of a claim that another book takes over. Its items must be settled. Answers what it was here. */
  releaseClaim(claim: Claim): ClaimBefore {
    this.touch(claim)
    const before = this.touched.get(claim) ?? newClaim
    this.journal.remove(this.touched, claim)
    this.journal.remove(this.claims, claim.itemSeq)
    this.forget('changedClaims', claim)
    this.forget('movedClaims', claim)
    return before
  }

  private siblings(principalSeq: number): Item[] {
    this.fees ??= new Map()
    const known = this.fees.get(principalSeq)
    if (known) return known
    const fees: Item[] = []
    this.fees.set(principalSeq, fees)
    return fees
  }

  private touchClaimOf(item: Item): void {
    const claim = this.claimOf(item)
    if (claim) this.touch(claim)
  }
}

/** Adds two amounts; a sum that could not be kept exactly is refused, nothing is rounded. */
export function bounded(a: number, b: number): number {
  try {
    return addMinor(a, b)
  } catch (error) {
    if (error instanceof AmountOutOfRange) throw refuse('amount_out_of_range')
    throw error
  }
}
