import { sql } from 'kysely'
import { newId } from '../kernel/id.ts'
import { minorMax } from '../kernel/money.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { nextCheck, openForMs } from './check-times.ts'
import type { CheckoutDeps } from './deps.ts'
import { type LoadedPayment, loadPayment } from './load-payment.ts'
import { type LandingEvent, landingEvents } from './payment-events.ts'
import { refuse } from './refusals.ts'
import type { NewPayment, StartedPayment } from './schema.ts'

export interface PaymentStart extends NewPayment {
  readonly tenantId: string
}

/**
 * Opens a payment at a provider and answers where the debtor goes to pay it. `{paymentId}` in its return URLs becomes the
 * payment's id. No balance changes.
 */
export async function startPayment(
  deps: CheckoutDeps,
  start: PaymentStart,
): Promise<StartedPayment> {
  const { db, gateways, nowOf, publicUrl } = deps
  const { tenantId } = start
  const offered = await gateways.providersOf(tenantId)
  const name = start.provider ?? offered[0]
  if (name === undefined || !offered.includes(name)) throw refuse('provider_not_offered')
  const paymentId = newId()
  const url = (text: string) => absoluteUrl(text, publicUrl()).replaceAll('{paymentId}', paymentId)
  const returnUrl = url(start.returnUrl)
  const cancelUrl = url(start.cancelUrl ?? start.returnUrl)
  const provider = await gateways.provider(tenantId, name)
  const unit = { tenantId, now: nowOf(tenantId) }
  const payment = await inTransaction(db, unit, (tx) =>
    openPayment(tx, { start, provider: name, paymentId }),
  )
  try {
    const started = await provider.createCheckout({
      paymentId,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      description: start.description ?? describe(payment),
      locale: start.locale,
      returnUrl,
      cancelUrl,
      idempotencyKey: paymentId,
    })
    await inTransaction(db, unit, (tx) => keepReference(tx, payment, started.providerReference))
    return { paymentId, redirectUrl: started.redirectUrl }
  } catch (error) {
    await inTransaction(db, unit, (tx) => failPayment(tx, payment, error))
    throw error
  }
}

