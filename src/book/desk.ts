import assert from 'node:assert/strict'
import { newId } from '../kernel/id.ts'
import { Book } from './book.ts'
import { Journal } from './journal.ts'
import type { BookEvent, Claim, Debtor, Json, JourneyRun, Profile } from './model.ts'
import { refuse } from './refusals.ts'

/** What a command must find loaded when it decides. References are the caller's own. */
export interface Needs {
  /** Accounts to lock; one that does not exist may be opened. The first is the command's own. */
  readonly accounts?: readonly string[]
  /** Debtors, products, meta and scores of all accounts that the command touches. */
  readonly profile?: boolean
  /** Entry references of the first account whose being taken or free matters. */
  readonly entries?: readonly string[]
  /** Entries of the first account that the command moves: their items, siblings and claims come along. */
  readonly targets?: readonly string[]
  /** All open items of the first account. */
  readonly openItems?: boolean
  /** All pending and active claims of the first account. */
  readonly liveClaims?: boolean
  /** The pending claims of the first account, if it has no debtor yet: the first one makes them claims (D-44). */
  readonly waitingClaims?: boolean
  /** Claims of any account, in either form of reference (D-41). */
  readonly claims?: readonly string[]
  /** Debtors to lock, and the accounts that were opened for them (D-32). */
  readonly debtors?: readonly string[]
  readonly providerPayment?: { readonly provider: string; readonly trackingId: string } | undefined
  /** The mandates of the first account. */
  readonly mandates?: boolean
  /** The newest journey run of each claim that is named. */
  readonly runs?: boolean
}

export interface ClaimAt {
  readonly claim: Claim
  readonly book: Book
}

export interface EmittedEvent extends BookEvent {
  readonly messageId: string
  readonly metadata: Json
}

export interface NewAccount {
  readonly reference: string
  readonly currency: string
  readonly autoDebtorReference?: string | null
  readonly profile: Omit<Profile, 'debtors' | 'products'>
}

/** All accounts, claims and debtors of one tenant that one batch works on. */
export class Desk {
  readonly tenantId: string
  readonly now: Date
  readonly journal = new Journal()
  readonly books = new Map<string, Book>()
  /** Accounts by reference; `undefined` says that there is none. */
  readonly accounts = new Map<string, Book | undefined>()
  /** Accounts that claims opened for a debtor, by debtor and currency (D-32). */
  private readonly autoAccounts = new Map<string, Book>()
  readonly claims = new Map<string, ClaimAt | undefined>()
  readonly debtors = new Map<string, Debtor | undefined>()
  readonly changedDebtors = new Set<Debtor>()
  /** The newest journey run by claim. */
  readonly runs = new Map<string, JourneyRun>()
  /** The claims whose runs were looked for, by reference. */
  readonly runsSought = new Set<string>()
  /** New and changed ones. */
  readonly changedRuns = new Set<JourneyRun>()
  readonly events: EmittedEvent[] = []
  /** The command that is being decided, and what its caller wants noted on its events. */
  commandId = ''
  metadata: Json = {}

  constructor(tenantId: string, now: Date) {
    this.tenantId = tenantId
    this.now = now
  }

  get nowMs(): number {
    return this.now.getTime()
  }

  findAccount(reference: string): Book | undefined {
    assert(this.accounts.has(reference), 'the command did not name this account')
    return this.accounts.get(reference)
  }

  account(reference: string): Book {
    const book = this.findAccount(reference)
    if (!book) throw refuse('account_not_found')
    return book
  }

  /** The account that an earlier claim of this debtor opened (D-32). */
  autoAccountOf(debtorReference: string, currency: string): Book | undefined {
    return this.autoAccounts.get(autoKey(debtorReference, currency))
  }

