import { describe, expect, test } from 'vitest'
import { advance, firstState, resumedAfter, type RunState } from './advance.ts'
import type { Delay, RunFacts } from './delays.ts'
import { checkDocument } from './validate.ts'

const noon = new Date('2026-03-10T12:00:00.000Z')
const msOf = (at: string) => Date.parse(at)

const facts: RunFacts = {
  claimId: 'c',
  reference: 'C',
  receeveReference: 'C-2026-03-01',
  status: 'ACTIVE',
  amountMinor: 5_000,
  feesMinor: 0,
  currency: 'EUR',
  originalDueOn: '2026-03-01',
  currentDueOn: '2026-03-01',
  portfolioReference: null,
  productReference: null,
  creditorReference: null,
  paymentReference: null,
  accountReference: 'ACC',
  debtorReference: 'D',
  debtor: {},
  meta: {},
  accountMeta: {},
  last: {},
  timeZone: 'Europe/Berlin',
  delays: [],
}

const checked = checkDocument({
  paths: {
    main: [
      { id: 'before', type: 'webhook', name: 'before' },
      { id: 'hand-over', type: 'outsource', partner: 'Agency' },
      { id: 'after', type: 'webhook', name: 'after' },
    ],
  },
})
if (!('document' in checked)) throw new Error(checked.problems.join('; '))
const { document } = checked

const step = (now: Date, delays: readonly Delay[], state: RunState = firstState) => {
  const next = advance({ document, state, seed: '' }, { ...facts, delays }, now)
  return { ...next, did: next.effects.map((effect) => effect.step) }
}

const disputed: Delay = { because: 'disputed', untilMs: null }
const promised: Delay = { because: 'promised', untilMs: msOf('2026-03-12T23:00:00Z') }
const onPlan: Delay = { because: 'on_plan', untilMs: msOf('2026-03-12T23:00:00Z') }

describe('a hand-over', () => {
  test('happens at once where nothing keeps the claim', () => {
    const next = step(noon, [])
    expect(next.did).toEqual(['before', 'hand-over', 'after'])
    expect(next).not.toHaveProperty('delayed')
    expect(next.isFinished).toBe(true)
  })

  test.each([disputed, promised, onPlan])(
    'waits while the claim is $because, behind what comes before it, and says so once',
    (delay) => {
      const first = step(noon, [delay])
      expect(first.did).toEqual(['before'])
      expect(first.delayed).toEqual({
        step: 'hand-over',
        partner: 'Agency',
        because: delay.because,
      })
      expect(first.nextAt?.toISOString()).toBe('2026-03-11T12:00:00.000Z')
      const second = step(first.nextAt ?? noon, [delay], first.state)
      expect(second.did).toEqual([])
      expect(second).not.toHaveProperty('delayed')
      expect(second.nextAt?.toISOString()).toBe('2026-03-12T12:00:00.000Z')
      const third = step(second.nextAt ?? noon, [], second.state)
      expect(third.did).toEqual(['hand-over', 'after'])
      expect(third.isFinished).toBe(true)
    },
  )

  test('happens when the time of what keeps it is over, though nobody took it away yet', () => {
    const late = new Date('2026-03-12T23:00:00.000Z')
    expect(step(late, [promised, onPlan]).did).toContain('hand-over')
    expect(step(new Date(late.getTime() - 1), [promised]).did).not.toContain('hand-over')
  })

  test('says it again when it waits for another reason', () => {
    const first = step(noon, [disputed, promised])
    expect(first.delayed?.because).toBe('disputed')
    const second = step(first.nextAt ?? noon, [promised], first.state)
    expect(second.delayed?.because).toBe('promised')
  })

  test('is looked at again at the same time of day, a little late or where clocks change', () => {
    // Berlin's clocks go forward on 29 March 2026.
    const times: string[] = []
    let now = new Date('2026-03-27T08:00:00.000Z')
    let state: RunState = firstState
    for (let count = 0; count < 3; count += 1) {
      const next = step(new Date(now.getTime() + 40_000), [disputed], state)
      state = next.state
      now = next.nextAt ?? now
      times.push(now.toISOString().slice(0, 16))
    }
    expect(times).toEqual(['2026-03-28T08:00', '2026-03-29T07:00', '2026-03-30T07:00'])
  })

  test('does not wait longer for having been paused', () => {
    const first = step(noon, [disputed])
    expect(resumedAfter(first.state, 86_400_000)).toEqual(first.state)
  })

  test('leaves nothing of its wait to a wait that took its place', () => {
    const { state } = step(noon, [disputed])
    const other = checkDocument({
      paths: {
        main: [
          { type: 'webhook', name: 'before' },
          { type: 'wait', days: 5 },
        ],
      },
    })
    if (!('document' in other)) throw new Error(other.problems.join('; '))
    const next = advance({ document: other.document, state, seed: '' }, facts, noon)
    expect(next.nextAt?.toISOString()).toBe('2026-03-15T12:00:00.000Z')
  })
})
