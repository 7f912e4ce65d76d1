import { describe, expect, it } from 'vitest'
import { Journal } from './journal.ts'

describe('the journal', () => {
  it('takes back every kind of change, newest first', () => {
    const journal = new Journal()
    const object: { a: number; b?: string } = { a: 1 }
    const list = ['x']
    const map = new Map([['kept', 1]])
    const set = new Set(['kept'])
    const mark = journal.mark()
    journal.assign(object, { a: 2 })
    journal.assign(object, { a: 3, b: 'new' })
    journal.append(list, 'y')
    journal.put(map, 'kept', 2)
    journal.put(map, 'new', 3)
    journal.remove(map, 'kept')
    journal.add(set, 'new')
    journal.remove(set, 'kept')
    expect([object, list, [...map], [...set]]).toEqual([
      { a: 3, b: 'new' },
      ['x', 'y'],
      [['new', 3]],
      ['new'],
    ])
    journal.rollBack(mark)
    expect([object, list, [...map], [...set]]).toEqual([{ a: 1 }, ['x'], [['kept', 1]], ['kept']])
  })

  it('keeps what was done before the mark', () => {
    const journal = new Journal()
    const list: number[] = []
    journal.append(list, 1)
    const mark = journal.mark()
    journal.append(list, 2)
    journal.rollBack(mark)
    expect(list).toEqual([1])
    journal.rollBack(0)
    expect(list).toEqual([])
  })

  it('remembers nothing of changes that change nothing', () => {
    const journal = new Journal()
    const set = new Set(['there'])
    journal.add(set, 'there')
    journal.remove(set, 'not there')
    journal.remove(new Map(), 'not there')
    expect(journal.mark()).toBe(0)
  })

  it('tells a value that was undefined from one that was not there', () => {
    const journal = new Journal()
    const map = new Map<string, number | undefined>([['free', undefined]])
    journal.put(map, 'free', 1)
    journal.put(map, 'unknown', 1)
    journal.rollBack(0)
    expect([map.has('free'), map.has('unknown')]).toEqual([true, false])
  })
})
