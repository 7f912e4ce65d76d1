import { sql } from 'kysely'
import { claimsPaidBy, type Outcome } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { OpenCredit, TakenUp } from './allocate.ts'
import { bookCancellation } from './book-payment.ts'
import type { PaymentCall } from './change-payment.ts'
import { type ConfigIdentifier, configOf, pickConfig } from './configuration.ts'
import { requirePayment } from './create-payment.ts'
import { crmContext, type CrmDeps, inSession } from './deps.ts'
import { findPayment, type Payment, requireFreeCode } from './payment.ts'
import { openCredits, refusalOf } from './posting.ts'
import { refuseCrm } from './refusals.ts'
import { mergedUdf, requireFits } from './resolve-payment.ts'
import { insertCancellation, type NewPayment, storeTakenUp } from './store-payment.ts'

export interface CancelCall extends PaymentCall {
  readonly type: ConfigIdentifier
  readonly category: ConfigIdentifier | undefined
  readonly notes: string | null
  readonly issueReason: string | null
  readonly backOfficeCode: string | null
  readonly udf: Readonly<Record<string, string | number | null>>
}

export interface Cancelled {
  readonly payment: Payment
  readonly cancellation: Payment
}

const attemptsMax = 10

/**
 * Cancels a posted payment by a cancellation that is posted at once: its allocations are taken back, what it left as
 * credit too, and other credit takes up what is open again. All of it commits together or not at all.
 */
export async function cancelPayment(deps: CrmDeps, call: CancelCall): Promise<Cancelled> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptCancel(deps, call)
    } catch (error) {
      const isLostRace = error instanceof Refusal && error.code === 'busy'
      if (!isLostRace || attempt >= attemptsMax) throw error
    }
  }
}

interface Prepared {
  readonly payment: Payment
  readonly cancellation: NewPayment
  readonly heldMinor: number
  readonly claimReferences: readonly string[]
  readonly credits: readonly OpenCredit[]
}

async function attemptCancel(deps: CrmDeps, call: CancelCall): Promise<Cancelled> {
  const { session } = call
  const { tenant } = session
  const prepared = await inSession(deps, session, (tx) => prepare(tx, call))
  const { payment, cancellation, heldMinor, credits, claimReferences } = prepared
  const { accountReference, paymentId, entries, amountMinor } = payment
  const command = bookCancellation(crmContext(tenant), {
    accountReference,
    paymentId,
    entries,
    claimReferences,
    heldMinor,
    credits,
  })
  const at = { tenantId: tenant.tenantId, now: deps.nowOf(tenant.tenantId) }
  const updated = { ...payment.details, updatedBy: cancellation.details.updatedBy }
  const companions = ([outcome]: Outcome<{ takenUp: TakenUp[] }>[]) =>
    !outcome || 'refusal' in outcome
      ? []
      : [
          ...storeTakenUp(at, outcome.result.takenUp),
          insertCancellation(at, cancellation, { amountMinor, updated }),
        ]
  const [outcome] = await deps.bookkeeper
    .submitGroup([command], { companions })
    .catch((error: unknown) => {
      throw refusalOf(error)
    })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
  return {
    payment: await requirePayment(deps, session, paymentId),
    cancellation: await requirePayment(deps, session, cancellation.paymentId),
  }
}

async function prepare(tx: Tx, call: CancelCall): Promise<Prepared> {
  const { session } = call
  const payment = await findPayment(tx, call.payment)
  const config = await configOf(tx)
  const type = pickConfig(config, call.type)
  const category = call.category && pickConfig(config, call.category)
  requireFits({ type, category }, 'PAYMENT_CANCELLATION')
  if (payment.state !== 'POSTED') throw refuseCrm('payment_not_posted')
  const classification = 'PAYMENT_CANCELLATION' as const
  await requireFreeCode(tx, { classification, code: call.backOfficeCode })
  const actor = { userId: session.userId, unitId: session.unitId }
  const cancellation: NewPayment = {
    paymentId: newId(),
    classification,
    accountId: payment.accountId,
    typeId: type.id,
    categoryId: category?.id ?? null,
    methodId: null,
    backOfficeCode: call.backOfficeCode,
    cancelsId: payment.paymentId,
    issuedAt: tx.now,
    postedAt: tx.now,
    updatedAt: tx.now,
    gateway: null,
    gatewayReference: null,
    details: {
      receivedAtMs: tx.now.getTime(),
      receivedBy: actor,
      notes: call.notes,
      udf: mergedUdf({}, call.udf),
      claimIds: [],
      billIds: [],
      cardId: null,
      rejectionReasonId: null,
      issueReason: call.issueReason,
      createdBy: actor,
      updatedBy: actor,
    },
  }
  return {
    payment,
    cancellation,
    heldMinor: await heldNow(tx, payment),
    claimReferences: await claimsPaidBy(tx, entriesOf(payment)),
    credits: await openCredits(tx, payment.accountId, payment.paymentId),
  }
}

const entriesOf = ({ accountReference, entries }: Payment) =>
  entries.map((entryReference) => ({ accountReference, entryReference }))

/** What the entries of a payment still hold: less than its amount where money was charged back. */
export async function heldNow(tx: Tx, { accountId, entries }: Payment): Promise<number> {
  const { rows } = await sql<{ held: number }>`
    select coalesce(sum(greatest(e.amount_minor - coalesce(b.back, 0), 0)), 0)::bigint as held
    from entry e left join lateral (
      select sum(c.amount_minor) as back from entry c
      where c.tenant_id = e.tenant_id and c.account_id = e.account_id
        and c.taken_from = e.reference) b on true
    where e.tenant_id = ${tx.tenantId} and e.account_id = ${accountId} and e.reference = any(${[...entries]}::text[])`.execute(
    tx.db,
  )
  return rows[0]?.held ?? 0
}
