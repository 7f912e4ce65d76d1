import type { Command, Needs, Outcome } from '../../src/book/index.ts'
import { Book } from '../../src/book/book.ts'
import { decideOne } from '../../src/book/command.ts'
import { baseOfReceeveReference, Desk } from '../../src/book/desk.ts'
import { paymentKey } from '../../src/book/load.ts'
import type { Claim, Item, NamedEntry, Profile } from '../../src/book/model.ts'
import { type Write, writesOf } from '../../src/book/write.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- rows as the statements carry them, of every table
export type Row = Record<string, any>

/** What PostgreSQL would refuse: the book may never try to write it. */
export class ConstraintViolated extends Error {
  override name = 'ConstraintViolated'
}

const jsonbColumns = new Set([
  'meta',
  'scores',
  'data',
  'details',
  'context',
  'primary_debtor',
  'frozen_meta',
  'metadata',
])

type Want = (accountId: string, root: number, isWhole: boolean) => void

/** Rows by account, then by the rest of their key. Tables of a whole tenant have one part. */
class Table {
  private readonly parts = new Map<string, Map<string, Row>>()

  part(name: string): Map<string, Row> {
    const known = this.parts.get(name)
    if (known) return known
    const made = new Map<string, Row>()
    this.parts.set(name, made)
    return made
  }

  all(): Row[] {
    return [...this.parts.values()].flatMap((part) => [...part.values()])
  }
}

/**
 * The book of one tenant in plain maps: it reads what the needs of commands name, as the statements of the bookkeeper do,
 * and takes the very rows that the bookkeeper would write, refusing those that a constraint of the schema refuses.
 */
export class MemoryStore {
  readonly tenantId: string
  now: Date
  readonly account = new Table()
  readonly debtor = new Table()
  readonly account_debtor = new Table()
  readonly product = new Table()
  readonly entry = new Table()
  readonly item = new Table()
  readonly claim = new Table()
  readonly provider_payment = new Table()
  readonly events: Row[] = []
  private readonly accountIds = new Map<string, string>()
  private readonly claimIds = new Map<string, string>()
  private readonly autoAccounts = new Map<string, Set<string>>()
  private readonly entryReferences = new Map<string, Map<string, string>>()

  constructor(tenantId: string, now: Date) {
    this.tenantId = tenantId
    this.now = now
  }

  /** Decides commands as one batch and keeps what they changed. */
  run(
    commands: readonly Command[],
    watch?: (desk: Desk, command: Command, decide: () => Outcome) => Outcome,
  ): Outcome[] {
    const desk = this.load(commands.map(({ needs }) => needs))
    const outcomes = commands.map((command) => {
      const decide = () => decideOne(desk, command)
      return watch ? watch(desk, command, decide) : decide()
    })
    for (const write of writesOf([desk])) this.write(write)
    return outcomes
  }

  load(needs: readonly Needs[]): Desk {
    const desk = new Desk(this.tenantId, this.now)
    for (const accountId of this.accountsToLock(needs)) {
      const row = this.accountRow(accountId)
      const header = {
        accountId,
        reference: row.reference,
        currency: row.currency,
        autoDebtorReference: row.auto_debtor_reference,
        entrySeq: row.entry_seq,
        creditMinor: row.credit_minor,
        outstandingMinor: row.outstanding_minor,
        claimsAmountMinor: row.claims_amount_minor,
        claimsFeesMinor: row.claims_fees_minor,
      }
      const book = new Book({ header, isNew: false }, desk.journal)
      desk.load(book)
    }
    for (const need of needs) this.loadProfiles(desk, need)
    for (const need of needs) noteNames(desk, need)
    for (const need of needs) this.loadEntries(desk, need)
    this.loadItems(desk, needs)
    for (const need of needs) {
      for (const reference of need.debtors ?? []) {
        const row = this.debtor.part('').get(reference)
        if (row)
          desk.debtors.set(reference, { reference, data: copy(row.data), version: row.version })
      }
    }
    for (const need of needs) this.loadPayment(desk, need)
    return desk
  }

