import type { WebhookFormat } from './schema.ts'

const spread = 0.1
const hourMs = 3_600_000

/** Notices of the wallee doors are tried for a week, so they may wait longer. */
const waits: Record<WebhookFormat, { firstMs: number; longestMs: number }> = {
  quittance: { firstMs: 30_000, longestMs: 6 * hourMs },
  wallee: { firstMs: 60_000, longestMs: 24 * hourMs },
}

/** How long to wait after the given attempt failed: doubled each time up to a most, give or take a tenth. */
export function backOffMs(
  attempt: number,
  random: () => number,
  format: WebhookFormat = 'quittance',
): number {
  const { firstMs, longestMs } = waits[format]
  const plain = Math.min(longestMs, firstMs * 2 ** (attempt - 1))
  return Math.round(plain * (1 - spread + 2 * spread * random()))
}
