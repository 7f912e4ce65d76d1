import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTimeZone } from '../../kernel/dates.ts'
import { decide, type SendFacts } from './decide.ts'
import { explain } from './explain.ts'
import { isAllowed, nextAllowed, type Window } from './moments.ts'
import { type AnyRule, builtInRules, rulesFor } from './rules.ts'
import { zonesOf } from './zones.ts'

const noon = new Date('2026-03-10T12:00:00.000Z')
const hoursMs = 3_600_000
const dayMs = 24 * hoursMs
const before = (ms: number) => new Date(noon.getTime() - ms)

const clear: SendFacts = {
  channel: 'email',
  purpose: 'dunning',
  claim: { status: 'ACTIVE', owedMinor: 100 },
  hasOpenDispute: false,
  isPlaced: false,
  isOnPlan: false,
  run: undefined,
  preference: 'unset',
  destination: { address: 'ada@example.com' },
  zones: ['Europe/Berlin'],
  contactedAt: [],
}
const scope = { country: 'DE', channel: 'email', date: '2026-03-10' } as const
const defaults = rulesFor([], scope)
const rule = (kind: string, value: object, more: object = {}) =>
  ({
    ruleId: `r-${kind}`,
    kind,
    value,
    country: null,
    channel: null,
    note: null,
    validFrom: '2020-01-01',
    validUntil: null,
    isBuiltIn: false,
    ...more,
  }) as unknown as AnyRule
const withRules = (...rules: AnyRule[]) => rulesFor(rules, scope)

