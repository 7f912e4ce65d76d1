import type { PaymentState } from './states.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long a debtor has to pay once the provider's page was opened. */
export const openForMs = dayMs

/** When a provider that was away is asked again about a payment that settled. */
export const awayForMs = dayMs

// Notices come by themselves; these questions are for those that were lost.
const openDelaysMs = [10 * minuteMs, hourMs, 6 * hourMs]
const processingDelaysMs = [minuteMs, 10 * minuteMs, hourMs, 6 * hourMs, dayMs]
// A debtor may dispute a payment by card for 120 days; the last look is some days later.
const settledDays = [1, 3, 7, 14, 30, 60, 90, 125]
const settledDelaysMs = settledDays.map((day, look) => (day - (settledDays[look - 1] ?? 0)) * dayMs)

export interface CheckTime {
  readonly state: PaymentState
  /** How often it was asked in this state. */
  readonly checks: number
  readonly now: Date
  /** When the provider itself expects news. */
  readonly newsAt: Date | undefined
  readonly expiresAt: Date
}

/** When a provider is asked again how a payment stands; undefined: no more. `checks` is 0 as it reaches its state. */
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
    case 'settled': {
      const delayMs = settledDelaysMs[checks]
      return delayMs === undefined ? undefined : after(delayMs)
    }
    case 'declined':
    case 'canceled':
    case 'interrupted':
    case 'failed':
    case 'disputed':
      return isLastWord(checks) ? undefined : after(delay(processingDelaysMs, checks))
  }
}

/**
 * When a payment is asked about whose money could not be booked: unless it is booked meanwhile, which sets another time.
 * For as long as it is refused it is asked about, at least daily.
 */
export const checkAfterFailure = (checks: number, now: Date): Date =>
  new Date(now.getTime() + delay(processingDelaysMs, checks))

/** One that ended is asked about only while money that came after its end waits to be booked, and not for ever. */
const isLastWord = (checks: number) => checks === 0 || checks >= processingDelaysMs.length

function delay(delaysMs: readonly number[], checks: number): number {
  return delaysMs[Math.min(checks, delaysMs.length - 1)] ?? dayMs
}