  private accountsToLock(needs: readonly Needs[]): string[] {
    const ids = new Set<string>()
    for (const need of needs) {
      for (const reference of need.accounts ?? []) add(ids, this.accountIds.get(reference))
      for (const reference of claimNamesOf(need)) add(ids, this.claimNamed(reference)?.account_id)
      for (const reference of need.debtors ?? [])
        for (const id of this.autoAccounts.get(reference) ?? []) ids.add(id)
    }
    return [...ids].sort()
  }

  private loadProfiles(desk: Desk, need: Needs): void {
    if (!need.profile) return
    const ids = new Set<string>()
    for (const reference of need.accounts ?? []) add(ids, this.accountIds.get(reference))
    for (const reference of claimNamesOf(need)) add(ids, this.claimNamed(reference)?.account_id)
    for (const reference of need.debtors ?? [])
      for (const id of this.autoAccounts.get(reference) ?? []) ids.add(id)
    for (const id of ids) desk.books.get(id)!.profile ??= this.profileOf(id)
  }

  private profileOf(accountId: string): Profile {
    const row = this.accountRow(accountId)
    return copy({
      paymentReference: row.payment_reference,
      portfolioReference: row.portfolio_reference,
      meta: row.meta,
      scores: row.scores,
      debtors: byPosition(this.account_debtor.part(accountId)).map((link) => ({
        reference: link.debtor_reference,
        position: link.position,
        data: this.debtor.part('').get(link.debtor_reference)!.data,
      })),
      products: byPosition(this.product.part(accountId)).map(({ reference, position, data }) => {
        return { reference, position, data }
      }),
    })
  }

  private loadEntries(desk: Desk, need: Needs): void {
    const accountId = this.accountIds.get(need.accounts?.[0] ?? '')
    if (accountId === undefined) return
    for (const reference of [...(need.entries ?? []), ...(need.targets ?? [])]) {
      const row = this.entryNamed(accountId, reference)
      if (row)
        desk.books
          .get(accountId)!
          .entries.set(reference, this.namedEntry(row, this.entry.part(accountId)))
    }
  }

  private namedEntry(row: Row, entries: Map<string, Row>): NamedEntry {
    let chargedBackMinor = 0
    if (row.kind === 'payment') {
      for (const other of entries.values()) {
        if (other.kind === 'chargeback' && other.context.ledgerEntryReference === row.reference)
          chargedBackMinor += other.amount_minor
      }
    }
    return {
      seq: row.seq,
      reference: row.reference,
      kind: row.kind,
      origin: row.origin,
      amountMinor: row.amount_minor,
      excessMinor: row.excess_minor,
      effect: row.effect,
      itemSeq: row.item_seq,
      dueOn: row.details.dueDate ?? null,
      chargedBackMinor,
    }
  }

