import type { PaymentState } from './states.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long a debtor has to pay once the provider's page was opened. */
export const openForMs = dayMs

// Notices come by themselves; these questions are for those that were lost.
const openDelaysMs = [10 * minuteMs, hourMs, 6 * hourMs]
const processingDelaysMs = [minuteMs, 10 * minuteMs, hourMs, 6 * hourMs, dayMs]
// A dispute that was told before its payment found none to belong to.
const settledDelayMs = dayMs

export interface CheckTime {
  readonly state: PaymentState
  /** How often it was asked in this state. */
  readonly checks: number
  readonly now: Date
  /** When the provider itself expects news. */
  readonly newsAt: Date | undefined
  readonly expiresAt: Date
}

/** When a provider is asked again how a payment stands; undefined: no more. */
export function nextCheck(time: CheckTime): Date | undefined {
  const { state, checks, now, newsAt, expiresAt } = time
  if (newsAt && newsAt > now) return newsAt
  const after = (ms: number) => new Date(now.getTime() + ms)
  switch (state) {
    case 'open': {
      const next = after(delay(openDelaysMs, checks))
      // An expired one that could not be ended is tried again, later and later.
      return next > expiresAt && expiresAt > now ? expiresAt : next
    }
    case 'processing':
      return after(delay(processingDelaysMs, checks))
    case 'settled':
      return checks === 0 ? after(settledDelayMs) : undefined
    case 'declined':
    case 'canceled':
    case 'interrupted':
    case 'failed':
    case 'disputed':
      return undefined
  }
}

function delay(delaysMs: readonly number[], checks: number): number {
  return delaysMs[Math.min(checks, delaysMs.length - 1)] ?? dayMs
}
