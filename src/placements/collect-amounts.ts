import { parse } from 'csv-parse/sync'
import type { Kysely } from 'kysely'
import {
  type Bookkeeper,
  callContext,
  type Command,
  type Companion,
  type FoundClaim,
  type Outcome,
} from '../book/index.ts'
import { creditClaim, type Credited } from '../claims/index.ts'
import { InvalidAmount, parseDecimal } from '../kernel/money.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { Tables } from '../platform/tables.ts'
import { collectedBefore, placedClaims } from './collected.ts'
import { refuse } from './refusals.ts'
import type { CollectedList, CollectedRow } from './schema.ts'

export interface CollectDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
}

export interface CollectOrder {
  readonly tenant: Parameters<typeof callContext>[0]
  readonly now: Date
  /** The name of the agency that collected. */
  readonly partner: string
  readonly text: string
}

interface Line {
  readonly row: number
  readonly claimReference: string
  readonly amount: string
  readonly currency: string
  readonly externalId: string
}

interface Payment {
  readonly line: Line
  readonly claim: FoundClaim
  readonly amountMinor: number
}

const rowsMax = 10_000
const rowsAtOnce = 100
const attemptsMax = 3
const headings = ['claimReference', 'amount', 'currency', 'externalId'] as const

/**
 * Books what an agency collected from a CSV list: a payment with originator DCA for each row (D-105). The agency's own
 * number of a payment is booked once, however often it is listed and by how many at the same time.
 */
export async function collectAmounts(
  deps: CollectDeps,
  order: CollectOrder,
): Promise<CollectedList> {
  const lines = linesOf(order.text)
  const rows: CollectedRow[] = []
  for (let at = 0; at < lines.length; at += rowsAtOnce)
    rows.push(...(await collectLines(deps, order, lines.slice(at, at + rowsAtOnce))))
  const count = (outcome: CollectedRow['outcome']) =>
    rows.filter((row) => row.outcome === outcome).length
  return {
    booked: count('BOOKED'),
    alreadyBooked: count('ALREADY_BOOKED'),
    refused: count('REFUSED'),
    rows,
  }
}

function linesOf(text: string): Line[] {
  const records = recordsOf(text)
  const [first = [], ...rest] = records
  const places = headings.map((heading) => first.indexOf(heading))
  const missing = headings.filter((_, index) => places[index] === -1)
  if (missing.length > 0) throw refuse('invalid_list', `no column ${missing.join(', ')}`)
  if (rest.length > rowsMax) throw refuse('invalid_list', `more than ${rowsMax} rows`)
  const cell = (record: readonly string[], column: number) =>
    record[places[column] ?? -1]?.trim() ?? ''
  return rest.map((record, index) => ({
    row: index + 2,
    claimReference: cell(record, 0),
    amount: cell(record, 1),
    currency: cell(record, 2),
    externalId: cell(record, 3),
  }))
}

function recordsOf(text: string): string[][] {
  if (text.includes('\0')) throw refuse('invalid_list', 'it is no text')
  const heading = text.slice(0, text.search(/[\r\n]|$/))
  const delimiter = heading.includes(';') ? ';' : ','
  try {
    return parse(text, { bom: true, delimiter, skip_empty_lines: true, max_record_size: 10_000 })
  } catch (error) {
    throw refuse('invalid_list', error instanceof Error ? error.message : undefined)
  }
}

/** Books some rows together. Who lost a race against another list with the same payments looks again. */
async function collectLines(
  deps: CollectDeps,
  order: CollectOrder,
  lines: readonly Line[],
): Promise<CollectedRow[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptLines(deps, order, lines)
    } catch (error) {
      if (!isTaken(error) || attempt >= attemptsMax) throw error
    }
  }
}

