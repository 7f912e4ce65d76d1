import { describe, expect, test } from 'vitest'
import { isSamePerson, wantedFields } from './identity.ts'

describe('what a tenant asks for', () => {
  test.each([
    [undefined, []],
    ['birthday', []],
    [['shoeSize', 7, null], []],
    [
      ['lastName', 'birthday'],
      ['birthday', 'lastName'],
    ],
    [
      ['birthday', 'postalCode', 'lastName', 'debtorReference'],
      ['birthday', 'postalCode', 'lastName'],
    ],
  ])('%j asks for %j', (verification, wanted) => {
    expect(wantedFields({ verification })).toEqual(wanted)
  })
})

describe('whether it is the same person', () => {
  test.each([
    ['lastName', 'Müller', 'MUELLER', true],
    ['lastName', 'Müller', 'Mu\u0308ller', true],
    ['lastName', 'Groß', 'gross', true],
    ['lastName', 'García Márquez', 'garcia-marquez ', true],
    ['lastName', 'Żółć', 'Zołc', true],
    ['lastName', 'Müller', 'Muller', false],
    ['lastName', '李', '李', true],
    ['lastName', '李', '王', false],
    ['postalCode', 'SW1A 1AA', 'sw1a1aa', true],
    ['postalCode', '10117', '10118', false],
    ['birthday', '1984-03-27', '1984-03-27', true],
    ['claimReference', 'INV-1', 'inv 1', true],
    ['lastName', '—', '', false],
  ] as const)('%s: %j is %j: %s', (...[field, known, given, same]) => {
    const person = { given: { [field]: given }, known: { [field]: [known] } }
    expect(isSamePerson([field], person)).toBe(same)
  })

  test('every wanted field counts', () => {
    const known = { postalCode: ['1'], lastName: ['A', 'B'] }
    const wanted = ['postalCode', 'lastName'] as const
    expect(isSamePerson(wanted, { known, given: { postalCode: '1', lastName: 'b' } })).toBe(true)
    expect(isSamePerson(wanted, { known, given: { postalCode: '1' } })).toBe(false)
    expect(isSamePerson(wanted, { known, given: { postalCode: '', lastName: 'b' } })).toBe(false)
  })
})
