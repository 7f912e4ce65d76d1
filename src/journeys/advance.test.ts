import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  advance,
  diverted,
  type Effect,
  firstState,
  resumedAfter,
  type RunState,
} from './advance.ts'
import type { RunFacts } from './delays.ts'
import type { JourneyDocument } from './document.ts'
import { checkDocument } from './validate.ts'

const bundleId = '0d0e63f6-5d1c-4a0c-9d2a-000000000001'
const noon = new Date('2026-03-10T12:00:00.000Z')

const facts: RunFacts = {
  claimId: 'c',
  reference: 'C',
  receeveReference: 'C-2026-03-01',
  status: 'ACTIVE',
  amountMinor: 5_000,
  feesMinor: 500,
  currency: 'EUR',
  originalDueOn: '2026-03-01',
  currentDueOn: '2026-03-05',
  portfolioReference: 'P',
  productReference: null,
  creditorReference: null,
  paymentReference: null,
  accountReference: 'ACC',
  debtorReference: 'D',
  debtor: { birthday: '1990-03-11', contactInformation: { email: 'a@example.com' } },
  meta: { risk: 'high', tags: ['vip'], shared: 'claim' },
  accountMeta: { shared: 'account', region: 'north' },
  last: {},
  timeZone: 'Europe/Berlin',
  delays: [],
}

function documentOf(paths: Record<string, unknown[]>): JourneyDocument {
  const checked = checkDocument({ paths })
  if (!('document' in checked)) throw new Error(checked.problems.join('; '))
  return checked.document
}

interface Happened {
  at: string
  what: string
}

const sayOf = (effect: Effect): string => {
  switch (effect.kind) {
    case 'message':
      return effect.step
    case 'task':
      return `task ${effect.task.title}`
    case 'outsource':
      return `to ${effect.partner}`
    case 'webhook':
      return `webhook ${effect.name}`
    case 'meta':
      return `${effect.target} ${JSON.stringify(effect.meta)}`
    case 'providers':
      return `providers ${effect.providers?.join('+') ?? 'all'}`
    case 'recall':
      return 'recall'
  }
}

/** Lives a run to its end, jumping from one time to the next. */
function live(
  document: JourneyDocument,
  how: { from?: Date; of?: RunFacts; seed?: string; state?: RunState } = {},
): Happened[] {
  const { from = noon, of = facts, seed = 'seed' } = how
  const happened: Happened[] = []
  let state = how.state ?? firstState
  let now = from
  for (let count = 0; count < 1_000; count += 1) {
    const next = advance({ document, state, seed }, of, now)
    for (const effect of next.effects)
      happened.push({ at: now.toISOString().slice(0, 16), what: sayOf(effect) })
    if (next.isFinished) return happened
    state = next.state
    now = next.nextAt ?? now
  }
  throw new Error('the run did not end')
}

const mail = (id: string) => ({ id, type: 'email', bundleId })
const whatOf = (paths: Record<string, unknown[]>, how: Parameters<typeof live>[1] = {}) =>
  live(documentOf(paths), how).map(({ what }) => what)
const timesOf = (main: unknown[], how: Parameters<typeof live>[1] = {}) =>
  live(documentOf({ main }), how).map(({ at }) => at)

