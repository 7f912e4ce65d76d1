const firstMs = 30_000
const longestMs = 6 * 3_600_000
const spread = 0.1

/** How long to wait after the given attempt failed: 30 seconds, doubled up to 6 hours, give or take a tenth. */
export function backOffMs(attempt: number, random: () => number): number {
  const plain = Math.min(longestMs, firstMs * 2 ** (attempt - 1))
  return Math.round(plain * (1 - spread + 2 * spread * random()))
}
