import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Queued, WorkQueue } from './queue.ts'

interface Named extends Queued {
  readonly name: string
}

const work = (name: string, keys: readonly string[], size = 1): Named => ({ name, keys, size })
const names = (works: readonly Named[]) => works.map(({ name }) => name)

function queueOf(...works: Named[]): WorkQueue<Named> {
  const queue = new WorkQueue<Named>()
  for (const one of works) queue.push(one)
  return queue
}

describe('the queue', () => {
  it('gives all that waits, in the order in which it came', () => {
    const queue = queueOf(work('1', ['a']), work('2', ['b']), work('3', ['a']))
    expect(names(queue.take(10))).toEqual(['1', '2', '3'])
    expect([queue.depth, queue.isEmpty]).toEqual([0, true])
  })

  it('gives a second lane nothing whose key the first holds, until it is released', () => {
    const queue = queueOf(work('1', ['a']))
    const held = queue.take(10)
    queue.push(work('2', ['a']))
    queue.push(work('3', ['b']))
    expect(names(queue.take(10))).toEqual(['3'])
    expect(queue.take(10)).toEqual([])
    queue.release(held)
    expect(names(queue.take(10))).toEqual(['2'])
  })

  it('lets no work overtake an earlier one through a key that a third shares with both', () => {
    const queue = queueOf(work('held', ['a']))
    queue.take(10)
    queue.push(work('1', ['a', 'b']))
    queue.push(work('2', ['b', 'c']))
    queue.push(work('3', ['c']))
    queue.push(work('4', ['d']))
    expect(names(queue.take(10))).toEqual(['4'])
  })

  it('stops at the size of a batch, yet gives one work that is larger', () => {
    const queue = queueOf(work('1', ['a'], 7), work('2', ['b'], 2), work('3', ['c'], 2))
    expect(names(queue.take(5))).toEqual(['1'])
    expect(queue.depth).toBe(4)
    expect(names(queue.take(3))).toEqual(['2'])
    expect(names(queue.take(3))).toEqual(['3'])
  })

  it('drains what waits', () => {
    const queue = queueOf(work('1', ['a']), work('2', ['a']))
    expect(names(queue.drain())).toEqual(['1', '2'])
    expect([queue.depth, queue.isEmpty]).toEqual([0, true])
  })

  it('gives every work once, in the order of each key, and no key to two lanes at once', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const push = fc.record({
      keys: fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
      size: fc.integer({ min: 1, max: 4 }),
    })
    const turn = fc.oneof(push, fc.constantFrom('take' as const, 'release' as const))
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), runLanes),
    )
  })
})

type Turn = { keys: string[]; size: number } | 'take' | 'release'

function runLanes(turns: readonly Turn[], sizeMax: number): void {
  const queue = new WorkQueue<Named>()
  const lanes: Named[][] = []
  const pushed: Named[] = []
  const given: Named[] = []
  const take = () => {
    const taken = queue.take(sizeMax)
    const held = new Set(lanes.flat().flatMap(({ keys }) => keys))
    for (const one of taken) for (const key of one.keys) expect(held.has(key)).toBe(false)
    if (taken.length > 0) lanes.push(taken)
    given.push(...taken)
  }
  const release = () => {
    const lane = lanes.shift()
    if (lane) queue.release(lane)
  }
  for (const turn of turns) {
    if (turn === 'take') take()
    else if (turn === 'release') release()
    else {
      const one = work(String(pushed.length), turn.keys, turn.size)
      pushed.push(one)
      queue.push(one)
    }
  }
  for (let rest = pushed.length; rest > 0 && !queue.isEmpty; rest -= 1) {
    while (lanes.length > 0) release()
    take()
  }
  expect(names(given).toSorted()).toEqual(names(pushed).toSorted())
  for (const key of ['a', 'b', 'c', 'd']) {
    const ofKey = (works: readonly Named[]) => names(works.filter(({ keys }) => keys.includes(key)))
    expect(ofKey(given)).toEqual(ofKey(pushed))
  }
}
