import { expect, test } from 'vitest'
import { over, overLists, valuesOf } from './statement.ts'

test('rows become one array for each column', () => {
  const statement = over(
    'id uuid, note text, amount bigint, is_open boolean, data jsonb, at timestamptz',
    (rows) => `insert into t select r.* from ${rows}`,
  )
  expect(statement.text).toBe(
    'insert into t select r.* from unnest($1::uuid[], $2::text[], $3::bigint[], $4::boolean[], $5::jsonb[], ' +
      '$6::timestamptz[]) as r(id, note, amount, is_open, data, at)',
  )
  expect(valuesOf(statement, [{ note: 'a' }, {}])).toHaveLength(6)
})

test('the columns of several lists are numbered through', () => {
  const statement = overLists(
    { one: 't uuid, r text', other: 't uuid, n integer' },
    ({ one, other }) => `select from ${one}, ${other}`,
  )
  expect(statement.text).toBe(
    'select from unnest($1::uuid[], $2::text[]) as w(t, r), unnest($3::uuid[], $4::integer[]) as w(t, n)',
  )
  expect(valuesOf(statement, [{ r: 'a' }], [])).toHaveLength(4)
})

test('a column of a type that is not known is refused when the statement is written', () => {
  expect(() => over('id uuid, note varchar', String)).toThrow('a column cannot be varchar')
})
