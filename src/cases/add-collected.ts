import { sql } from 'kysely'
import type { Command } from '../book/index.ts'
import { creditClaim, type Credited } from '../claims/index.ts'
import { InvalidAmount, parseDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { claimOf } from './case-claim.ts'
import { receiptSourceId } from './catalogues.ts'
import { type Actor, type CaseDeps, contextOf, inTenant } from './context.ts'
import { findCase } from './find-case.ts'
import { refuse } from './refusals.ts'
import { collectingStates } from './states.ts'
import { isMissed, sureStatement, violates } from './sure-statement.ts'

export interface Collected {
  readonly caseId: number
  /** A decimal text. */
  readonly amount: string
  readonly externalId: string
}

interface Receipt {
  readonly id: number
  readonly amountMinor: number
  readonly currency: string
}

/**
 * Books what the collector got from the debtor as a payment of the case's claim, and answers the id of its receipt. A
 * number that is known within the case books nothing, whatever became of the case; more than the claim asks for is credit.
 */
export async function addCollected(
  deps: CaseDeps,
  actor: Actor,
  collected: Collected,
): Promise<number> {
  const { row, known, reference } = await inTenant(deps, actor, (tx) => look(tx, collected))
  if (known) return repeated(deps, actor, { known, collected })
  if (reference === undefined || row.currency === null || !collectingStates.includes(row.state))
    throw refuse('invalid_state', `it is ${row.state}`)
  const { currency } = row
  const amountMinor = minorOf(collected.amount, currency)
  const booking = { collected, reference, currency, amountMinor }
  try {
    const [outcome] = await deps.bookkeeper.submitGroup([paymentOf(actor, booking)], {
      companions: ([first]) =>
        first && 'result' in first
          ? [receiptOf(actor, booking, deps.nowOf(actor.tenant.tenantId))]
          : [],
    })
    if (outcome && 'refusal' in outcome) throw outcome.refusal
  } catch (error) {
    // Somebody else was faster: with the same receipt, or with the end of the case.
    if (!violates(error, 'debt_receipt_once') && !isMissed(error)) throw error
  }
  const booked = await inTenant(deps, actor, (tx) => look(tx, collected))
  if (!booked.known) throw refuse('invalid_state', `it is ${booked.row.state}`)
  return repeated(deps, actor, { known: booked.known, collected })
}

async function look(tx: Tx, { caseId, externalId }: Collected) {
  const row = await findCase(tx, caseId)
  const { rows } = await sql<Receipt>`
    select id, amount_minor as "amountMinor", currency from debt_receipt
    where tenant_id = ${tx.tenantId} and case_id = ${caseId} and external_id = ${externalId}`.execute(
    tx.db,
  )
  const reference = row.claimId === null ? undefined : (await claimOf(tx, row.claimId)).reference
  return { row, known: rows[0], reference }
}

/** A repeat with another amount changes no money; the case carries a label that tells of it. */
async function repeated(
  deps: CaseDeps,
  actor: Actor,
  { known, collected }: { known: Receipt; collected: Collected },
): Promise<number> {
  const repeatedMinor = readableMinor(collected.amount, known.currency)
  if (repeatedMinor === undefined || repeatedMinor === known.amountMinor) return known.id
  await inTenant(deps, actor, (tx) =>
    sql`update debt_receipt set repeated_minor = ${repeatedMinor}
      where tenant_id = ${tx.tenantId} and id = ${known.id}`.execute(tx.db),
  )
  return known.id
}

/** What cannot be an amount is no news in a repeat: the receipt stands. */
function readableMinor(amount: string, currency: string): number | undefined {
  try {
    return parseDecimal(amount, currency)
  } catch (error) {
    if (error instanceof InvalidAmount) return undefined
    throw error
  }
}

function minorOf(amount: string, currency: string): number {
  try {
    const minor = parseDecimal(amount, currency)
    if (minor > 0) return minor
  } catch (error) {
    if (error instanceof InvalidAmount) throw refuse('invalid_amount', error.message)
    throw error
  }
  throw refuse('invalid_amount', 'it is not more than 0')
}

interface Booking {
  readonly collected: Collected
  readonly reference: string
  readonly currency: string
  readonly amountMinor: number
}

function paymentOf(actor: Actor, booking: Booking): Command<Credited> {
  const { collected, reference, currency, amountMinor } = booking
  return creditClaim(contextOf(actor), {
    reference,
    data: {
      amount: amountMinor,
      currency,
      originator: 'DCA',
      creditType: 'PAYMENT',
      context: { debtCollectionCase: collected.caseId, externalId: collected.externalId },
    },
  })
}

function receiptOf(actor: Actor, { collected, currency, amountMinor }: Booking, now: Date) {
  return sureStatement(
    `held as (
      update debt_case set version = version + 1
      where tenant_id = $1 and id = $2 and state in ('PENDING', 'PROCESSING') returning id),
    changed as (
      insert into debt_receipt (tenant_id, case_id, external_id, amount_minor, currency, source, created_by, created_at)
      select $1::uuid, id, $3::text, $4::bigint, $5::text, $6::bigint, $7::bigint, $8::timestamptz from held returning id)`,
    [
      actor.tenant.tenantId,
      collected.caseId,
      collected.externalId,
      amountMinor,
      currency,
      receiptSourceId,
      actor.userId,
      now,
    ],
  )
}
