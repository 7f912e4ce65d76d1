import { describe, expect, test } from 'vitest'
import { holds } from './conditions.ts'
import type { Condition } from './document.ts'
import type { Facts } from './facts.ts'
import { checkDocument } from './validate.ts'

const bundleId = '0d0e63f6-5d1c-4a0c-9d2a-000000000001'

function problemsOf(input: unknown): readonly string[] {
  const checked = checkDocument(input)
  return 'problems' in checked ? checked.problems : []
}
const ofMain = (...main: unknown[]) => problemsOf({ paths: { main } }).join('\n')
const when = (condition: unknown) =>
  ofMain({ id: 'x', type: 'if', condition, go: { finish: true } })
const isAmount = { field: 'amount', op: 'gt', value: 1 }

describe('what is saved', () => {
  test('has a main path, lists of steps, and nothing else', () => {
    expect(problemsOf(null)).toHaveLength(1)
    expect(problemsOf({ paths: {} })).toEqual(['there is no path "main"'])
    expect(problemsOf({ paths: { main: {} } })).toEqual(['path "main": is a list of steps'])
    expect(problemsOf({ paths: { main: [] }, more: 1 })).toEqual(['a journey knows no "more"'])
    expect(problemsOf({ paths: { main: [], 'a b': [] } })[0]).toContain('path "a b"')
    const many = Array.from({ length: 501 }, () => ({ type: 'revertOutsource' }))
    expect(ofMain(...many)).toContain('at most 500 steps')
    const paths = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`p${at}`, []]))
    expect(problemsOf({ paths: { main: [], ...paths } })).toEqual([
      'a journey has at most 50 paths',
    ])
    expect(ofMain({ type: 'webhook', name: 'x', data: { a: 'x'.repeat(300_000) } })).toContain(
      'characters',
    )
  })

  test('gives every step an id, its own or by its place, and no id twice', () => {
    const checked = checkDocument({
      paths: { main: [{ type: 'revertOutsource' }, { id: 'own', type: 'revertOutsource' }] },
    })
    expect(checked).toMatchObject({
      document: { paths: { main: [{ id: 'main.1' }, { id: 'own' }] } },
    })
    expect(ofMain({ id: 'a', type: 'revertOutsource' }, { id: 'a', type: 'revertOutsource' })).toBe(
      'step "a": another step has this id',
    )
    expect(ofMain({ id: 'a b', type: 'revertOutsource' })).toContain('step "a b"')
  })

  test.each([
    ['no step', 7, 'step "main.1": a step is an object'],
    ['an unknown type', { type: 'fax' }, 'step "main.1": "type" is one of'],
    ['a type of another object', { type: 'toString' }, '"type" is one of'],
    ['an email without a bundle', { id: 'e', type: 'email' }, 'step "e"'],
    ['a bundle that is no id', { id: 'e', type: 'sms', bundleId: 'x' }, 'step "e": bundleId'],
    ['a field nobody knows', { id: 'l', type: 'letter', bundleId, nope: 1 }, 'nope'],
    ['a wait for nothing', { id: 'w', type: 'wait', days: 0 }, 'step "w": waits for some'],
    ['a wait backwards', { id: 'w', type: 'wait', days: -1 }, 'step "w": days'],
    ['a time that is none', { id: 'u', type: 'waitUntil', time: '24:00' }, 'step "u": time'],
    ['a day 8', { id: 'u', type: 'waitUntil', time: '09:00', weekdays: [8] }, 'step "u"'],
    ['days and hours', { id: 'd', type: 'dpdDeadline', days: 1, hours: 1 }, 'either days or hours'],
    ['no deadline', { id: 'd', type: 'dpdDeadline' }, 'either days or hours'],
    [
      'a way to nowhere',
      { id: 's', type: 'switchPath', path: 'x' },
      'step "s": there is no path "x"',
    ],
    ['an insertion of nothing', { id: 's', type: 'insertPath', path: 'x' }, 'there is no path "x"'],
    [
      'a branch to nowhere',
      { id: 'i', type: 'if', condition: isAmount, go: { switchPath: 'x' } },
      'step "i": there is no path "x"',
    ],
    ['no branch', { id: 'i', type: 'if', condition: isAmount, go: {} }, 'step "i"'],
    ['no meta', { id: 'm', type: 'setMeta', target: 'claim', meta: {} }, '1 to 50 keys'],
    ['meta of nobody', { id: 'm', type: 'setMeta', target: 'debtor', meta: { a: 1 } }, 'step "m"'],
    ['providers as text', { id: 'p', type: 'paymentProviders', providers: 'bank' }, 'step "p"'],
    ['a task without a title', { id: 't', type: 'createTask', kind: 'call' }, 'step "t"'],
    ['an agency without a name', { id: 'o', type: 'outsource', partner: '' }, 'step "o"'],
    ['a webhook without a name', { id: 'w', type: 'webhook' }, 'step "w"'],
  ])('refuses %s and names the step', (_what, step, problem) => {
    expect(ofMain(step)).toContain(problem)
  })

  test('refuses segments that are neither all by condition nor all by weight', () => {
    const segmentation = (segments: object[], more: object = {}) =>
      ofMain({ id: 's', type: 'segmentation', segments, ...more })
    const go = { continue: true }
    const a = { name: 'a', when: isAmount, go }
    const b = { name: 'b', weight: 1, go }
    const otherwise = { finish: true }
    expect(segmentation([])).toContain('step "s"')
    expect(segmentation([a, b], { otherwise })).toContain('either a condition each')
    expect(segmentation([{ ...a, weight: 1 }], { otherwise })).toContain('either a condition each')
    expect(segmentation([a])).toContain('need an "otherwise"')
    expect(segmentation([b], { otherwise })).toContain('leave nothing')
    expect(segmentation([b, b])).toContain('same name')
    expect(segmentation([{ ...a, when: { every: [] } }], { otherwise })).toContain('segment "a"')
    expect(segmentation([a], { otherwise })).toBe('')
    expect(segmentation([b])).toBe('')
  })

  test('refuses a circle that has no wait, and a path that inserts itself', () => {
    const loop = { type: 'switchPath', path: 'main', id: 'back' }
    expect(ofMain(loop)).toBe('step "back": leads in a circle that has no wait')
    expect(ofMain({ type: 'waitUntil', time: '09:00' }, loop)).toContain('no wait')
    expect(ofMain({ type: 'wait', days: 1 }, loop)).toBe('')
    expect(ofMain({ type: 'wait', days: 1 }, { id: 'i', type: 'insertPath', path: 'main' })).toBe(
      'step "i": path "main" would insert itself',
    )
    const between = (inner: object) => ({
      paths: { main: [{ type: 'insertPath', path: 'p' }, loop], p: [inner] },
    })
    expect(problemsOf(between({ type: 'revertOutsource' })).join()).toContain('no wait')
    expect(problemsOf(between({ type: 'wait', days: 1 }))).toEqual([])
  })
})

