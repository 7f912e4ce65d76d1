import { createBoundedMap } from './bounded-map.ts'

export interface Rate {
  ratePerSecond: number
  /** How many may come at once after a pause. */
  burst: number
}

export type Taken = { isAllowed: true } | { isAllowed: false; retryAfterSeconds: number }

export interface RateLimiter {
  /** Takes one from the key's bucket, or says in how many whole seconds there is one again. */
  take(key: string, nowMs: number, override?: Rate): Taken
}

interface Bucket {
  tokens: number
  filledAtMs: number
}

const allowed: Taken = { isAllowed: true }

/** A token bucket for each key, in this process; beyond `keysMax` the keys not used for longest start afresh. */
export function createRateLimiter(options: Rate & { keysMax: number }): RateLimiter {
  const buckets = createBoundedMap<string, Bucket>(options.keysMax)
  return {
    take(key, nowMs, override) {
      const rate = override ?? options
      const bucket = buckets.get(key)
      if (bucket === undefined) {
        buckets.set(key, { tokens: rate.burst - 1, filledAtMs: nowMs })
        return allowed
      }
      fill(bucket, rate, nowMs)
      if (bucket.tokens < 1) return refuse(bucket, rate)
      bucket.tokens -= 1
      return allowed
    },
  }
}

function fill(bucket: Bucket, rate: Rate, nowMs: number): void {
  // A clock that was set back gives nothing and takes nothing.
  const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs)
  bucket.tokens = Math.min(rate.burst, bucket.tokens + (elapsedMs / 1000) * rate.ratePerSecond)
  bucket.filledAtMs = nowMs
}

function refuse(bucket: Bucket, rate: Rate): Taken {
  const seconds = (1 - bucket.tokens) / rate.ratePerSecond
  return { isAllowed: false, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) }
}
