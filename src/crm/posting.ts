import { sql } from 'kysely'
import pg from 'pg'
import type { Outcome } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import type { OpenCredit } from './allocate.ts'
import { billsOf } from './bills.ts'
import { bookPayment, type PaymentBooked } from './book-payment.ts'
import { holdCard } from './cards.ts'
import { type Charger, crmContext, type CrmDeps } from './deps.ts'
import { invoicesDue } from './invoices.ts'
import type { PaymentDetails } from './payment.ts'
import { refuseCrm } from './refusals.ts'
import type { Session } from './sessions.ts'
import {
  insertPosted,
  type Lease,
  type NewPayment,
  postStored,
  storeTakenUp,
} from './store-payment.ts'

/** A payment that is to be posted now. */
export interface Posting {
  readonly payment: NewPayment
  readonly accountReference: string
  readonly currency: string
  /** Undefined: all that the named invoices still ask for. */
  readonly amountMinor: number | undefined
  /** The named invoices, those of the named bills included. */
  readonly claimIds: readonly string[]
  readonly isBill: boolean
  /** A draft is leased before it is read, so that nobody changes it meanwhile. */
  readonly lease?: Lease | undefined
}

type Tenant = Session['tenant']

// Longer than any statement and any call to a gateway may take.
const leaseMs = 120_000

/** Posts a payment whose method needs no gateway. */
export async function postPlain(deps: CrmDeps, tenant: Tenant, posting: Posting): Promise<void> {
  const { lease } = posting
  await orRelease(deps, { tenantId: tenant.tenantId, lease }, () =>
    book(deps, tenant, { posting, lease, isNew: false }),
  )
}

/**
 * Charges the card and posts what was charged. What is about to be charged is written down and committed before: if this
 * server dies in between, timed work charges again with the same key, which charges nothing twice, and posts it.
 */
export function postCharged(
  deps: CrmDeps,
  tenant: Tenant,
  charged: { posting: Posting; gateway: string },
): Promise<void> {
  const { posting, gateway } = charged
  // One after another on an account: the second pay_invoice of an invoice finds it settled before a card is charged.
  return deps.turns.run(`${tenant.tenantId}/${posting.payment.accountId}`, async () => {
    const { tenantId } = tenant
    const { lease } = posting
    const started = await orRelease(deps, { tenantId, lease }, async () => {
      const charger = await deps.cards.chargerOf(tenantId, gateway)
      const fixed = { ...posting, amountMinor: await amountNow(deps, tenant, posting) }
      const { provider } = charger
      const written = lease
        ? await markCharging(deps, tenant, { posting, lease, provider })
        : await insertNew(deps, tenant, { posting: fixed, provider })
      return { ...written, posting: fixed, gateway, charger, isRepeat: false }
    })
    await finishCharge(deps, tenant, started)
  })
}

/** Gives a draft back when it is certain that nothing happened to it. */
async function orRelease<R>(
  deps: CrmDeps,
  { tenantId, lease }: { tenantId: string; lease: Lease | undefined },
  work: () => Promise<R>,
): Promise<R> {
  try {
    return await work()
  } catch (error) {
    if (lease && isCertain(error)) await undoCharge(deps, tenantId, { lease, isDraft: true })
    throw error
  }
}

/** A charge that was written down. */
export interface Charging {
  readonly posting: Posting
  /** What the payment method calls the gateway. */
  readonly gateway: string
  readonly lease: Lease
  /** What its provider calls the card. */
  readonly cardReference: string
  /** Charges once, however often it is asked for. */
  readonly chargeKey: string
  readonly charger: Charger
  /** It may have been made before. */
  readonly isRepeat: boolean
}

/**
 * The second half of a charged payment, also for the charges that a dead server left. Nothing but the provider's own word
 * that it took no money undoes a charge that may have been made before.
 */
