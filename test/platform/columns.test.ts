import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { over, valuesOf } from '../../src/book/statement.ts'
import { asApplication } from '../../src/platform/db.ts'
import { world } from '../world.ts'

const it = world()

const echo = over(
  `row integer, id uuid, note text, amount bigint, small smallint, is_open boolean, due_on date, at timestamptz, data jsonb`,
  (rows) => `
select r.id, r.note, r.amount, r.small, r.is_open as "isOpen", r.due_on as "dueOn",
  (extract(epoch from r.at) * 1000)::bigint as at, r.data from ${rows} order by r.row`,
)

const iso = (date: Date) => date.toISOString()
const days = { noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }
const instants = {
  noInvalidDate: true,
  min: new Date('0001-01-01'),
  max: new Date(253_402_300_799_999),
}
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', '')),
  fc.constantFrom('', 'NULL', '"', '\\', '{a,b}', ' a ', 'a\nb', '$&', '😀'),
)
const or = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 9 })

const row = fc.record({
  id: or(fc.uuid()),
  note: or(text),
  amount: or(
    fc.oneof(fc.maxSafeInteger(), fc.constantFrom(2 ** 32, -(2 ** 32), 2 ** 31, -1, 2 ** 53 - 1)),
  ),
  small: or(fc.integer({ min: -32_768, max: 32_767 })),
  isOpen: or(fc.boolean()),
  dueOn: or(fc.date(days).map((date) => iso(date).slice(0, 10))),
  at: or(fc.date(instants)),
  data: or(
    fc.oneof(
      fc.dictionary(text, fc.oneof(text, fc.maxSafeInteger(), fc.boolean(), fc.constant(null))),
      fc.array(text),
    ),
  ),
})

test('rows reach the database exactly as they were sent, whatever they hold', async () => {
  const client = new pg.Client(asApplication(it.database.connection))
  await client.connect()
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.boolean(), async (rows, isText) => {
        const sent = rows.map((one, index) => ({
          ...one,
          row: index,
          is_open: one.isOpen,
          due_on: one.dueOn,
          at: one.at === null || !isText ? one.at : iso(one.at),
        }))
        const answer = await client.query({
          name: 'echo',
          text: echo.text,
          values: valuesOf(echo, sent),
        })
        const wanted = rows.map((one) => ({ ...one, at: one.at?.getTime() ?? null }))
        expect(answer.rows.map((one: object) => ({ ...one }))).toEqual(wanted)
      }),
      { numRuns: 200 },
    )
  } finally {
    await client.end()
  }
})
