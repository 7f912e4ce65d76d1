import { expect, test } from 'vitest'
import { createAllowances } from './upload-allowance.ts'

const full = { code: 'uploads_full', kind: 'unavailable', retryAfterSeconds: 5 }

test('uploads hold so much together and so much for each tenant, and give it back', () => {
  const allowances = createAllowances({ all: 100, tenant: 60 })
  const first = allowances.of('a')
  const second = allowances.of('a')
  const other = allowances.of('b')
  first.take(40)
  expect(() => second.take(21)).toThrow(expect.objectContaining(full))
  second.take(20)
  other.take(40)
  expect(() => other.take(1)).toThrow(expect.objectContaining(full))
  first.end()
  first.end()
  other.take(20)
  second.take(20)
  expect(() => second.take(21)).toThrow(expect.objectContaining(full))
  second.end()
  other.end()
  const all = [allowances.of('a'), allowances.of('b')]
  all[0]!.take(60)
  all[1]!.take(40)
  expect(() => all[1]!.take(1)).toThrow(expect.objectContaining(full))
})