  private loadItems(desk: Desk, needs: readonly Needs[]): void {
    const roots = new Map<string, Map<number, boolean>>()
    const want: Want = (accountId, root, isWhole) => {
      const known = roots.get(accountId) ?? new Map<number, boolean>()
      roots.set(accountId, known.set(root, isWhole || known.get(root) === true))
    }
    const live = new Set(needs.map((need) => (need.liveClaims ? need.accounts?.[0] : undefined)))
    for (const need of needs) this.findRoots(need, live.has(need.accounts?.[0] ?? ''), want)
    const found = [...roots].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [accountId, wanted] of found) {
      const claims = new Map<number, Row>()
      for (const claim of this.claim.part('').values())
        if (claim.account_id === accountId) claims.set(claim.item_seq, claim)
      const rows = [...this.item.part(accountId).values()]
        .filter((row) => wanted.has(row.parent_seq ?? row.item_seq))
        .sort((a, b) => a.item_seq - b.item_seq)
      const book = desk.books.get(accountId)!
      for (const row of rows) {
        book.load(itemOf(row))
        const claimRow = row.parent_seq === null ? claims.get(row.item_seq) : undefined
        if (!claimRow) continue
        const claim = claimOf(claimRow, wanted.get(row.item_seq) === true)
        book.claims.set(row.item_seq, claim)
        desk.claims.set(claim.reference, { claim, book })
      }
    }
  }

  // What is named to be paid only comes without what only changes of the claim itself look at, unless the batch changes them.
  private findRoots(need: Needs, isChanged: boolean, want: Want): void {
    for (const reference of claimNamesOf(need)) {
      const claim = this.claimNamed(reference)
      if (claim) want(claim.account_id, claim.item_seq, true)
    }
    const accountId = this.accountIds.get(need.accounts?.[0] ?? '')
    if (accountId === undefined) return
    const items = this.item.part(accountId)
    for (const reference of need.targets ?? []) {
      const item = items.get(String(this.entryNamed(accountId, reference)?.item_seq))
      if (item) want(accountId, item.parent_seq ?? item.item_seq, isChanged)
    }
    if (need.openItems) {
      for (const item of items.values())
        if (item.is_open) want(accountId, item.parent_seq ?? item.item_seq, isChanged)
    }
    const isWaiting = need.waitingClaims && this.account_debtor.part(accountId).size === 0
    if (isWaiting) {
      for (const claim of this.claim.part('').values()) {
        if (claim.status === 'PENDING' && claim.account_id === accountId)
          want(accountId, claim.item_seq, true)
      }
    }
    if (need.liveClaims) {
      for (const claim of this.claim.part('').values()) {
        const isLive = claim.status === 'PENDING' || claim.status === 'ACTIVE'
        if (isLive && claim.account_id === accountId) want(accountId, claim.item_seq, true)
      }
    }
  }

  private loadPayment(desk: Desk, need: Needs): void {
    const wanted = need.providerPayment
    const accountId = this.accountIds.get(need.accounts?.[0] ?? '')
    if (!wanted || accountId === undefined) return
    const row = this.provider_payment.part(accountId).get(paymentKey(wanted))
    if (!row) return
    const entries = [...this.entry.part(accountId).values()]
      .filter(({ seq }) => seq >= row.first_seq && seq <= row.last_seq)
      .sort((a, b) => a.seq - b.seq)
      .map(({ reference, kind, details, context, created_at }) => {
        return copy({ reference, kind, details, context, createdAtMs: Date.parse(created_at) })
      })
    desk.books.get(accountId)!.providerPayments.set(paymentKey(wanted), {
      ...wanted,
      amountMinor: row.amount_minor,
      currency: row.currency,
      firstSeq: row.first_seq,
      lastSeq: row.last_seq,
      entries,
    })
  }

  private accountRow(accountId: string): Row {
    return this.account.part('').get(accountId)!
  }

  private claimNamed(reference: string): Row | undefined {
    return this.claim.part('').get(this.claimIds.get(reference) ?? '')
  }

  private entryNamed(accountId: string, reference: string): Row | undefined {
    const seq = this.entryReferences.get(accountId)?.get(reference)
    return seq === undefined ? undefined : this.entry.part(accountId).get(seq)
  }

  /** Takes the rows of one statement, with the columns that its text names. */
  private write({ name, statement, rows }: Write): void {
    for (const row of rows) {
      const clean = stored(row, columnsOf(statement.text))
      this.writers[name]!(clean)
    }
  }

  private readonly writers: Record<string, (row: Row) => void> = {
    write_accounts: (row) => {
      must(!this.accountIds.has(row.reference), 'account_reference_key', row)
      this.accountIds.set(row.reference, row.account_id)
      const auto = row.auto_debtor_reference
      if (auto !== null) {
        const known = this.autoAccounts.get(auto) ?? new Set()
        for (const id of known)
          must(this.accountRow(id).currency !== row.currency, 'account_auto_debtor_key', row)
        this.autoAccounts.set(auto, known.add(row.account_id))
      }
      insert(this.account.part(''), row.account_id, row)
      checkAccount(row)
    },
    write_account_totals: (row) => {
      checkAccount(update(this.account.part(''), row.account_id, row))
    },
    write_profiles: (row) => void update(this.account.part(''), row.account_id, row),
    write_debtors: (row) => {
      const debtors = this.debtor.part('')
      const created_at = debtors.get(row.reference)?.created_at ?? row.updated_at
      debtors.set(row.reference, { ...row, created_at })
    },
    write_debtor_links: (row) => {
      must(this.account.part('').has(row.account_id), 'account_debtor_account', row)
      must(this.debtor.part('').has(row.debtor_reference), 'account_debtor_debtor', row)
      insert(this.account_debtor.part(row.account_id), row.debtor_reference, row)
    },
    write_products: (row) => {
      const products = this.product.part(row.account_id)
      const known = products.get(row.reference)
      products.set(row.reference, known ? { ...known, data: row.data } : row)
    },
    write_entries: (row) => {
      const references = this.entryReferences.get(row.account_id) ?? new Map<string, string>()
      this.entryReferences.set(row.account_id, references)
      must(!references.has(row.reference), 'entry_reference_key', row)
      references.set(row.reference, String(row.seq))
      insert(this.entry.part(row.account_id), String(row.seq), row)
      checkEntry(row)
    },
    write_items: (row) => {
      must(this.entry.part(row.account_id).has(String(row.item_seq)), 'item_entry', row)
      insert(this.item.part(row.account_id), String(row.item_seq), row)
      checkItem(row)
    },
    write_item_changes: (row) => {
      checkItem(update(this.item.part(row.account_id), String(row.item_seq), row))
    },
    write_claims: (row) => {
      must(!this.claimIds.has(row.reference), 'claim_reference_key', row)
      this.claimIds.set(row.reference, row.claim_id)
      insert(this.claim.part(''), row.claim_id, row)
      this.checkClaim(row)
    },
    write_claim_changes: (row) => {
      const given = row.frozen_meta ?? this.accountRow(row.account_id).meta
      const frozen_meta = row.status === 'RESOLVED' ? given : null
      this.checkClaim(update(this.claim.part(''), row.claim_id, { ...row, frozen_meta }))
    },
    write_claim_standings: (row) => {
      const before = this.claim.part('').get(row.claim_id)
      must(before !== undefined, 'a claim to change', row)
      const given = row.frozen_meta ?? this.accountRow(before!.account_id).meta
      const frozen_meta = row.status === 'RESOLVED' ? given : null
      this.checkClaim(update(this.claim.part(''), row.claim_id, { ...row, frozen_meta }))
    },
    write_provider_payments: (row) => {
      const key = paymentKey({ provider: row.provider, trackingId: row.tracking_id })
      insert(this.provider_payment.part(row.account_id), key, row)
    },
    write_events: (row) => void this.events.push(row),
  }

  private checkClaim(row: Row): void {
    must(this.item.part(row.account_id).has(String(row.item_seq)), 'claim_item', row)
    const isResolved = row.status === 'RESOLVED'
    must(
      isResolved === (row.resolution_reason !== null) || row.status === 'DELETED',
      'claim_reason_when_resolved',
      row,
    )
    const isShown = row.status === 'ACTIVE' || isResolved
    must(!isShown || row.primary_debtor !== null, 'claim_has_debtor', row)
  }
}

