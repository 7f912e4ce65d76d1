import { array, assert, constantFrom, nat, property, record } from 'fast-check'
import { expect, it } from 'vitest'
import { createBoundedMap } from './bounded-map.ts'

it('holds what was set last, until it is deleted', () => {
  const map = createBoundedMap<string, number>(10)
  map.set('a', 1)
  map.set('a', 2)
  expect(map.get('a')).toBe(2)
  map.delete('a')
  expect(map.get('a')).toBeUndefined()
  expect(map.size).toBe(0)
})

it('forgets what nobody asks for, and keeps what somebody does', () => {
  const map = createBoundedMap<string, number>(10)
  map.set('used', 0)
  map.set('unused', 0)
  for (let i = 0; i < 100; i += 1) {
    map.set(`new ${i}`, i)
    expect(map.get('used')).toBe(0)
  }
  expect(map.get('unused')).toBeUndefined()
})

it('never holds more than it may, nor a value that was not the last one set', () => {
  const step = record({ key: nat(30), action: constantFrom('get', 'set', 'delete') })
  assert(
    property(array(step, { maxLength: 200 }), (steps) => {
      const map = createBoundedMap<number, number>(8)
      const truth = new Map<number, number>()
      for (const [at, { key, action }] of steps.entries()) {
        if (action === 'set') {
          map.set(key, at)
          truth.set(key, at)
        }
        if (action === 'delete') {
          map.delete(key)
          truth.delete(key)
        }
        expect([undefined, truth.get(key)]).toContain(map.get(key))
        expect(map.size).toBeLessThanOrEqual(8)
        if (action === 'set') expect(map.get(key)).toBe(at)
      }
    }),
  )
})