export async function finishCharge(
  deps: CrmDeps,
  tenant: Tenant,
  charging: Charging,
): Promise<void> {
  const { posting, gateway, lease, charger, isRepeat } = charging
  const { tenantId } = tenant
  const { payment, amountMinor = 0, currency } = posting
  const undo = () => undoCharge(deps, tenantId, { lease, isDraft: posting.lease !== undefined })
  const result = await charger
    .charge({
      amountMinor,
      currency,
      cardReference: charging.cardReference,
      idempotencyKey: charging.chargeKey,
      description: `Payment on ${posting.accountReference}`,
      isRepeat,
    })
    .catch(async (error: unknown) => {
      // Whether a gateway that did not answer charged the card is found out by asking again, with the same key. One that
      // refuses to be asked again says nothing of the first time.
      if (!isRepeat && error instanceof Refusal && error.kind !== 'unavailable') await undo()
      throw error
    })
  if (result.status === 'declined') {
    await undo()
    throw refuseCrm('card_declined', result.reason)
  }
  const paid = { ...payment, gateway, gatewayReference: result.chargeReference }
  await book(deps, tenant, {
    posting: { ...posting, payment: paid },
    lease,
    isNew: posting.lease === undefined,
  })
}

/** Books, and writes the payment down in the same commit. */
async function book(
  deps: CrmDeps,
  tenant: Tenant,
  of: { posting: Posting; lease: Lease | undefined; isNew: boolean },
): Promise<void> {
  const { posting, lease } = of
  const { tenantId } = tenant
  const { payment } = posting
  const at = { tenantId, now: deps.nowOf(tenantId) }
  const credits = await readOnly(deps, tenantId, (tx) => openCredits(tx, payment.accountId))
  const command = bookPayment(crmContext(tenant), {
    accountReference: posting.accountReference,
    paymentId: payment.paymentId,
    amountMinor: posting.amountMinor,
    claimIds: posting.claimIds,
    isBill: posting.isBill,
    credits,
    provider: payment.gateway ?? undefined,
  })
  const companions = ([outcome]: Outcome<PaymentBooked>[]) => {
    if (!outcome || 'refusal' in outcome) return []
    const booked = outcome.result
    const { details, gateway, gatewayReference } = payment
    const stored = lease
      ? postStored(at, lease, { isNew: of.isNew, booked, details, gateway, gatewayReference })
      : insertPosted(at, { ...payment, postedAt: at.now }, booked)
    return [...storeTakenUp(at, booked.takenUp), stored]
  }
  const [outcome] = await deps.bookkeeper
    .submitGroup([command], { companions })
    .catch((error: unknown) => {
      throw refusalOf(error)
    })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
}

/** Two calls with one back office code at the same moment: the second finds it taken only as it commits. */
export function refusalOf(error: unknown): unknown {
  const isTaken =
    error instanceof pg.DatabaseError && error.constraint === 'crm_payment_back_office_code_key'
  return isTaken ? refuseCrm('code_taken') : error
}

/** Whether a failure says that nothing was booked. */
const isCertain = (error: unknown) => error instanceof Refusal && error.code !== 'outcome_unknown'

/** Payments of an account that may have credit left, the first posted first. */
export async function openCredits(
  tx: Tx,
  accountId: string,
  butOf: string | null = null,
): Promise<OpenCredit[]> {
  const { rows } = await sql<OpenCredit>`
    select payment_id as "paymentId", entries from crm_payment
    where tenant_id = ${tx.tenantId} and account_id = ${accountId} and credit_minor > 0 and state = 'POSTED'
      and payment_id is distinct from ${butOf}::uuid
    order by posted_at, number`.execute(tx.db)
  return rows
}

/** The invoices that a payment is meant for, those of its bills included. */
export async function claimsMeant(
  tx: Tx,
  details: Pick<PaymentDetails, 'claimIds' | 'billIds'>,
): Promise<string[]> {
  const bills = await billsOf(tx, details.billIds)
  const billed = bills.flatMap(({ invoices }) => invoices.map(({ claimId }) => claimId))
  return [...new Set([...details.claimIds, ...billed])]
}

export function readOnly<R>(
  deps: Pick<CrmDeps, 'db' | 'nowOf'>,
  tenantId: string,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }, work)
}

async function amountNow(deps: CrmDeps, tenant: Tenant, posting: Posting): Promise<number> {
  if (posting.amountMinor !== undefined) return posting.amountMinor
  const { claimIds, payment, isBill } = posting
  const invoices = await readOnly(deps, tenant.tenantId, (tx) => invoicesDue(tx, claimIds))
  const amountMinor = invoices
    .filter(({ accountId, state }) => accountId === payment.accountId && state === 'POSTED')
    .reduce((sum, { unsettledMinor }) => sum + unsettledMinor, 0)
  if (amountMinor === 0) throw refuseCrm(isBill ? 'bill_settled' : 'invoice_settled')
  return amountMinor
}

