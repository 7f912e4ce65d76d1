import { describe, expect, it } from 'vitest'
import { createRateLimiter } from './rate-limiter.ts'

function takeMany(count: number, take: () => { isAllowed: boolean }): number {
  return Array.from({ length: count }, take).filter((taken) => taken.isAllowed).length
}

describe('a rate limiter', () => {
  it('allows a burst and then what the rate gives', () => {
    const limiter = createRateLimiter({ ratePerSecond: 10, burst: 5, keysMax: 10 })
    expect(takeMany(8, () => limiter.take('a', 0))).toBe(5)
    expect(takeMany(8, () => limiter.take('a', 300))).toBe(3)
    expect(takeMany(8, () => limiter.take('a', 60_000))).toBe(5)
  })

  it('says when to come back, and then it is true', () => {
    const limiter = createRateLimiter({ ratePerSecond: 0.25, burst: 1, keysMax: 10 })
    limiter.take('a', 0)
    expect(limiter.take('a', 0)).toEqual({ isAllowed: false, retryAfterSeconds: 4 })
    expect(limiter.take('a', 3500)).toEqual({ isAllowed: false, retryAfterSeconds: 1 })
    expect(limiter.take('a', 4500)).toEqual({ isAllowed: true })
  })

  it('does not charge for what it refuses', () => {
    const limiter = createRateLimiter({ ratePerSecond: 1, burst: 1, keysMax: 10 })
    limiter.take('a', 0)
    takeMany(100, () => limiter.take('a', 500))
    expect(limiter.take('a', 1000).isAllowed).toBe(true)
  })

  it('counts each key by itself', () => {
    const limiter = createRateLimiter({ ratePerSecond: 1, burst: 1, keysMax: 10 })
    expect(limiter.take('a', 0).isAllowed).toBe(true)
    expect(limiter.take('b', 0).isAllowed).toBe(true)
    expect(limiter.take('a', 0).isAllowed).toBe(false)
  })

  it('goes by the rate that is given for a key', () => {
    const limiter = createRateLimiter({ ratePerSecond: 100, burst: 100, keysMax: 10 })
    const own = { ratePerSecond: 1, burst: 2 }
    expect(takeMany(10, () => limiter.take('a', 0, own))).toBe(2)
    expect(takeMany(10, () => limiter.take('a', 1000, own))).toBe(1)
    expect(takeMany(10, () => limiter.take('a', 60_000))).toBe(10)
  })

  it('lowers a full bucket when the key is given a lower rate', () => {
    const limiter = createRateLimiter({ ratePerSecond: 100, burst: 100, keysMax: 10 })
    limiter.take('a', 0)
    expect(takeMany(10, () => limiter.take('a', 0, { ratePerSecond: 1, burst: 2 }))).toBe(2)
  })

  it('gives nothing for a clock that was set back', () => {
    const limiter = createRateLimiter({ ratePerSecond: 1, burst: 1, keysMax: 10 })
    limiter.take('a', 10_000)
    expect(limiter.take('a', 0).isAllowed).toBe(false)
    expect(limiter.take('a', 1000).isAllowed).toBe(true)
  })

  it('is not talked out of a limit by a flood of other keys', () => {
    const limiter = createRateLimiter({ ratePerSecond: 0.001, burst: 1, keysMax: 100 })
    limiter.take('busy', 0)
    for (let i = 0; i < 1000; i += 1) {
      limiter.take(`made up ${i}`, 0)
      expect(limiter.take('busy', 0).isAllowed).toBe(false)
    }
  })
})
