import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Agreed, type ClaimEnd, judge, type Movement, type Standing } from './judge.ts'

const dayMs = 86_400_000

/** Three instalments of 100, due on days 10, 20 and 30, each missed two days later. */
const agreed = (brokenAfter = 2): Agreed => ({
  amountMinor: 300,
  brokenAfter,
  instalments: [1, 2, 3].map((number) => ({
    number,
    startsAtMs: (number - 1) * 10 * dayMs,
    expiresAtMs: (number * 10 + 2) * dayMs,
    amountMinor: 100,
  })),
})

const paid = (day: number, deltaMinor: number): Movement => ({ atMs: day * dayMs, deltaMinor })

function at(
  day: number,
  movements: readonly Movement[],
  more: { end?: ClaimEnd; brokenAfter?: number } = {},
): Standing {
  return judge(agreed(more.brokenAfter), { movements, end: more.end, nowMs: day * dayMs })
}

/** `ACTIVE: RESOLVED 100, STARTED 50, CREATED 0`. */
const wordsOf = ({ status, instalments }: Standing) =>
  `${status}: ${instalments.map((one) => `${one.status} ${one.paidMinor}`).join(', ')}`

describe('a plan', () => {
  test('is paid in the order of its instalments, the last one in part', () => {
    expect(wordsOf(at(1, []))).toBe('ACTIVE: STARTED 0, CREATED 0, CREATED 0')
    expect(wordsOf(at(5, [paid(4, 150)]))).toBe('ACTIVE: RESOLVED 100, CREATED 50, CREATED 0')
    expect(wordsOf(at(11, [paid(4, 150)]))).toBe('ACTIVE: RESOLVED 100, STARTED 50, CREATED 0')
    expect(wordsOf(at(11, [paid(4, 150), paid(5, 150)]))).toBe(
      'RESOLVED: RESOLVED 100, RESOLVED 100, RESOLVED 100',
    )
  })

  test('waits for its tolerance, then misses an instalment, and may make up for it', () => {
    expect(wordsOf(at(11.9, []))).toBe('ACTIVE: STARTED 0, STARTED 0, CREATED 0')
    expect(wordsOf(at(12, []))).toBe('ACTIVE: EXPIRED 0, STARTED 0, CREATED 0')
    expect(wordsOf(at(13, [paid(12.5, 100)]))).toBe('ACTIVE: RESOLVED 100, STARTED 0, CREATED 0')
  })

  test('is broken by the last missed instalment that its terms bear, whatever comes later', () => {
    const late = [paid(22.1, 300)]
    const broken = 'FAILED: EXPIRED 0, EXPIRED 0, INVALIDATED 0'
    expect(wordsOf(at(22, []))).toBe(broken)
    expect(wordsOf(at(40, late))).toBe(broken)
    expect(at(40, late).endedAtMs).toBe(22 * dayMs)
    expect(wordsOf(at(22, [], { brokenAfter: 3 }))).toContain('ACTIVE')
    expect(wordsOf(at(12, [], { brokenAfter: 1 }))).toContain('FAILED')
  })

  test('is broken by money that comes in the moment in which it is over', () => {
    expect(wordsOf(at(12, [paid(12, 100)], { brokenAfter: 1 }))).toContain('FAILED')
    expect(wordsOf(at(12, [paid(11.9, 100)], { brokenAfter: 1 }))).toContain('ACTIVE')
  })

  test('loses what is taken back, but nothing of what was paid before it', () => {
    expect(at(5, [paid(1, -80), paid(2, 100)]).paidMinor).toBe(100)
    expect(wordsOf(at(15, [paid(4, 100), paid(13, -60)]))).toBe(
      'ACTIVE: EXPIRED 40, STARTED 0, CREATED 0',
    )
  })

  test('ends with its claim: kept where the claim is paid, no longer needed where it is not', () => {
    const end = (isPaid: boolean) => ({ atMs: 5 * dayMs, isPaid, reason: 'R' })
    const money = [paid(4, 100)]
    expect(wordsOf(at(6, money, { end: end(true) }))).toBe(
      'RESOLVED: RESOLVED 100, INVALIDATED 0, INVALIDATED 0',
    )
    expect(at(6, money, { end: end(false) })).toMatchObject({
      status: 'INVALIDATED',
      endReason: 'R',
      endedAtMs: 5 * dayMs,
    })
  })

  const movements = fc
    .array(
      fc.record({
        atMs: fc.integer({ min: 0, max: 40 }),
        deltaMinor: fc.integer({ min: -200, max: 200 }),
      }),
      {
        maxLength: 12,
      },
    )
    .map((list) =>
      list.map(({ atMs, deltaMinor }) => paid(atMs, deltaMinor)).sort((a, b) => a.atMs - b.atMs),
    )

  test('stands at the end where it stood when it ended, however often it was judged on the way', () => {
    fc.assert(
      fc.property(movements, fc.integer({ min: 1, max: 3 }), (list, brokenAfter) => {
        const daily = Array.from({ length: 41 }, (_, day) =>
          at(
            day,
            list.filter(({ atMs }) => atMs <= day * dayMs),
            { brokenAfter },
          ),
        )
        const first = daily.find(({ status }) => status !== 'ACTIVE')
        const late = at(50, list, { brokenAfter })
        // Something always ends it: by day 32 three instalments are paid or missed.
        if (first) expect(late).toEqual(first)
        else expect(late.status).toBe('ACTIVE')
      }),
    )
  })

  test('has instalments that hold what was paid, none more than it asks for', () => {
    fc.assert(
      fc.property(movements, fc.integer({ min: 0, max: 40 }), (list, day) => {
        const standing = at(day, list)
        const held = standing.instalments.reduce((sum, { paidMinor }) => sum + paidMinor, 0)
        expect(held).toBe(Math.min(standing.paidMinor, 300))
        expect(standing.nextAtMs === null || standing.nextAtMs > day * dayMs).toBe(true)
        expect(standing.status === 'ACTIVE' || standing.nextAtMs === null).toBe(true)
      }),
    )
  })
})