async function attemptLines(
  { db, bookkeeper }: CollectDeps,
  order: CollectOrder,
  lines: readonly Line[],
): Promise<CollectedRow[]> {
  const unit = { tenantId: order.tenant.tenantId, now: order.now, isReadOnly: true }
  const judged = await inTransaction(db, unit, (tx) => judge(tx, order.partner, lines))
  const payments = judged.filter((one): one is Payment => 'claim' in one)
  const commands = payments.map((payment) => commandOf(order, payment))
  const companions = (outcomes: Outcome<Credited>[]) =>
    payments
      .filter((_, index) => outcomes[index] && 'result' in outcomes[index])
      .map((payment) => collectionStatement(order, payment))
  const outcomes =
    commands.length === 0 ? [] : await bookkeeper.submitGroup(commands, { companions })
  const refusals = new Map(
    payments.flatMap(({ line }, index) => {
      const outcome = outcomes[index]
      return outcome && 'refusal' in outcome ? [[line.externalId, outcome.refusal] as const] : []
    }),
  )
  return judged.map((one, index) => {
    const line = 'claim' in one ? one.line : lines[index]
    const isOfBook = 'claim' in one || one.outcome === 'ALREADY_BOOKED'
    const refusal = isOfBook && line ? refusals.get(line.externalId) : undefined
    // Listed twice and refused: the second was not booked before either.
    if (line && refusal) return refused(line, refusal)
    return 'claim' in one ? answered(one.line, { outcome: 'BOOKED' }) : one
  })
}

/** Which rows are to be booked, and what the others are told. */
async function judge(
  tx: Tx,
  partner: string,
  lines: readonly Line[],
): Promise<(Payment | CollectedRow)[]> {
  const known = await collectedBefore(
    tx,
    partner,
    lines.map(({ externalId }) => externalId),
  )
  const claims = await placedClaims(
    tx,
    partner,
    lines.map(({ claimReference }) => claimReference),
  )
  return lines.map((line) => {
    try {
      const claim = claims.get(line.claimReference)
      const amountMinor = amountOf(line)
      if (!claim) throw refusal('not_placed_here', 'The claim was never with this agency')
      const before = known.get(line.externalId)
      known.set(line.externalId, { claimId: claim.claimId, amountMinor, currency: line.currency })
      if (!before) return { line, claim, amountMinor }
      const isSame =
        before.claimId === claim.claimId &&
        before.amountMinor === amountMinor &&
        before.currency === line.currency
      if (isSame) return answered(line, { outcome: 'ALREADY_BOOKED' })
      throw refusal('external_id_reused', 'This externalId was booked for something else')
    } catch (error) {
      if (error instanceof Refusal) return refused(line, error)
      throw error
    }
  })
}

function amountOf({ externalId, amount, currency }: Line): number {
  if (externalId === '' || externalId.length > 200)
    throw refusal('invalid_row', 'externalId should have 1 to 200 characters')
  if (!/^[A-Z]{3}$/.test(currency)) throw refusal('invalid_row', 'currency is no currency code')
  try {
    const amountMinor = parseDecimal(amount, currency)
    if (amountMinor > 0) return amountMinor
  } catch (error) {
    if (!(error instanceof InvalidAmount)) throw error
    throw refusal('invalid_row', error.message)
  }
  throw refusal('invalid_row', 'The amount is not more than 0')
}

const refusal = (code: string, message: string) => new Refusal(code, 'invalid', message)

function commandOf(order: CollectOrder, payment: Payment): Command<Credited> {
  const { line, claim, amountMinor } = payment
  return creditClaim(callContext(order.tenant, { originator: 'NativeAPI' }), {
    reference: claim.reference,
    data: {
      amount: amountMinor,
      currency: line.currency,
      originator: 'DCA',
      creditType: 'PAYMENT',
      context: { agency: order.partner, externalId: line.externalId },
    },
  })
}

function collectionStatement(order: CollectOrder, payment: Payment): Companion {
  const { line, claim, amountMinor } = payment
  return {
    text: `insert into placement_collection (tenant_id, partner, external_id, claim_id, amount_minor, currency, reported_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      order.tenant.tenantId,
      order.partner,
      line.externalId,
      claim.claimId,
      amountMinor,
      line.currency,
      order.now,
    ],
  }
}

const isTaken = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === '23505'

function answered(
  { row, claimReference, externalId }: Line,
  how: Pick<CollectedRow, 'outcome' | 'code' | 'message'>,
): CollectedRow {
  return { row, claimReference, externalId, ...how }
}

const refused = (line: Line, { code, message }: Refusal) =>
  answered(line, { outcome: 'REFUSED', code, message })