  /** Takes in an account that the bookkeeper loaded. */
  load(book: Book): void {
    const { account } = book
    this.books.set(account.accountId, book)
    this.accounts.set(account.reference, book)
    const { autoDebtorReference: debtor, currency } = account
    if (debtor !== null) this.autoAccounts.set(autoKey(debtor, currency), book)
  }

  openAccount(opening: NewAccount): Book {
    const header = {
      accountId: newId(),
      reference: opening.reference,
      currency: opening.currency,
      autoDebtorReference: opening.autoDebtorReference ?? null,
      entrySeq: 0,
      creditMinor: 0,
      outstandingMinor: 0,
      claimsAmountMinor: 0,
      claimsFeesMinor: 0,
    }
    const book = new Book({ header, isNew: true }, this.journal)
    book.profile = { ...opening.profile, debtors: [], products: [] }
    this.journal.put(this.books, header.accountId, book)
    this.journal.put(this.accounts, header.reference, book)
    const { autoDebtorReference: debtor, currency } = header
    if (debtor !== null) this.journal.put(this.autoAccounts, autoKey(debtor, currency), book)
    return book
  }

  /** The claim of this reference in whatever state, or undefined. Its own reference goes before the receeve form. */
  findClaim(reference: string): ClaimAt | undefined {
    assert(this.claims.has(reference), 'the command did not name this claim')
    const own = this.claims.get(reference)
    if (own) return own
    const base = baseOfReceeveReference(reference)
    const other = base === undefined ? undefined : this.claims.get(base)
    return other?.claim.receeveReference === reference ? other : undefined
  }

  /** The claim that holds exactly this reference, in whatever state. */
  claimHolding(reference: string): ClaimAt | undefined {
    assert(this.claims.has(reference), 'the command did not name this claim')
    return this.claims.get(reference)
  }

  addClaim(book: Book, claim: Claim): void {
    book.addClaim(claim)
    this.journal.put(this.claims, claim.reference, { claim, book })
  }

  findDebtor(reference: string): Debtor | undefined {
    assert(this.debtors.has(reference), 'the command did not name this debtor')
    return this.debtors.get(reference)
  }

  /** A debtor's data as this batch knows it newest. */
  debtorData(book: Book, reference: string): Json | undefined {
    const changed = this.debtors.get(reference)
    return (
      changed?.data ?? book.details.debtors.find((debtor) => debtor.reference === reference)?.data
    )
  }

  saveDebtor(reference: string, data: Json): Debtor {
    const known = this.findDebtor(reference)
    const debtor = known ?? { reference, data, version: 1 }
    if (known) this.journal.assign(known, { data, version: known.version + 1 })
    else this.journal.put(this.debtors, reference, debtor)
    this.journal.add(this.changedDebtors, debtor)
    return debtor
  }

  /** The newest journey run of a claim; only for commands that asked for runs. */
  findRun(claim: Claim): JourneyRun | undefined {
    const isSought = this.runsSought.has(claim.reference)
    assert(isSought, 'the command did not ask for the runs of its claims')
    return this.runs.get(claim.claimId)
  }

  /** Begins a run, which is the newest of its claim from then on. */
  addRun(run: JourneyRun): void {
    this.journal.put(this.runs, run.claimId, run)
    this.journal.add(this.changedRuns, run)
  }

  changeRun(run: JourneyRun, patch: Partial<JourneyRun>): void {
    this.journal.assign(run, patch)
    this.journal.add(this.changedRuns, run)
  }

  emit(event: BookEvent): void {
    const metadata = { ...this.metadata, commandId: this.commandId }
    this.journal.append(this.events, { ...event, messageId: newId(), metadata })
  }
}

const autoKey = (debtorReference: string, currency: string) => `${currency} ${debtorReference}`

const receeveForm = /^(.+)-\d{4}-\d{2}-\d{2}$/s

/** `ABC` of `ABC-2020-01-15`, where a reference has that form. */
export function baseOfReceeveReference(reference: string): string | undefined {
  return receeveForm.exec(reference)?.[1]
}
