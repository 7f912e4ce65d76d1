import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Needs } from '../book/index.ts'
import { rowDivider } from './divide-rows.ts'

const count = (parts: readonly number[], part: number) =>
  parts.filter((each) => each === part).length

const rowsOf = (rows: number, needsOf: (row: number) => Needs): Needs[] =>
  Array.from({ length: rows }, (_, row) => needsOf(row))

describe('the rows of a window', () => {
  test('that share an account, a claim or a debtor, be it through others, are in one part', () => {
    const few = (prefix: string) =>
      fc.array(
        fc.integer({ min: 0, max: 30 }).map((number) => `${prefix}${number}`),
        { maxLength: 2 },
      )
    const window = fc.array(
      fc.record({ accounts: few(''), claims: few('C'), debtors: few('') }, { requiredKeys: [] }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(fc.array(window, { maxLength: 4 }), (windows) => {
        const divide = rowDivider(2)
        for (const rows of windows) {
          const parts = divide(rows)
          expect(parts).toHaveLength(rows.length)
          const partsOf = new Map<string, Set<number>>()
          rows.forEach((needs, row) => {
            for (const [kind, references] of Object.entries(needs))
              for (const reference of references ?? []) {
                const key = `${kind} ${reference}`
                partsOf.set(key, (partsOf.get(key) ?? new Set()).add(parts[row] ?? -1))
              }
          })
          for (const taken of partsOf.values()) expect(taken.size).toBe(1)
        }
      }),
    )
  })

  test('of ordinary files come evenly into both parts', () => {
    const ordinary = {
      'an account for each row': (row: number) => ({ accounts: [`${row}`] }),
      'each debtor with one account': (row: number) => ({
        accounts: [`${row % 900}`],
        debtors: [`${row % 900}`],
        claims: [`${row}`],
      }),
      'a debtor with several accounts': (row: number) => ({
        accounts: [`${row % 900}`],
        debtors: [`${row % 300}`],
      }),
      'names that are numbers of their own': (row: number) => ({
        accounts: [`${Math.floor(row / 3)}`],
        claims: [`${row}`],
        debtors: [`${Math.floor(row / 2) + 5_000}`].slice(row % 2),
      }),
    }
    for (const [name, needsOf] of Object.entries(ordinary)) {
      const divide = rowDivider(2)
      for (const from of [0, 2_000, 4_000]) {
        const parts = divide(rowsOf(2_000, (row) => needsOf(from + row)))
        expect(Math.abs(count(parts, 0) - count(parts, 1)), name).toBeLessThan(200)
      }
    }
  })

  test('come into the part of the window before, so that they do not wait for two of its parts', () => {
    const divide = rowDivider(2)
    const shuffled = (by: number) => rowsOf(2_000, (row) => ({ accounts: [`${(row * by) % 97}`] }))
    const partOf = new Map<string, number>()
    for (const by of [1, 5, 31, 60]) {
      const rows = shuffled(by)
      divide(rows).forEach((part, row) => {
        const [account = ''] = rows[row]?.accounts ?? []
        if (!partOf.has(account)) partOf.set(account, part)
        expect(part).toBe(partOf.get(account))
      })
    }
  })

  test('leave the part of the window before where the other would have nothing to do', () => {
    const divide = rowDivider(2)
    const first = divide(rowsOf(400, (row) => ({ accounts: [`${row % 4}`] })))
    const ofOnePart = [0, 1, 2, 3].filter((account) => first[account] === 0).map(String)
    expect(ofOnePart).toHaveLength(2)
    const second = divide(rowsOf(400, (row) => ({ accounts: [ofOnePart[row % 2] ?? ''] })))
    expect(count(second, 0)).toBe(200)
  })
})
