import { describe, expect, test } from 'vitest'
import type { Filter } from './filter.ts'
import { parseOrder, parseSearch } from './parse-search.ts'

/** A filter as brackets and signs. */
function worded(filter: Filter | undefined): string {
  if (!filter) return ''
  if (filter.kind === 'not') return `not ${worded(filter.child)}`
  if (filter.kind === 'leaf') return `${filter.field} ${filter.operator} ${String(filter.value)}`
  return `(${filter.children.map(worded).join(` ${filter.kind} `)})`
}

describe('the search language of version 2', () => {
  test.each([
    ['', ''],
    ['id:123', 'id EQUALS 123'],
    [
      'id:>10 id:<=14 AND -id:12',
      '(id GREATER_THAN 10 and id LESS_THAN_OR_EQUAL 14 and not id EQUALS 12)',
    ],
    [
      'id:1 AND (currency:EUR OR currency:CHF)',
      '(id EQUALS 1 and (currency EQUALS EUR or currency EQUALS CHF))',
    ],
    ['a:1 b:2 OR c:3', '((a EQUALS 1 and b EQUALS 2) or c EQUALS 3)'],
    ['merchantReference:~querying', 'merchantReference CONTAINS querying'],
    ['reference:"two words"', 'reference EQUALS two words'],
    ["completedOn:<'2026-01-15'", 'completedOn LESS_THAN 2026-01-15'],
    ['name:"say \\"hi\\""', 'name EQUALS say "hi"'],
    ['connector:*', 'connector IS_NULL undefined'],
    ['connector:"*"', 'connector EQUALS *'],
    ['-(a:1 OR b:2)', 'not (a EQUALS 1 or b EQUALS 2)'],
    ['transaction.id:5', 'transaction.id EQUALS 5'],
    ['date:2026-01-15T10:00:00Z', 'date EQUALS 2026-01-15T10:00:00Z'],
    ['ORDER:1', 'ORDER EQUALS 1'],
    ['a:1 OR ANDY:2', '(a EQUALS 1 or ANDY EQUALS 2)'],
  ])('reads %s', (text, expected) => {
    expect(worded(parseSearch(text))).toBe(expected)
  })

  test.each([
    'id',
    'id:',
    ':1',
    '(id:1',
    'id:1)',
    'AND id:1',
    'id:1 OR',
    'id:1 AND',
    'id:"open',
    '-',
  ])('refuses %s', (text) => {
    expect(() => parseSearch(text)).toThrow(/not accepted/)
  })

  test('refuses a query that is too deep, too long or has too many conditions', () => {
    expect(() => parseSearch(`${'('.repeat(50)}id:1${')'.repeat(50)}`)).toThrow(/deep/)
    expect(() => parseSearch('id:1 '.repeat(101))).toThrow(/conditions/)
    expect(() => parseSearch(`id:${'1'.repeat(9_000)}`)).toThrow(/characters/)
  })

  test('sorts by several fields, each in its direction', () => {
    expect(parseOrder('familyName:DESC, id')).toEqual([
      { field: 'familyName', isDescending: true },
      { field: 'id', isDescending: false },
    ])
    expect(parseOrder('')).toEqual([])
    expect(() => parseOrder('id:UP')).toThrow(/order/)
  })
})