describe('a run', () => {
  test('does its steps in order, each effect under a number of its own', () => {
    const document = documentOf({
      main: [
        mail('first'),
        { id: 'text', type: 'sms', bundleId },
        { id: 'paper', type: 'letter', bundleId, context: { copy: 1 } },
        { type: 'paymentProviders', providers: ['bank'] },
        { type: 'paymentProviders', providers: null },
        { type: 'createTask', kind: 'call', title: 'Call', dueInDays: 2 },
        { type: 'outsource', partner: 'Agency' },
        { type: 'revertOutsource' },
        { type: 'webhook', name: 'told' },
      ],
    })
    const { effects, isFinished } = advance({ document, state: firstState, seed: '' }, facts, noon)
    expect(isFinished).toBe(true)
    expect(effects.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(effects.map(sayOf)).toEqual([
      'first',
      'text',
      'paper',
      'providers bank',
      'providers all',
      'task Call',
      'to Agency',
      'recall',
      'webhook told',
    ])
    expect(effects[2]).toMatchObject({ channel: 'letter', bundleId, context: { copy: 1 } })
  })

  test('rests for days of the calendar: the time of day stays when the clocks change', () => {
    // Berlin's clocks go forward on 29 March 2026.
    const main = [mail('a'), { type: 'wait', days: 20, hours: 1, minutes: 30 }, mail('b')]
    expect(timesOf(main)).toEqual(['2026-03-10T12:00', '2026-03-30T12:30'])
  })

  test('waits until a time of day in the tenant’s time zone, today or the next of the weekdays', () => {
    const until = (time: string, weekdays?: number[]) => [
      { type: 'waitUntil', time, ...(weekdays ? { weekdays } : {}) },
      mail('a'),
    ]
    expect(timesOf(until('13:00'))).toEqual(['2026-03-10T12:00'])
    expect(timesOf(until('15:30'))).toEqual(['2026-03-10T14:30'])
    expect(timesOf(until('09:00'))).toEqual(['2026-03-11T08:00'])
    // The tenth is a Tuesday.
    expect(timesOf(until('09:00', [2, 1]))).toEqual(['2026-03-16T08:00'])
  })

  test('waits for a deadline counted from the original due date, by day and by hour', () => {
    const deadline = (more: object) => [{ type: 'dpdDeadline', ...more }, mail('a')]
    // The vendor's example: due on 3 April, 7 days make 10 April.
    const of = { ...facts, originalDueOn: '2026-04-03' }
    expect(timesOf(deadline({ days: 7 }), { of })).toEqual(['2026-04-09T22:00'])
    expect(timesOf(deadline({ hours: 30 }), { of })).toEqual(['2026-04-04T04:00'])
    expect(timesOf(deadline({ days: -2 }), { of })).toEqual(['2026-03-31T22:00'])
  })

  test('passes a deadline that is over at once, also at the ends of the calendar (D-87)', () => {
    const main = [{ type: 'dpdDeadline', days: 3 }, mail('a')]
    expect(timesOf(main)).toEqual(['2026-03-10T12:00'])
    const early = { ...facts, originalDueOn: '0001-01-01' }
    expect(timesOf(main, { of: early })).toEqual(['2026-03-10T12:00'])
    const document = documentOf({ main })
    const late = { ...facts, originalDueOn: '9999-12-31' }
    const resting = advance({ document, state: firstState, seed: '' }, late, noon)
    expect(resting.nextAt?.toISOString()).toBe('9999-12-31T23:59:59.999Z')
  })

  test('follows a deadline when the due date moves while it waits', () => {
    const document = documentOf({ main: [{ type: 'dpdDeadline', days: 14 }, mail('a')] })
    const resting = advance({ document, state: firstState, seed: '' }, facts, noon)
    const of = { ...facts, originalDueOn: '2026-03-11' }
    const at = resting.nextAt ?? noon
    expect(at.toISOString()).toBe('2026-03-14T23:00:00.000Z')
    expect(
      advance({ document, state: resting.state, seed: '' }, of, at).nextAt?.toISOString(),
    ).toBe('2026-03-24T23:00:00.000Z')
  })

  test('goes the way of an if, or straight on where there is no other', () => {
    const paths = (value: number) => ({
      main: [
        {
          type: 'if',
          condition: { field: 'totalAmount', op: 'gt', value },
          go: { insertPath: 'large' },
          otherwise: { insertPath: 'small' },
        },
        mail('end'),
      ],
      large: [mail('large')],
      small: [mail('small')],
    })
    expect(whatOf(paths(5_499))).toEqual(['large', 'end'])
    expect(whatOf(paths(5_500))).toEqual(['small', 'end'])
    const condition = { field: 'amount', op: 'lt', value: 1 }
    expect(whatOf({ main: [{ type: 'if', condition, go: { finish: true } }, mail('on')] })).toEqual(
      ['on'],
    )
  })

  test('returns from an inserted path and not from one it switched to', () => {
    const other = { other: [mail('o1'), mail('o2')] }
    const way = (type: string) => [mail('a'), { type, path: 'other' }, mail('b')]
    expect(whatOf({ main: way('insertPath'), ...other })).toEqual(['a', 'o1', 'o2', 'b'])
    expect(whatOf({ main: way('switchPath'), ...other })).toEqual(['a', 'o1', 'o2'])
  })

  test('leaves all paths that wait for it when an inserted one switches', () => {
    const paths = {
      main: [{ type: 'insertPath', path: 'inner' }, mail('never')],
      inner: [mail('in'), { type: 'switchPath', path: 'last' }],
      last: [mail('last')],
    }
    expect(whatOf(paths)).toEqual(['in', 'last'])
  })

  test('takes the first segment whose condition holds (D-88)', () => {
    const segments = (first: number) => [
      { name: 'a', when: { field: 'amount', op: 'gte', value: first }, go: { switchPath: 'a' } },
      { name: 'b', when: { field: 'amount', op: 'gte', value: 10 }, go: { switchPath: 'b' } },
    ]
    const way = (first: number, otherwise: object = { switchPath: 'rest' }) => ({
      main: [{ type: 'segmentation', segments: segments(first), otherwise }],
      a: [mail('a')],
      b: [mail('b')],
      rest: [mail('rest')],
    })
    expect(whatOf(way(20))).toEqual(['a'])
    expect(whatOf(way(9_000))).toEqual(['b'])
    expect(whatOf(way(9_000), { of: { ...facts, amountMinor: 1 } })).toEqual(['rest'])
    const finishing = { of: { ...facts, amountMinor: 1 } }
    expect(whatOf(way(9_000, { finish: true }), finishing)).toEqual([])
  })

  test('divides claims by weight, each the same way whenever it is asked', () => {
    const document = documentOf({
      main: [
        {
          id: 'split',
          type: 'segmentation',
          segments: [
            { name: 'a', weight: 3, go: { switchPath: 'a' } },
            { name: 'b', weight: 1, go: { switchPath: 'b' } },
          ],
        },
      ],
      a: [mail('a')],
      b: [mail('b')],
    })
    const seeds = Array.from({ length: 4_000 }, (_, index) => `claim-${index}`)
    const chosen = seeds.map((seed) => live(document, { seed })[0]?.what)
    const share = chosen.filter((what) => what === 'a').length / seeds.length
    expect(share).toBeGreaterThan(0.72)
    expect(share).toBeLessThan(0.78)
    expect(seeds.map((seed) => live(document, { seed })[0]?.what)).toEqual(chosen)
  })

  test('stops behind a change of meta until that is booked', () => {
    const document = documentOf({
      main: [{ type: 'setMeta', target: 'claim', meta: { stage: 2 } }, mail('after')],
    })
    const first = advance({ document, state: firstState, seed: '' }, facts, noon)
    expect(first).toMatchObject({ isFinished: false, state: { isBooking: true } })
    expect(first.nextAt).toBeUndefined()
    expect(first.effects.map(sayOf)).toEqual(['claim {"stage":2}'])
    const second = advance({ document, state: first.state, seed: '' }, facts, noon)
    expect(second.effects).toMatchObject([{ step: 'after', number: 1 }])
    expect(second.isFinished).toBe(true)
  })

  test('that was paused rests as long as it was to, but a deadline does not move', () => {
    const span = { stack: [], effects: 0, rest: { untilMs: 1_000, isSpan: true } }
    expect(resumedAfter(span, 500).rest?.untilMs).toBe(1_500)
    const deadline = { ...span, rest: { untilMs: 1_000, isSpan: false } }
    expect(resumedAfter(deadline, 500).rest?.untilMs).toBe(1_000)
  })

  test('that is sent through another path goes back to what was left of its rest, longer by a pause', () => {
    const document = documentOf({
      main: [{ type: 'wait', days: 10 }],
      extra: [{ type: 'wait', days: 1 }],
    })
    const at = (state: RunState, now: Date) => advance({ document, state, seed: 's' }, facts, now)
    const later = (days: number) => new Date(noon.getTime() + days * 86_400_000)
    const waiting = at(firstState, noon).state
    const inserted = at(diverted(waiting, { insertPath: 'extra' }), later(3))
    expect(inserted.nextAt).toEqual(later(4))
    expect(at(inserted.state, later(4)).nextAt).toEqual(later(10))
    const paused = resumedAfter(inserted.state, 2 * 86_400_000)
    expect(at(paused, later(6)).nextAt).toEqual(later(12))
    // What was to come is dropped with its rest, however many paths were begun.
    const switched = at(diverted(inserted.state, { switchPath: 'extra' }), later(3))
    expect(switched.nextAt).toEqual(later(4))
    expect(at(switched.state, later(4)).isFinished).toBe(true)
  })
})

describe('any journey that may be saved', () => {
  const leaf = fc.constantFrom<object>(
    { type: 'email', bundleId },
    { type: 'wait', hours: 5 },
    { type: 'waitUntil', time: '09:00' },
    { type: 'dpdDeadline', days: 12 },
    { type: 'setMeta', target: 'claim', meta: { a: 1 } },
    { type: 'webhook', name: 'w' },
  )
  const path = fc.constantFrom('main', 'p', 'q')
  const branch = fc.oneof(
    path.map((name) => ({ insertPath: name })),
    path.map((name) => ({ switchPath: name })),
    fc.constant({ continue: true }),
    fc.constant({ finish: true }),
  )
  const way = fc.oneof(
    path.map((name) => ({ type: 'insertPath', path: name })),
    path.map((name) => ({ type: 'switchPath', path: name })),
    fc.record({
      type: fc.constant('if'),
      condition: fc
        .constantFrom<[string, number]>(['dayOfMonth', 15], ['dayOfWeek', 3], ['amount', 1])
        .map(([field, value]) => ({ field, op: 'gt', value })),
      go: branch,
      otherwise: branch,
    }),
  )
  const steps = fc.array(fc.oneof({ weight: 3, arbitrary: leaf }, way), { maxLength: 5 })
  const paths = fc.record({ main: steps, p: steps, q: steps })

  test('comes to a rest each time, moves time forward, and never gives a number twice', () => {
    let saved = 0
    fc.assert(
      fc.property(paths, (drawn) => {
        const checked = checkDocument({ paths: drawn })
        if (!('document' in checked)) return
        saved += 1
        const numbers: number[] = []
        let state = firstState
        let now = noon
        for (let count = 0; count < 100; count += 1) {
          const { document } = checked
          const stored = JSON.parse(JSON.stringify(state)) as RunState
          const next = advance({ document, state: stored, seed: 's' }, facts, now)
          expect(advance({ document, state, seed: 's' }, facts, now)).toEqual(next)
          numbers.push(...next.effects.map(({ number }) => number))
          if (next.isFinished) break
          if (next.nextAt) expect(next.nextAt.getTime()).toBeGreaterThan(now.getTime())
          else expect(next.state.isBooking).toBe(true)
          state = next.state
          now = next.nextAt ?? now
        }
        expect(numbers).toEqual(numbers.map((_, index) => index))
      }),
      { numRuns: 1_000 },
    )
    expect(saved).toBeGreaterThan(200)
  })
})