/** Where the debtor comes back to: a page of this server, or of the tenant's own. */
function absoluteUrl(text: string, publicUrl: string): string {
  const isOwnPath = text.startsWith('/') && !text.startsWith('//') && !text.startsWith('/\\')
  const whole = isOwnPath ? `${publicUrl}${text}` : text
  if (!/^https?:\/\//i.test(whole) || !URL.canParse(whole)) throw refuse('return_url_refused')
  return whole
}

const describe = ({ claims }: LoadedPayment) =>
  claims.length === 1
    ? `Payment of claim ${claims[0]?.claimReference ?? ''}`
    : `Payment of ${claims.length} claims`

interface Opening {
  readonly start: PaymentStart
  readonly provider: string
  readonly paymentId: string
}

interface Owed {
  readonly claimId: string
  readonly reference: string
  readonly accountReference: string
  readonly currency: string
  readonly status: string
  readonly payableMinor: number
}

async function openPayment(tx: Tx, opening: Opening): Promise<LoadedPayment> {
  const { start, provider, paymentId } = opening
  const shares = await sharesOf(tx, start.claims)
  const amountMinor = shares.reduce((sum, share) => sum + share.amountMinor, 0)
  if (amountMinor > minorMax) throw refuse('amount_out_of_range')
  const { tenantId, now } = tx
  const expiresAt = new Date(now.getTime() + openForMs)
  const next = nextCheck({ state: 'open', checks: 0, now, newsAt: undefined, expiresAt })
  await tx.db
    .insertInto('portal_payment')
    .values({
      tenant_id: tenantId,
      payment_id: paymentId,
      provider,
      provider_reference: null,
      tracking_id: null,
      currency: shares[0]?.currency ?? '',
      amount_minor: amountMinor,
      locale: start.locale ?? null,
      state: 'open',
      history: JSON.stringify([{ state: 'open', at: now.toISOString() }]),
      next_check_at: next ?? null,
      expires_at: expiresAt,
      created_at: now,
      updated_at: now,
    })
    .execute()
  await tx.db
    .insertInto('portal_payment_claim')
    .values(
      shares.map((share, position) => ({
        tenant_id: tenantId,
        payment_id: paymentId,
        claim_id: share.claimId,
        position,
        claim_reference: share.reference,
        account_reference: share.accountReference,
        amount_minor: share.amountMinor,
      })),
    )
    .execute()
  const payment = await loadPayment(tx, paymentId, { isLocked: false })
  if (!payment) throw refuse('payment_not_found')
  return payment
}

/** What each claim is to be paid, bounded by what it asks for. */
async function sharesOf(
  tx: Tx,
  wanted: NewPayment['claims'],
): Promise<(Owed & { amountMinor: number })[]> {
  const owed = await owedBy(tx, [...new Set(wanted.map(({ reference }) => reference))])
  if (owed.size !== new Set(wanted.map(({ reference }) => reference)).size) {
    throw refuse('claim_not_found')
  }
  if (owed.size !== wanted.length) throw refuse('claims_twice')
  const shares = wanted.flatMap(({ reference, amountMinor }) => {
    const claim = owed.get(reference)
    return claim ? [{ ...claim, amountMinor }] : []
  })
  for (const share of shares) {
    if (share.status !== 'ACTIVE') throw refuse('claim_not_payable', share.reference)
    if (share.currency !== shares[0]?.currency) throw refuse('currencies_differ')
    if (share.amountMinor > share.payableMinor) throw refuse('amount_exceeds_owed', share.reference)
  }
  return shares
}

/** Claims by reference; what is on its way already is not asked for a second time. */
async function owedBy(tx: Tx, references: readonly string[]): Promise<Map<string, Owed>> {
  const { rows } = await sql<Owed>`
    select c.claim_id as "claimId", c.reference, a.reference as "accountReference", a.currency, c.status,
      (i.outstanding_minor
        + (select coalesce(sum(f.outstanding_minor), 0) from item f where f.tenant_id = c.tenant_id
            and f.account_id = c.account_id and f.parent_seq = c.item_seq)
        - (select coalesce(sum(s.amount_minor), 0) from portal_payment_claim s join portal_payment p
              on p.tenant_id = s.tenant_id and p.payment_id = s.payment_id
            where s.tenant_id = c.tenant_id and s.claim_id = c.claim_id and p.state = 'processing'))::bigint
        as "payableMinor"
    from claim c
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id and i.item_seq = c.item_seq
    where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}) and c.status <> 'PENDING'
    order by c.reference`.execute(tx.db)
  return new Map(rows.map((row) => [row.reference, row]))
}

async function keepReference(
  tx: Tx,
  payment: LoadedPayment,
  providerReference: string,
): Promise<void> {
  await tx.db
    .updateTable('portal_payment')
    .set({ provider_reference: providerReference })
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', payment.paymentId)
    .execute()
  await emitAll(tx, payment, 'PaymentInit.succeeded')
}

async function failPayment(tx: Tx, payment: LoadedPayment, error: unknown): Promise<void> {
  const reason = error instanceof Refusal ? error.code : 'internal_error'
  const failed = { state: 'failed', at: tx.now.toISOString(), reason }
  await tx.db
    .updateTable('portal_payment')
    .set({
      state: 'failed',
      history: JSON.stringify([...payment.history, failed]),
      next_check_at: null,
      updated_at: tx.now,
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('payment_id', '=', payment.paymentId)
    .where('state', '=', 'open')
    .execute()
  await emitAll(tx, payment, 'PaymentInit.failed')
}

async function emitAll(tx: Tx, payment: LoadedPayment, event: LandingEvent): Promise<void> {
  for (const one of landingEvents(payment, event)) await tx.emit(one)
}
