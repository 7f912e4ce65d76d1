import pg from 'pg'
import { sql, type Kysely } from 'kysely'
import {
  announceBooked,
  type Book,
  type CallContext,
  type Command,
  type Companion,
  conclude,
  type Desk,
  type Json,
  post,
  refuse,
  reopenUnpaid,
} from '../book/index.ts'
import { shownEntry } from '../accounts/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { cashAccount, commissionAccount, prepaid } from './float.ts'
import { findPayment } from './list-payments.ts'
import type { Tables } from '../platform/tables.ts'
import type { PayDeps, Share } from './pay-debt.ts'
import { refusePayofin } from './refusals.ts'
import type { CollectedPayment } from './schema.ts'

interface Stored {
  readonly paymentId: number
  readonly merchantId: number
  readonly claimReference: string
  /** Where the claim is now. */
  readonly accountReference: string
  readonly amountMinor: number
  readonly commissionMinor: number
  readonly currency: string
  readonly shares: Share[]
  readonly status: string
}

export interface CancelDeps extends Omit<PayDeps, 'reader'> {
  readonly db: Kysely<Tables>
}

/** Takes a payment back: the claim asks for the money again, the float has it again with its commission. */
export async function cancelPayment(
  deps: CancelDeps,
  context: CallContext,
  paymentId: number,
): Promise<CollectedPayment> {
  const { tenantId } = context
  const unit = { tenantId, now: deps.nowOf(tenantId) }
  const readOnly = { ...unit, isReadOnly: true }
  const payment = await inTransaction(deps.db, readOnly, (tx) => storedPayment(tx, paymentId))
  if (payment.status !== 'Paid') throw refusePayofin('payment_cancelled')
  const companions = (outcomes: readonly object[]): Companion[] =>
    outcomes.flatMap((outcome) => ('result' in outcome ? returnFloat(payment, unit) : []))
  const [outcome] = await deps.bookkeeper
    .submitGroup([takeBack(context, payment)], { companions })
    .catch((error: unknown) => {
      const isDone =
        error instanceof pg.DatabaseError && error.constraint === 'payofin_movement_once'
      throw isDone ? refusePayofin('payment_cancelled') : error
    })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
  return inTransaction(deps.db, readOnly, (tx) => findPayment(tx, paymentId))
}

async function storedPayment({ tenantId, db }: Tx, paymentId: number): Promise<Stored> {
  const { rows } = await sql<Stored>`
    select p.payment_id as "paymentId", p.merchant_id as "merchantId", p.claim_reference as "claimReference",
      a.reference as "accountReference", p.amount_minor as "amountMinor", p.commission_minor as "commissionMinor",
      p.currency, p.shares, p.status
    from payofin_payment p
    join claim c on c.tenant_id = p.tenant_id and c.reference = p.claim_reference
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    where p.tenant_id = ${tenantId} and p.payment_id = ${paymentId}`.execute(db)
  const [payment] = rows
  if (!payment) throw refusePayofin('payment_unknown')
  return payment
}

function takeBack(context: CallContext, payment: Stored): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [payment.accountReference],
      claims: [payment.claimReference],
      targets: payment.shares.map(({ entryReference }) => entryReference),
    },
    decide(desk) {
      const at = desk.findClaim(payment.claimReference)
      if (!at || at.claim.status === 'PENDING') throw refuse('claim_not_found')
      const { book, claim } = at
      // It went on to another account since: what was paid is not there.
      if (book.account.reference !== payment.accountReference) throw refuse('claim_deleted')
      const entries = payment.shares.flatMap((share) => {
        const item = book.items.get(share.itemSeq)
        // The claim was made anew since: what was paid is not its any more.
        if (!item || book.claimOf(item) !== claim) throw refuse('claim_deleted')
        return takeBackShare(desk, book, { share, paymentId: payment.paymentId })
      })
      reopenUnpaid(book, claim)
      if (claim.isManaged) announceBooked(desk, book, entries)
      conclude(book, {
        nowMs: desk.nowMs,
        reason: 'CHARGEBACK',
        emit: (event) => desk.emit(event),
      })
    },
  }
}

/** What was charged back at another door already is not asked for twice. */
function takeBackShare(
  desk: Desk,
  book: Book,
  { share, paymentId }: { share: Share; paymentId: number },
): Json[] {
  const payment = book.entryNamed(share.entryReference)
  if (!payment) throw refuse('claim_deleted')
  const amountMinor = Math.min(share.amountMinor, payment.amountMinor - payment.chargedBackMinor)
  if (amountMinor <= 0) return []
  const entry = {
    reference: newId(),
    kind: 'chargeback' as const,
    createdAtMs: desk.nowMs,
    details: {
      amount: amountMinor,
      meta: { context: { door: 'payofin', invoicePaymentId: paymentId } },
    },
    context: { ledgerEntryReference: payment.reference },
  }
  const { commandId } = desk
  post(book, { ...entry, origin: payment.origin, amountMinor, commandId, target: { payment } })
  return [shownEntry(entry)]
}

/** Of two cancellations the second finds the first one's movement in its way and does nothing. */
function returnFloat(
  payment: Stored,
  { tenantId, now }: { tenantId: string; now: Date },
): Companion[] {
  const { paymentId, merchantId, amountMinor, commissionMinor, currency } = payment
  const text = `
    with merchant as (
      update payofin_merchant set balance_minor = balance_minor + $3, movement_seq = movement_seq + $4
      where tenant_id = $1 and merchant_id = $2 returning movement_seq),
    payment as (
      update payofin_payment set status = 'Cancelled', cancelled_at = $5::timestamptz
      where tenant_id = $1 and payment_id = $6)
    insert into payofin_movement (tenant_id, merchant_id, seq, kind, debit, credit, amount_minor, effect, payment_id,
      note, created_at)
    select $1, $2, m.movement_seq - $4 + part.place, part.kind, part.debit, $7, part.minor, 1, $6, '', $5::timestamptz
    from merchant m, (values
      (1, 'CANCELLATION', $8, $9::bigint), (2, 'COMMISSION_RETURN', $10, $11::bigint))
      as part (place, kind, debit, minor)
    where part.minor > 0`
  const values = [
    tenantId,
    merchantId,
    amountMinor + commissionMinor,
    commissionMinor > 0 ? 2 : 1,
    now,
    paymentId,
    prepaid(merchantId),
    cashAccount(currency),
    amountMinor,
    commissionAccount(currency),
    commissionMinor,
  ]
  return [{ text, values }]
}
