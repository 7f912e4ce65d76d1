import type { CheckoutState } from './port.ts'

/** What becomes of a sandbox payment: at once, and later by itself. */
export interface SandboxPath {
  readonly state: CheckoutState
  readonly reason?: string
  readonly next?: SandboxStep
}

export interface SandboxStep {
  readonly state: 'settled' | 'declined' | 'disputed'
  readonly afterMs: number
}

const secondMs = 1_000
const dayMs = 86_400_000

/** How long a sandbox payment is processing before it settles. */
export const settlesAfterMs = 5 * secondMs
export const defaultCard = '4242424242424242'

/** The card numbers that the sandbox knows (docs/payments.md). */
export const sandboxCards: Readonly<Record<string, SandboxPath>> = {
  [defaultCard]: { state: 'processing', next: { state: 'settled', afterMs: settlesAfterMs } },
  '5555555555554444': { state: 'settled' },
  '4000000000000002': { state: 'declined', reason: 'card_declined' },
  '4000000000009995': { state: 'declined', reason: 'insufficient_funds' },
  '4000000000000341': {
    state: 'processing',
    next: { state: 'declined', afterMs: settlesAfterMs },
  },
  '4000000000000259': { state: 'settled', next: { state: 'disputed', afterMs: dayMs } },
}