describe('a condition', () => {
  test.each([
    ['no object', 1, 'condition must be object'],
    ['nothing', {}, 'needs every, any, not or field'],
    ['an empty list', { every: [] }, '"every" is a list'],
    ['two at once', { any: [isAmount], not: isAmount }, 'has nothing beside it'],
    ['more than not', { not: isAmount, op: 'eq' }, 'has nothing beside it'],
    ['more than a comparison', { ...isAmount, more: 1 }, 'knows no "more"'],
    ['an unknown field', { ...isAmount, field: 'shoeSize' }, 'there is no field "shoeSize"'],
    ['meta without a key', { ...isAmount, field: 'meta.' }, 'there is no field "meta."'],
    ['an unknown operator', { ...isAmount, op: '>' }, '"op" of amount is one of'],
    ['a number as text', { ...isAmount, value: '1' }, 'is a number'],
    ['text as a number', { field: 'currency', op: 'eq', value: 1 }, 'is a text'],
    ['a date that is none', { field: 'dueDate', op: 'lt', value: '2026-02-30' }, 'is a date'],
    ['part of a number', { ...isAmount, op: 'contains' }, 'takes no contains'],
    ['a list of nothing', { ...isAmount, op: 'in', value: [] }, 'is a list of'],
    ['half an existence', { ...isAmount, op: 'exists', value: 1 }, 'is true or false'],
  ])('with %s is refused', (_what, condition, problem) => {
    expect(when(condition)).toContain('step "x"')
    expect(when(condition)).toContain(problem)
  })

  test('nests only so deep', () => {
    let condition: unknown = isAmount
    for (let depth = 0; depth < 9; depth += 1) condition = { not: condition }
    expect(when(condition)).toContain('nest at most')
  })

  const facts: Facts = {
    claimId: 'c',
    reference: 'C',
    receeveReference: 'C-2026-03-01',
    status: 'ACTIVE',
    amountMinor: 5_000,
    feesMinor: 500,
    currency: 'EUR',
    originalDueOn: '2026-03-01',
    currentDueOn: '2026-03-05',
    portfolioReference: null,
    productReference: null,
    creditorReference: null,
    paymentReference: null,
    accountReference: 'ACC',
    debtorReference: 'D',
    debtor: { birthday: '1990-03-11', gender: 'F', contactInformation: { postalCode: '10115' } },
    meta: { risk: 'High', tags: ['vip'], shared: 'claim', score: 7 },
    accountMeta: { shared: 'account', region: 'north' },
    last: { lastEmailOpenedDate: '2026-03-08' },
    timeZone: 'Europe/Berlin',
  }
  // In Berlin it is the tenth already.
  const now = new Date('2026-03-09T23:30:00.000Z')
  const is = (field: string, op: string, value: unknown) => {
    const condition = { field, op, value }
    expect(when(condition)).toBe('')
    return holds(condition as Condition, facts, now)
  }

  test('compares numbers, texts, dates and what is not there', () => {
    expect(is('amount', 'gte', 5_000) && is('claimAmount', 'lte', 5_000)).toBe(true)
    expect(is('totalFees', 'eq', 500) && is('totalAmount', 'in', [1, 5_500])).toBe(true)
    expect(is('amount', 'gt', 5_000) || is('amount', 'lt', 5_000)).toBe(false)
    expect(is('daysPastDue', 'eq', 9)).toBe(true)
    expect(is('today', 'eq', '2026-03-10') && is('dayOfMonth', 'eq', 10)).toBe(true)
    expect(is('dayOfWeek', 'eq', 2)).toBe(true)
    expect(is('dueDate', 'eq', { today: -5 }) && is('dueDate', 'lt', { today: 0 })).toBe(true)
    expect(is('lastEmailOpenedDate', 'gte', { today: -2 })).toBe(true)
    expect(is('lastSettledPaymentDate', 'exists', false)).toBe(true)
    expect(is('portfolioReference', 'lt', 'z') || is('portfolioReference', 'eq', 'P')).toBe(false)
    expect(is('portfolioReference', 'ne', 'P') && is('portfolioReference', 'notIn', ['P'])).toBe(
      true,
    )
    expect(is('debtor.age', 'eq', 35) && is('debtorGender', 'eq', 'F')).toBe(true)
    expect(is('postalCode', 'startsWith', '10')).toBe(true)
  })

  test('reads the claim’s meta before the account’s', () => {
    expect(is('meta.shared', 'eq', 'claim') && is('accountMeta.shared', 'eq', 'account')).toBe(true)
    expect(is('meta.region', 'eq', 'north') && is('meta.score', 'gt', 6)).toBe(true)
    expect(is('meta.tags', 'contains', 'vip') && is('meta.risk', 'contains', 'hi')).toBe(true)
    expect(is('meta.constructor', 'exists', true)).toBe(false)
    expect(is('meta.score', 'gt', 'a')).toBe(false)
  })

  test('joins others', () => {
    const yes = { field: 'amount', op: 'gt', value: 1 } as const
    const no = { field: 'amount', op: 'lt', value: 1 } as const
    expect(holds({ every: [yes, { not: no }] }, facts, now)).toBe(true)
    expect(holds({ every: [yes, no] }, facts, now)).toBe(false)
    expect(holds({ any: [no, yes] }, facts, now)).toBe(true)
    expect(holds({ any: [no, { not: yes }] }, facts, now)).toBe(false)
  })
})
