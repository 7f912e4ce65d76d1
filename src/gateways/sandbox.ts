import type { Kysely } from 'kysely'
import { randomToken } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import type {
  CardCharge,
  CardChargeResult,
  CheckoutOrder,
  CheckoutReport,
  PaymentProvider,
  StartedCheckout,
} from './port.ts'
import { refuse } from './refusals.ts'
import { advanceSandbox, moveSandbox } from './sandbox-checkout.ts'

export interface SandboxDeps {
  readonly db: Kysely<Tables>
  readonly tenantId: string
  readonly nowOf: (tenantId: string) => Date
  readonly publicUrl: () => string
}

const tokenBytes = 24
const declinedPrefix = 'card_declined'

/** Plays a payment provider with play money. Whatever it does is kept, so that it survives a restart like a real one. */
export function createSandbox(deps: SandboxDeps): PaymentProvider {
  const { db, tenantId, nowOf, publicUrl } = deps
  const run = <R>(work: (tx: Tx) => Promise<R>) =>
    inTransaction(db, { tenantId, now: nowOf(tenantId) }, work)
  return {
    name: 'sandbox',
    async createCheckout(order) {
      const providerReference = await run((tx) => openCheckout(tx, order))
      return { providerReference, redirectUrl: `${publicUrl()}/sandbox-pay/${providerReference}` }
    },
    readCheckout: (reference) => run(async (tx) => reportOf(await advanceSandbox(tx, reference))),
    closeCheckout: (reference) =>
      run(async (tx) => {
        const checkout = await advanceSandbox(tx, reference)
        if (checkout.state !== 'open') return reportOf(checkout)
        return reportOf(await moveSandbox(tx, checkout, { state: 'canceled', reason: 'closed' }))
      }),
    // It is asked and never tells.
    readNotice: () => Promise.reject(refuse('notice_not_signed')),
    chargeCard: (charge) => run((tx) => chargeCard(tx, charge)),
  }
}

/** The tenant that a sandbox reference belongs to; undefined for what is none. */
export function tenantOfSandbox(reference: string): string | undefined {
  const hex = /^sbx_([0-9a-f]{32})_[\w-]{32}$/.exec(reference)?.[1]
  return hex?.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

async function openCheckout(
  tx: Tx,
  order: CheckoutOrder,
): Promise<StartedCheckout['providerReference']> {
  const { tenantId, db, now } = tx
  await db
    .insertInto('sandbox_checkout')
    .values({
      tenant_id: tenantId,
      reference: `sbx_${tenantId.replaceAll('-', '')}_${randomToken(tokenBytes)}`,
      payment_id: order.paymentId,
      idempotency_key: order.idempotencyKey,
      amount_minor: order.amountMinor,
      currency: order.currency,
      description: order.description,
      locale: order.locale ?? null,
      return_url: order.returnUrl,
      cancel_url: order.cancelUrl,
      state: 'open',
      tracking_id: null,
      reason: null,
      next_state: null,
      next_at: null,
      created_at: now,
    })
    .onConflict((at) => at.columns(['tenant_id', 'idempotency_key']).doNothing())
    .execute()
  const { reference } = await db
    .selectFrom('sandbox_checkout')
    .select('reference')
    .where('tenant_id', '=', tenantId)
    .where('idempotency_key', '=', order.idempotencyKey)
    .executeTakeFirstOrThrow()
  return reference
}

type SandboxCheckout = Awaited<ReturnType<typeof advanceSandbox>>

function reportOf(checkout: SandboxCheckout): CheckoutReport {
  return {
    state: checkout.state,
    trackingId: checkout.trackingId ?? undefined,
    reason: checkout.reason ?? undefined,
    newsAt: checkout.nextAt ?? undefined,
  }
}

/** Cards that begin like `card_declined` are declined, all others are charged; a key is charged once. */
async function chargeCard(tx: Tx, charge: CardCharge): Promise<CardChargeResult> {
  const { cardReference, idempotencyKey, amountMinor, currency } = charge
  if (cardReference.startsWith(declinedPrefix))
    return { status: 'declined', reason: 'card_declined' }
  await tx.db
    .insertInto('sandbox_charge')
    .values({
      tenant_id: tx.tenantId,
      idempotency_key: idempotencyKey,
      charge_reference: `ch_${randomToken(tokenBytes).replaceAll(/[_-]/g, '0')}`,
      amount_minor: amountMinor,
      currency,
      card_reference: cardReference,
      created_at: tx.now,
    })
    .onConflict((at) => at.columns(['tenant_id', 'idempotency_key']).doNothing())
    .execute()
  const made = await tx.db
    .selectFrom('sandbox_charge')
    .select(['charge_reference', 'amount_minor', 'currency', 'card_reference'])
    .where('tenant_id', '=', tx.tenantId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirstOrThrow()
  const isSame =
    made.amount_minor === amountMinor &&
    made.currency === currency &&
    made.card_reference === cardReference
  if (!isSame) throw refuse('key_reused')
  return { status: 'succeeded', chargeReference: made.charge_reference, provider: 'SANDBOX' }
}
