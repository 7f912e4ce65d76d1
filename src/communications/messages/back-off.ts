const firstMs = 5 * 60_000
const longestMs = 6 * 3_600_000

/** After so many attempts a message is given up: about a day after the first. */
export const attemptsMax = 9

/** How long to wait after an attempt that failed for now: 5 minutes, doubled up to 6 hours. */
export function backOffMs(attempt: number): number {
  return Math.min(longestMs, firstMs * 2 ** (attempt - 1))
}