const leaseEnd = (deps: CrmDeps) => new Date(deps.clock().getTime() + leaseMs)

/** Takes a draft for one request; a second one at the same time finds no draft. */
export async function leaseDraft(deps: CrmDeps, tx: Tx, paymentId: string): Promise<Lease> {
  const lease = { paymentId, leaseId: newId() }
  const { rows } = await sql`
    update crm_payment set lease_id = ${lease.leaseId}, leased_until = ${leaseEnd(deps)}
    where tenant_id = ${tx.tenantId} and payment_id = ${paymentId} and state = 'DRAFT' and not is_charging
      and (leased_until is null or leased_until <= ${deps.clock()}) returning 1`.execute(tx.db)
  if (rows.length === 0) throw refuseCrm('payment_not_draft')
  return lease
}

/** What is written down of a charge before it is made. */
type Written = Pick<Charging, 'lease' | 'cardReference' | 'chargeKey'>

async function markCharging(
  deps: CrmDeps,
  { tenantId }: Tenant,
  { posting, lease, provider }: { posting: Posting; lease: Lease; provider: string },
): Promise<Written> {
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    const cardReference = await referenceToCharge(tx, posting)
    // A draft that was declined may be charged again; under the key of that time a provider would only say so once more.
    const chargeKey = lease.leaseId
    const { rows } = await sql`
      update crm_payment set is_charging = true, charged_by = ${provider}, leased_until = ${leaseEnd(deps)},
        details = details || ${JSON.stringify({ cardReference, chargeKey })}::jsonb
      where tenant_id = ${tenantId} and payment_id = ${lease.paymentId} and lease_id = ${lease.leaseId}
      returning 1`.execute(tx.db)
    if (rows.length === 0) throw refuseCrm('payment_not_draft')
    return { lease, cardReference, chargeKey }
  })
}

/** The card stays until the charge that names it is over: `removeCard` waits for this transaction and finds it. */
async function referenceToCharge(tx: Tx, { payment }: Posting): Promise<string> {
  const { cardId } = payment.details
  // A draft from before its method charged cards.
  if (cardId === null) throw refuseCrm('card_missing')
  const card = await holdCard(tx, cardId)
  if (!card) throw refuseCrm('card_declined', 'the card was removed')
  return card.gatewayReference
}

async function undoCharge(
  deps: CrmDeps,
  tenantId: string,
  { lease, isDraft }: { lease: Lease; isDraft: boolean },
): Promise<void> {
  const { paymentId, leaseId } = lease
  await inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    if (isDraft)
      await sql`
        update crm_payment set lease_id = null, leased_until = null, is_charging = false, charged_by = null,
          details = details - '{cardReference,chargeKey}'::text[]
        where tenant_id = ${tenantId} and payment_id = ${paymentId} and lease_id = ${leaseId}`.execute(
        tx.db,
      )
    else
      await sql`
        delete from crm_payment where tenant_id = ${tenantId} and payment_id = ${paymentId}
          and lease_id = ${leaseId} and state = 'NEW'`.execute(tx.db)
  })
}

async function insertNew(
  deps: CrmDeps,
  tenant: Tenant,
  { posting, provider }: { posting: Posting; provider: string },
): Promise<Written> {
  const { tenantId } = tenant
  const { payment, amountMinor = 0 } = posting
  const lease = { paymentId: payment.paymentId, leaseId: newId() }
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    const cardReference = await referenceToCharge(tx, posting)
    await tx.db
      .insertInto('crm_payment')
      .values({
        tenant_id: tenantId,
        payment_id: payment.paymentId,
        classification: payment.classification,
        account_id: payment.accountId,
        state: 'NEW',
        reference_number: null,
        number: null,
        amount_minor: amountMinor,
        type_id: payment.typeId,
        category_id: payment.categoryId,
        method_id: payment.methodId,
        back_office_code: payment.backOfficeCode,
        cancels_id: null,
        issued_at: payment.issuedAt,
        posted_at: null,
        updated_at: payment.updatedAt,
        gateway: null,
        gateway_reference: null,
        details: JSON.stringify({ ...payment.details, cardReference }),
        lease_id: lease.leaseId,
        leased_until: leaseEnd(deps),
        is_charging: true,
        charged_by: provider,
      })
      .execute()
    return { lease, cardReference, chargeKey: payment.paymentId }
  }).catch((error: unknown) => {
    throw refusalOf(error)
  })
}