/** Keys in the order in which jsonb gives them back. */
export function jsonb(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonb)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => {
    return a.length - b.length || Buffer.compare(Buffer.from(a), Buffer.from(b))
  })
  return Object.fromEntries(entries.map(([key, inner]) => [key, jsonb(inner)]))
}

function stored(row: object, columns: readonly string[]): Row {
  const plain = copy(row) as Row
  return Object.fromEntries(
    columns.map((column) => {
      const value = plain[column] ?? null
      return [column, jsonbColumns.has(column) ? jsonb(value) : value]
    }),
  )
}

const columnCache = new Map<string, string[]>()

/** The columns that a statement of write.ts really writes: those of its insert, or those that it sets. */
function columnsOf(text: string): string[] {
  const known = columnCache.get(text)
  if (known) return known
  const inserted = /insert into \w+ \(([^)]+)\)/.exec(text)?.[1]
  const columns = inserted
    ? inserted.split(',').map((column) => column.trim())
    : [...new Set([...text.matchAll(/(\w+) = r\.\1\b/g)].map((match) => match[1]!))]
  if (!inserted && text.includes('frozen_meta =')) columns.push('frozen_meta')
  columnCache.set(text, columns)
  return columns
}

function insert(part: Map<string, Row>, key: string, row: Row): void {
  must(!part.has(key), 'primary key', row)
  part.set(key, row)
}

function update(part: Map<string, Row>, key: string, change: Row): Row {
  const before = part.get(key)
  must(before !== undefined, 'a row to update', change)
  const row = { ...before, ...change }
  part.set(key, row)
  return row
}

