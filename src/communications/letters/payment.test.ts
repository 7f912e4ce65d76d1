import { describe, expect, it } from 'vitest'
import { epcPayload, isCreditorReference, type Transfer } from './epc.ts'
import { qrModules, qrRuns, qrSvg } from './qr.ts'
import { isSwissBill, swissBill } from './swiss.ts'

const transfer: Transfer = {
  name: 'Muster Energie GmbH',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  amountMinor: 125_450,
  currency: 'EUR',
  reference: 'C-1',
}
const of = (more: Partial<Transfer>) => ({ ...transfer, ...more })
const creditor = {
  name: 'Muster AG',
  street: 'Bahnhofstrasse',
  houseNumber: '1',
  postcode: '8001',
  city: 'Zürich',
  country: 'CH',
}
const debtor = { ...creditor, name: 'Erika Muster' }
const iban = 'CH9300762011623852957'
const qrIban = 'CH4431999123000889012'
const qrReference = '210000000003139471430009017'

describe('the EPC code of a SEPA transfer', () => {
  it('is what EPC069-12 asks for, amount with all decimals, a free text in its own line', () => {
    const lines = ['BCD', '002', '1', 'SCT', 'COBADEFFXXX', 'Muster Energie GmbH']
    expect(epcPayload(transfer).split('\n')).toEqual([
      ...lines,
      'DE89370400440532013000',
      'EUR1254.50',
      '',
      '',
      'C-1',
    ])
  })

  it('gives an ISO 11649 reference as such', () => {
    const payload = epcPayload(of({ reference: 'RF18 5390 0754 7034', bic: '' }))
    const lines = ['', 'Muster Energie GmbH', 'DE89370400440532013000', 'EUR1254.50', '']
    expect(payload.split('\n').slice(4)).toEqual([...lines, 'RF18539007547034'])
    expect(isCreditorReference('RF18539007547035')).toBe(false)
  })

  it('cannot be given lines by a reference or a name', () => {
    const payload = epcPayload(of({ reference: 'a\nb', name: 'x\r\ny' }))
    expect(payload.split('\n')).toHaveLength(11)
    expect(payload).toContain('a b')
  })

  it('stays within the 331 bytes and version 13 of the standard', () => {
    const payload = epcPayload(of({ reference: 'ä'.repeat(200), name: 'ö'.repeat(200) }))
    expect(Buffer.byteLength(payload)).toBeGreaterThan(325)
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(331)
    expect(qrModules(payload).length).toBeLessThanOrEqual(69)
  })

  it.each([
    of({ currency: 'CHF' }),
    of({ amountMinor: 0 }),
    of({ amountMinor: 100_000_000_000 }),
    of({ iban: 'DE89370400440532013001' }),
    of({ bic: 'NOBIC' }),
  ])('refuses what no SEPA transfer can be: %#', (wrong) => {
    expect(() => epcPayload(wrong)).toThrow('payment part')
  })
})

describe('the Swiss QR-bill', () => {
  const bill = (more: Partial<Transfer>) =>
    swissBill(of({ iban, currency: 'CHF', ...more }), { creditor, debtor })

  it('is for Swiss accounts in CHF and EUR only', () => {
    expect(isSwissBill(of({ iban, currency: 'CHF' }))).toBe(true)
    expect(isSwissBill(of({ iban, currency: 'EUR' }))).toBe(true)
    expect(isSwissBill(of({ iban, currency: 'USD' }))).toBe(false)
    expect(isSwissBill(transfer)).toBe(false)
  })

  it('takes an ISO reference or a message with an ordinary IBAN', () => {
    expect(bill({ reference: 'RF18 5390 0754 7034' }).reference).toBe('RF18539007547034')
    expect(bill({ reference: 'C-1' })).toMatchObject({ message: 'C-1', amount: 1254.5 })
  })

  it('takes a QR-IBAN with a QR reference only', () => {
    expect(bill({ iban: qrIban, reference: qrReference }).reference).toBe(qrReference)
    expect(() => bill({ iban: qrIban, reference: 'C-1' })).toThrow('QR reference')
    expect(() => bill({ iban: qrIban, reference: 'RF18539007547034' })).toThrow('QR reference')
    expect(() => bill({ iban: qrIban, reference: qrReference.replace(/7$/, '8') })).toThrow('QR')
  })
})

describe('a QR code', () => {
  it('is drawn whole: its rectangles cover the dark modules and nothing else', () => {
    const modules = qrModules('https://example.com/c/abc')
    const drawn = modules.map((row) => row.map(() => false))
    for (const { x, y, width } of qrRuns(modules)) drawn[y]!.fill(true, x, x + width)
    expect(drawn).toEqual(modules)
  })

  it('is a picture with a quiet zone of four modules', () => {
    const size = qrModules('abc').length + 8
    expect(qrSvg('abc')).toContain(`viewBox="0 0 ${size} ${size}"`)
    expect(qrSvg('abc')).not.toBe(qrSvg('abd'))
  })
})