describe('the send gate', () => {
  test('lets a message out when nothing stands against it, and says what it asked', () => {
    const decision = decide(clear, defaults, noon)
    expect(decision).toMatchObject({ verdict: 'send', because: 'all_clear' })
    expect(explain(decision, clear)).toMatchObject({
      says: expect.stringContaining('between 08:00 and 21:00 in Europe/Berlin'),
      rules: [{ id: 'built-in:quiet-hours-email' }, { id: 'built-in:contact-cap' }],
    })
  })

  const run = (status: string) => ({ status, pausedUntil: null })
  test.each<[string, Partial<SendFacts>]>([
    ['claim_deleted', { claim: { status: 'DELETED', owedMinor: 100 } }],
    ['claim_not_active', { claim: { status: 'RESOLVED', owedMinor: 100 } }],
    ['nothing_owed', { claim: { status: 'ACTIVE', owedMinor: 0 } }],
    ['disputed', { hasOpenDispute: true }],
    ['placed', { isPlaced: true }],
    ['on_plan', { isOnPlan: true }],
    ['journey_stopped', { run: run('STOPPED') }],
    ['opted_out', { preference: 'denied' }],
    ['no_address', { destination: { missing: 'no_address' } }],
    ['address_suppressed', { destination: { missing: 'address_suppressed' } }],
  ])('withholds: %s', (because, facts) => {
    const decision = decide({ ...clear, ...facts }, defaults, noon)
    expect(decision).toMatchObject({ verdict: 'withhold', because })
    expect(explain(decision, clear).says).not.toBe('')
  })

  test.each<[Partial<SendFacts>]>([
    [{ claim: { status: 'RESOLVED', owedMinor: 0 } }],
    [{ hasOpenDispute: true }],
    [{ isPlaced: true }],
    [{ isOnPlan: true }],
    [{ contactedAt: Array.from({ length: 9 }, () => noon) }],
    [{ run: run('RUNNING') }],
    [{ run: run('FINISHED') }],
  ])('lets a notice out in spite of %j', (facts) => {
    const notice = { ...clear, ...facts, purpose: 'notice' as const }
    expect(decide(notice, defaults, noon).verdict).toBe('send')
  })

  test('withholds a notice from who does not want to be written to', () => {
    const notice = { ...clear, purpose: 'notice' as const, preference: 'denied' as const }
    expect(decide(notice, defaults, noon)).toMatchObject({ because: 'opted_out' })
  })

  test('asks for consent where a rule does, and names the rule', () => {
    const rules = withRules(rule('consent', { isRequired: true }))
    expect(decide(clear, rules, noon)).toMatchObject({
      because: 'no_consent',
      rules: [{ ruleId: 'r-consent' }],
    })
    expect(decide({ ...clear, preference: 'allowed' }, rules, noon).verdict).toBe('send')
  })

  test('waits for the morning where the debtor is, not where the tenant is', () => {
    const tokyo = { ...clear, zones: ['Asia/Tokyo'] }
    expect(decide(tokyo, defaults, noon)).toMatchObject({
      verdict: 'wait',
      because: 'quiet_hours',
      until: new Date('2026-03-10T23:00:00.000Z'),
    })
  })

  test('21:00 is too late and 20:59 is not; 08:00 is early enough and 07:59 is not', () => {
    const at = (time: string) => decide(clear, defaults, new Date(`2026-03-10T${time}:00.000Z`))
    expect(at('19:59').verdict).toBe('send')
    expect(at('20:00')).toMatchObject({ until: new Date('2026-03-11T07:00:00.000Z') })
    expect(at('06:59')).toMatchObject({ until: new Date('2026-03-10T07:00:00.000Z') })
    expect(at('07:00').verdict).toBe('send')
  })

  test('a country with several zones must allow it in all of them', () => {
    const american = { ...clear, zones: zonesOf('US') ?? [] }
    // 08:00 in Honolulu is 14:00 in New York, where daylight saving has begun.
    expect(decide(american, defaults, noon)).toMatchObject({
      until: new Date('2026-03-10T18:00:00.000Z'),
    })
    expect(decide(american, defaults, new Date('2026-03-10T18:00:00.000Z')).verdict).toBe('send')
  })

  test('withholds what no moment suits, instead of waiting for ever', () => {
    const rules = withRules(rule('quiet_hours', { sendFrom: '09:00', sendUntil: '10:00' }))
    const russian = { ...clear, zones: zonesOf('RU') ?? [] }
    expect(decide(russian, rules, noon)).toMatchObject({ because: 'no_allowed_moment' })
  })

  test('waits for a day that a rule names', () => {
    const rules = withRules(rule('weekdays', { days: [1, 2, 3, 4, 5] }))
    const saturday = new Date('2026-03-14T12:00:00.000Z')
    expect(decide(clear, rules, saturday)).toMatchObject({
      because: 'quiet_hours',
      until: new Date('2026-03-16T07:00:00.000Z'),
    })
  })

  test('the eighth contact in seven days waits until the first leaves the window', () => {
    const seven = Array.from({ length: 7 }, (_, n) => before((n + 1) * hoursMs))
    expect(decide({ ...clear, contactedAt: seven.slice(1) }, defaults, noon).verdict).toBe('send')
    expect(decide({ ...clear, contactedAt: seven }, defaults, noon)).toMatchObject({
      verdict: 'wait',
      because: 'contact_cap',
      // Seven days behind the oldest it is early: 05:00 UTC is 06:00 in Berlin.
      until: new Date('2026-03-17T07:00:00.000Z'),
    })
  })

  test('what waits for room comes back at a full quarter of an hour, whichever second filled it', () => {
    const seven = Array.from({ length: 7 }, (_, n) => before((n + 1) * 1_000))
    const { until } = decide({ ...clear, contactedAt: seven }, defaults, noon) as { until: Date }
    expect(until).toEqual(new Date(noon.getTime() + 7 * dayMs))
    const later = seven.map((at) => new Date(at.getTime() + 8_000))
    const after = new Date(noon.getTime() + 60_000)
    const weekLater = new Date(noon.getTime() + 7 * dayMs + 60_000)
    for (const now of [after, weekLater])
      expect(decide({ ...clear, contactedAt: later }, defaults, now)).toMatchObject({
        until: new Date(noon.getTime() + 7 * dayMs + 15 * 60_000),
      })
  })

  test('a paused journey is looked at again when its pause ends, or the next day', () => {
    const at = (pausedUntil: Date | null) =>
      decide({ ...clear, run: { status: 'PAUSED', pausedUntil } }, defaults, noon)
    const soon = new Date(noon.getTime() + hoursMs)
    expect(at(soon)).toMatchObject({ because: 'journey_paused', until: soon })
    expect(at(null)).toMatchObject({ until: new Date(noon.getTime() + dayMs) })
    expect(at(new Date(noon.getTime() + 9 * dayMs))).toMatchObject({
      until: new Date(noon.getTime() + dayMs),
    })
  })
})

describe('rules', () => {
  const hours = (sendFrom: string, more: object = {}) =>
    rule('quiet_hours', { sendFrom, sendUntil: '20:00' }, { ruleId: `from-${sendFrom}`, ...more })
  const chosen = (...rules: AnyRule[]) => rulesFor(rules, scope).quiet_hours?.ruleId

  test('of the tenant go before those built in, even when they are less exact', () => {
    expect(chosen()).toBe('built-in:quiet-hours-email')
    expect(chosen(hours('10:00'))).toBe('from-10:00')
  })
  test('of the country go before those of the channel, those before general ones', () => {
    const country = hours('11:00', { country: 'DE' })
    const channel = hours('12:00', { channel: 'email' })
    expect(chosen(hours('10:00'), channel, country)).toBe('from-11:00')
    expect(chosen(channel, hours('10:00'))).toBe('from-12:00')
  })
  test('of another country, another channel or another time do not count', () => {
    const others = [
      hours('10:00', { country: 'FR' }),
      hours('11:00', { channel: 'sms' }),
      hours('12:00', { validFrom: '2026-03-11' }),
      hours('13:00', { validUntil: '2026-03-09' }),
    ]
    expect(chosen(...others)).toBe('built-in:quiet-hours-email')
    expect(chosen(hours('09:00', { validFrom: '2026-03-10', validUntil: '2026-03-10' }))).toBe(
      'from-09:00',
    )
  })
  test('letters know no quiet hours unless a rule says so', () => {
    expect(rulesFor([], { ...scope, channel: 'letter' }).quiet_hours).toBeUndefined()
  })
  test('all that is built in says where it comes from', () => {
    expect(builtInRules.every(({ note }) => (note ?? '').length > 20)).toBe(true)
  })
})