function must(isTrue: boolean, constraint: string, row: Row): void {
  if (!isTrue) throw new ConstraintViolated(`${constraint}: ${JSON.stringify(row)}`)
}

function checkAccount(row: Row): void {
  for (const column of [
    'credit_minor',
    'outstanding_minor',
    'claims_amount_minor',
    'claims_fees_minor',
  ]) {
    must(Number.isSafeInteger(row[column]) && row[column] >= 0, `account ${column}`, row)
  }
}

function checkEntry(row: Row): void {
  const { amount_minor: amount, excess_minor: excess, debit, credit, effect } = row
  must(Number.isSafeInteger(amount) && amount >= 0, 'entry_amount_not_negative', row)
  must(excess >= 0 && excess <= amount, 'entry_excess_within_amount', row)
  const isMemo = debit === null && credit === null
  const isTransfer = debit !== null && credit !== null && debit !== credit && amount > 0
  must(effect === 0 ? isMemo : isTransfer, 'entry_is_transfer_or_memo', row)
}

function checkItem(row: Row): void {
  must(row.outstanding_minor >= 0, 'item_outstanding_not_negative', row)
  must(row.paid_minor >= 0, 'item_paid_not_negative', row)
  must(row.is_open === row.outstanding_minor > 0, 'item_open_while_outstanding', row)
  must(!row.is_retired || row.outstanding_minor === 0, 'item_retired_is_settled', row)
}

function claimNamesOf(need: Needs): string[] {
  return (need.claims ?? []).flatMap((reference) => {
    const base = baseOfReceeveReference(reference)
    return base === undefined ? [reference] : [reference, base]
  })
}

function noteNames(desk: Desk, need: Needs): void {
  for (const name of need.accounts ?? [])
    if (!desk.accounts.has(name)) desk.accounts.set(name, undefined)
  for (const name of claimNamesOf(need))
    if (!desk.claims.has(name)) desk.claims.set(name, undefined)
  for (const name of need.debtors ?? [])
    if (!desk.debtors.has(name)) desk.debtors.set(name, undefined)
  const book = desk.accounts.get(need.accounts?.[0] ?? '')
  for (const name of [...(need.entries ?? []), ...(need.targets ?? [])])
    if (book && !book.entries.has(name)) book.entries.set(name, undefined)
}

function itemOf(row: Row): Item {
  return {
    seq: row.item_seq,
    kind: row.kind,
    origin: row.origin,
    reference: row.reference,
    outstandingMinor: row.outstanding_minor,
    paidMinor: row.paid_minor,
    parentSeq: row.parent_seq,
    position: row.position,
    isRetired: row.is_retired,
    feeType: row.fee_type,
    productReference: row.product_reference,
    dueOn: row.due_on,
    createdAtMs: ms(row.created_at)!,
  }
}

function claimOf(row: Row, isWhole: boolean): Claim {
  return copy({
    claimId: row.claim_id,
    reference: row.reference,
    receeveReference: row.receeve_reference,
    accountId: row.account_id,
    itemSeq: row.item_seq,
    isManaged: row.is_managed,
    status: row.status,
    resolutionReason: row.resolution_reason,
    isResolvedByRequest: row.is_resolved_by_request,
    originalDueOn: row.original_due_on,
    currentDueOn: row.current_due_on,
    debtorReference: row.debtor_reference,
    isWhole,
    primaryDebtor: isWhole ? row.primary_debtor : null,
    productReference: row.product_reference,
    portfolioReference: row.portfolio_reference,
    creditorReference: row.creditor_reference,
    paymentReference: row.payment_reference,
    scores: isWhole ? row.scores : null,
    meta: isWhole ? row.meta : null,
    frozenMeta: row.frozen_meta,
    createdAtMs: ms(row.created_at)!,
    resolvedAtMs: ms(row.resolved_at),
    deletedAtMs: ms(row.deleted_at),
  })
}

const byPosition = (part: Map<string, Row>) =>
  [...part.values()].sort((a, b) => a.position - b.position)
const ms = (text: string | null) => (text === null ? null : Date.parse(text))
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function add(ids: Set<string>, id: string | undefined): void {
  if (id !== undefined) ids.add(id)
}
