import { expect, test } from 'vitest'
import { over, valuesOf } from './statement.ts'

const statement = over(
  'id uuid, note text, amount bigint, is_open boolean, data jsonb, at timestamptz',
  (rows) => `insert into t select r.* from ${rows}`,
)

test('rows become one array for each column', () => {
  expect(statement.text).toBe(
    'insert into t select r.* from unnest($1::uuid[], $2::text[], $3::bigint[], $4::boolean[], $5::jsonb[], ' +
      '$6::timestamptz[]) as r(id, note, amount, is_open, data, at)',
  )
  const at = new Date('2026-01-01T00:00:00.000Z')
  const rows = [
    { id: 'a', note: 'b', amount: 1, is_open: true, data: { c: [null, 'd'] }, at },
    { id: 'e' },
  ]
  expect(valuesOf(statement, rows)).toEqual([
    '{a,e}',
    '{"b",NULL}',
    '{1,NULL}',
    '{true,NULL}',
    String.raw`{"{\"c\":[null,\"d\"]}",NULL}`,
    '{2026-01-01T00:00:00.000Z,NULL}',
  ])
})

test.each(['', 'NULL', 'null', '"', '\\', String.raw`\"`, '{a,b}', ' a ', 'a\nb', 'ü', '$&'])(
  'the text %j is nothing but text, also inside a document',
  (text) => {
    const [, note, , , data] = valuesOf(statement, [{ note: text, data: text }])
    // Inside quotes a backslash takes the next character as it is; nothing else is special there.
    const read = (literal: string | undefined) =>
      literal?.slice(2, -2).replaceAll(/\\(.)/gs, (_, character: string) => character)
    expect(read(note)).toBe(text)
    expect(JSON.parse(read(data) ?? '')).toBe(text)
  },
)
