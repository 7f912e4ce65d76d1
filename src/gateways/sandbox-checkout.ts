import { randomToken } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import type { CheckoutState } from './port.ts'
import { refuse } from './refusals.ts'
import { defaultCard, sandboxCards, type SandboxPath } from './sandbox-cards.ts'

/** A checkout as the sandbox keeps it. */
export interface SandboxCheckout {
  readonly reference: string
  readonly paymentId: string
  readonly amountMinor: number
  readonly currency: string
  readonly description: string
  readonly locale: string | null
  readonly returnUrl: string
  readonly cancelUrl: string
  readonly state: CheckoutState
  readonly trackingId: string | null
  readonly reason: string | null
  readonly nextState: CheckoutState | null
  readonly nextAt: Date | null
}

/** What a person does on the sandbox's page. */
export type SandboxChoice =
  | { readonly outcome: 'pay'; readonly card?: string | undefined }
  | { readonly outcome: 'decline' }
  | { readonly outcome: 'leave' }

const trackingBytes = 12

/** A checkout as it stands now: what was to become of it by this time has become of it. Locks it. */
export async function advanceSandbox(tx: Tx, reference: string): Promise<SandboxCheckout> {
  const checkout = await lockCheckout(tx, reference)
  const { nextState, nextAt } = checkout
  if (nextState === null || nextAt === null || nextAt > tx.now) return checkout
  const reason = nextState === 'settled' ? undefined : `payment_${nextState}`
  return moveSandbox(tx, checkout, { state: nextState, ...(reason ? { reason } : {}) })
}

/** Does what a person chose, once; a checkout that is not open is refused. */
export async function chooseInSandbox(
  tx: Tx,
  reference: string,
  choice: SandboxChoice,
): Promise<SandboxCheckout> {
  const checkout = await advanceSandbox(tx, reference)
  if (checkout.state !== 'open') throw refuse('checkout_closed')
  return moveSandbox(tx, checkout, pathOf(choice))
}

/** Lets the bank of a debtor take a settled payment back. */
export async function disputeInSandbox(tx: Tx, reference: string): Promise<SandboxCheckout> {
  const checkout = await advanceSandbox(tx, reference)
  if (checkout.state === 'disputed') return checkout
  if (checkout.state !== 'settled') throw refuse('checkout_not_settled')
  return moveSandbox(tx, checkout, { state: 'disputed', reason: 'payment_disputed' })
}

function pathOf(choice: SandboxChoice): SandboxPath {
  switch (choice.outcome) {
    case 'pay': {
      const number = (choice.card ?? defaultCard).replaceAll(/[\s-]/g, '')
      // Every object has a `constructor`, and nobody a card of that name.
      const path = Object.hasOwn(sandboxCards, number) ? sandboxCards[number] : undefined
      if (!path) throw refuse('card_unknown')
      return path
    }
    case 'decline':
      return { state: 'declined', reason: 'card_declined' }
    case 'leave':
      return { state: 'canceled', reason: 'left' }
  }
}

async function lockCheckout(tx: Tx, reference: string): Promise<SandboxCheckout> {
  const checkout = await tx.db
    .selectFrom('sandbox_checkout')
    .select([
      'reference',
      'payment_id as paymentId',
      'amount_minor as amountMinor',
      'currency',
      'description',
      'locale',
      'return_url as returnUrl',
      'cancel_url as cancelUrl',
      'state',
      'tracking_id as trackingId',
      'reason',
      'next_state as nextState',
      'next_at as nextAt',
    ])
    .where('tenant_id', '=', tx.tenantId)
    .where('reference', '=', reference)
    .forNoKeyUpdate()
    .executeTakeFirst()
  if (!checkout) throw refuse('checkout_not_found')
  return checkout as SandboxCheckout
}

/** Brings a locked checkout to a state. Whatever money touches gets its tracking id. */
export async function moveSandbox(
  tx: Tx,
  checkout: SandboxCheckout,
  path: SandboxPath,
): Promise<SandboxCheckout> {
  const isTracked = path.state === 'processing' || path.state === 'settled'
  const trackingId = checkout.trackingId ?? (isTracked ? newTrackingId() : null)
  const moved = {
    ...checkout,
    state: path.state,
    trackingId,
    reason: path.reason ?? null,
    nextState: path.next?.state ?? null,
    nextAt: path.next ? new Date(tx.now.getTime() + path.next.afterMs) : null,
  }
  await tx.db
    .updateTable('sandbox_checkout')
    .set({
      state: moved.state,
      tracking_id: moved.trackingId,
      reason: moved.reason,
      next_state: moved.nextState,
      next_at: moved.nextAt,
    })
    .where('tenant_id', '=', tx.tenantId)
    .where('reference', '=', checkout.reference)
    .execute()
  return moved
}

const newTrackingId = () => `pay_${randomToken(trackingBytes).replaceAll(/[_-]/g, '0')}`