describe('whatever holds', () => {
  const instants = fc
    .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) })
    .map((ms) => new Date(ms))
  const countries = fc.constantFrom('DE', 'US', 'PT', 'AU', 'BR', 'CA', 'JP', 'GB', 'NZ')
  const halfHours = fc.integer({ min: 0, max: 47 })
  const time = (n: number) => `${String(n >> 1).padStart(2, '0')}:${n % 2 === 0 ? '00' : '30'}`
  const windows = fc.record({
    hours: fc
      .tuple(halfHours, fc.integer({ min: 1, max: 48 }))
      .filter(([from, until]) => from < until)
      .map(([from, until]) => ({
        sendFrom: time(from),
        sendUntil: until === 48 ? '24:00' : time(until),
      })),
    days: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), {
      nil: undefined,
    }),
    zones: countries.map((country) => [...(zonesOf(country) ?? [])]),
  })

  test('the next allowed moment is allowed, is not past, and nothing before it is', () => {
    fc.assert(
      fc.property(instants, windows, (from, window: Window) => {
        const next = nextAllowed(from, window)
        if (!next) return
        expect(next >= from).toBe(true)
        expect(isAllowed(next, window)).toBe(true)
        const quarterMs = 15 * 60_000
        const earlier = Math.min(40, Math.floor((next.getTime() - from.getTime() - 1) / quarterMs))
        for (let n = 0; n < earlier; n += 1) {
          const at = new Date(from.getTime() + n * quarterMs)
          // Where a clock is set back, its window may open again for what is left of it.
          if (isAllowed(at, window)) expect(wasSetBack(at, window)).toBe(true)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('a message that waits may leave at the moment it waits for, if nothing else happens', () => {
    const contacts = fc.array(fc.integer({ min: 0, max: 10 * dayMs }), { maxLength: 12 })
    fc.assert(
      fc.property(instants, countries, contacts, (now, country, ago) => {
        const facts = {
          ...clear,
          zones: zonesOf(country) ?? [],
          contactedAt: ago.map((ms) => new Date(now.getTime() - ms)),
        }
        const decision = decide(facts, defaults, now)
        if (decision.verdict !== 'wait') return
        expect(decision.until > now).toBe(true)
        expect(decide(facts, defaults, decision.until).verdict).toBe('send')
      }),
      { numRuns: 200 },
    )
  })

  test('never more contacts than the cap in any window, however messages come', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2 * dayMs }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(instants, gaps, (start, steps) => {
        const sent: Date[] = []
        let at = start.getTime()
        for (const step of steps) {
          at += step
          const facts = { ...clear, contactedAt: sent }
          const decision = decide(facts, defaults, new Date(at))
          if (decision.verdict === 'wait') at = decision.until.getTime()
          sent.push(new Date(at))
        }
        for (const [index, last] of sent.entries()) {
          const first = sent[index - 7]
          if (first) expect(last.getTime() - first.getTime()).toBeGreaterThanOrEqual(7 * dayMs)
        }
      }),
    )
  })

  test('every country has zones that this runtime knows', () => {
    const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    const codes = letters.flatMap((first) => letters.map((second) => first + second))
    const zones = codes.flatMap((code) => zonesOf(code) ?? [])
    expect(codes.filter((code) => zonesOf(code))).toHaveLength(248)
    expect(zones.filter((zone) => !isTimeZone(zone))).toEqual([])
    expect(zonesOf('XX')).toBeUndefined()
    expect(zonesOf('toString')).toBeUndefined()
  })
})

/** Whether some clock of the window shows a time a second time within the hours around an instant. */
function wasSetBack(at: Date, { zones }: Window): boolean {
  const offset = (zone: string, ms: number) =>
    Number(
      new Intl.DateTimeFormat('en', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' }).format(
        new Date(ms),
      ),
    )
  return zones.some((zone) => {
    const around = [-3, -2, -1, 0, 1].map((n) => offset(zone, at.getTime() + n * hoursMs))
    return around.some((hour, index) => index > 0 && hour === around[index - 1])
  })
}
