import { describe, expect, it } from 'vitest'
import { countryOf } from './countries.ts'

describe('countryOf', () => {
  it('knows a country by two letters, three letters and its number', () => {
    for (const name of ['DE', 'de', 'DEU', '276']) expect(countryOf(name)).toBe('DE')
    for (const name of ['AF', 'AFG', '004', '4']) expect(countryOf(name)).toBe('AF')
  })

  it('knows none by anything else', () => {
    for (const name of ['', 'XX', 'ZZ', '391', '000', 'GERMANY', '2760', 'D']) {
      expect(countryOf(name)).toBeUndefined()
    }
  })

  it('numbers countries as Unicode does, wherever Unicode knows the number', () => {
    const numbers = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'))
    const known = numbers.filter((number) => countryOf(number) !== undefined)
    expect(known).toHaveLength(249)
    for (const number of known)
      expect(Intl.getCanonicalLocales(`und-${number}`)).toEqual([`und-${countryOf(number)}`])
  })
})
