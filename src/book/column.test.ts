import { expect, test } from 'vitest'
import { columnOf } from './column.ts'

test('a column says how many elements of which type follow, and each how long it is', () => {
  const rows = [{ note: 'aü' }, { note: null }, {}, { note: '' }]
  const header = '00000001 00000001 00000019 00000004 00000001'
  const elements = '00000003 61c3bc ffffffff ffffffff 00000000'
  expect(columnOf({ name: 'note', type: 'text' }, rows).toString('hex')).toBe(
    `${header} ${elements}`.replaceAll(' ', ''),
  )
})

test.each([
  ['bigint', 2 ** 53],
  ['bigint', 0.5],
  ['bigint', '1'],
  ['integer', 2 ** 31],
  ['integer', Number.NaN],
  ['smallint', -32_769],
  ['boolean', 1],
  ['text', 1],
  ['uuid', '0189d0b8-0000-7000-8000-00000000000'],
  ['uuid', '0189d0b8-0000-7000-8000-00000000000x'],
  ['date', '2026-02-30'],
  ['date', 'soon'],
  ['date', '05/03/2003'],
  ['date', '0000-01-01'],
  ['timestamptz', 'soon'],
  ['timestamptz', ''],
  ['timestamptz', 1],
] as const)('a %s cannot be %j', (type, value) => {
  expect(() => columnOf({ name: 'c', type }, [{ c: value }])).toThrow()
})

test('a column that cannot be written leaves nothing behind in the next one', () => {
  const column = { name: 'n', type: 'integer' } as const
  const right = columnOf(column, [{ n: 7 }])
  expect(() => columnOf(column, [{ n: 8 }, { n: 'nine' }])).toThrow()
  expect(columnOf(column, [{ n: 7 }])).toEqual(right)
})

test('a column longer than any before it is written whole', () => {
  const note = 'x'.repeat(3_000_000)
  const column = columnOf({ name: 'note', type: 'text' }, [{ note }, { note: 'end' }])
  expect(column.length).toBe(20 + 4 + note.length + 4 + 3)
  expect(column.subarray(-3).toString()).toBe('end')
})
