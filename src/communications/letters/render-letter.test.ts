import { inflateSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { creditorOf } from '../fields/creditor-of.ts'
import type { Fields } from '../fields/fields.ts'
import { sampleFields } from '../fields/sample-fields.ts'
import type { LetterBlock } from '../templates/schema.ts'
import { letterOf } from './letter-of.ts'
import { renderLetter } from './render-letter.ts'

const german = {
  name: 'Muster Energie GmbH',
  iban: 'DE89 3704 0044 0532 0130 00',
  bic: 'COBADEFFXXX',
  address: {
    street: 'Hauptstraße',
    houseNumber: 1,
    postcode: '10115',
    city: 'Berlin',
    country: 'DE',
  },
}
const swiss = {
  ...german,
  iban: 'CH9300762011623852957',
  bic: '',
  address: { ...german.address, postcode: '8001', city: 'Zürich', country: 'CH' },
}
const fieldsFor = (creditor: unknown): Fields =>
  sampleFields({ creditor: creditorOf(creditor, 'Acme'), today: '2026-03-10', language: 'de' })
const blocks: LetterBlock[] = [
  { type: 'paragraph', text: 'Zażółć gęślą jaźń, Őrült, Grüße' },
  { type: 'items' },
  { type: 'payment' },
]
const letter = (fields: Fields, of: LetterBlock[] = blocks) =>
  letterOf({ channel: 'letter', language: 'de', subject: 'Erinnerung', blocks: of }, fields)

/** What the pages draw, decompressed. */
function drawn(pdf: Buffer): string {
  const text = pdf.toString('latin1')
  return [...text.matchAll(/stream\r?\n/g)]
    .map(({ index, 0: mark }) => {
      const start = index + mark.length
      const end = text.indexOf('endstream', start)
      try {
        return inflateSync(pdf.subarray(start, end)).toString('latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}
const pagesOf = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type \/Page\b(?!s)/g)?.length ?? 0
/** Where texts begin, in points from the top left. */
const placesOf = (pdf: Buffer) =>
  [...drawn(pdf).matchAll(/1 0 0 1 ([\d.]+) ([\d.]+) Tm/g)].map(([, x, y]) => ({
    x: Number(x),
    fromTop: 841.89 - Number(y),
  }))
const mm = (points: number) => (points * 25.4) / 72

describe('a letter', () => {
  it('is the same bytes for the same input', async () => {
    const once = await renderLetter(letter(fieldsFor(german)))
    expect((await renderLetter(letter(fieldsFor(german)))).equals(once)).toBe(true)
    expect(once.subarray(0, 8).toString()).toBe('%PDF-1.7')
  })

  it('is the same bytes whatever was set before it, by however long a server', async () => {
    const saying = (text: string) => letter(fieldsFor(german), [{ type: 'paragraph', text }])
    // Each pair of characters is one glyph.
    const one = saying('ein Wort\u2010Paar Ω µm')
    const other = saying('ein\u00a0Wort\u2011Paar \u2126 \u03bcm')
    const started = async () => {
      vi.resetModules()
      return (await import('./render-letter.ts')).renderLetter
    }
    const alone = await (await started())(one)
    const render = await started()
    for (let n = 0; n < 3; n += 1) await render(other)
    const words = Array.from({ length: 500 }, (_, n) => `Wort-${n}`)
    for (let n = 0; n < 6; n += 1)
      await render(saying(words.map((word) => `${word}-${n}`).join(' ')))
    expect((await render(one)).equals(alone)).toBe(true)
  })

  it('is tagged, in its language, with embedded fonts', async () => {
    const text = (await renderLetter(letter(fieldsFor(german)))).toString('latin1')
    expect(text).toContain('/Marked true')
    expect(text).toContain('/StructTreeRoot')
    expect(text).toContain('/Lang (de)')
    expect(text).toContain('/FontFile2')
    expect(text).not.toContain('/BaseFont /Helvetica')
  })

  it('shows its address where the window of DIN 5008 form B is, on the right in Switzerland', async () => {
    const inWindow = (places: { x: number; fromTop: number }[], left: number) =>
      places.filter(
        ({ x, fromTop }) => Math.abs(mm(x) - left) < 0.1 && mm(fromTop) > 45 && mm(fromTop) < 90,
      )
    const atHome = placesOf(await renderLetter(letter(fieldsFor(german))))
    expect(inWindow(atHome, 25).length).toBeGreaterThanOrEqual(4)
    const fields = fieldsFor(german)
    const contactInformation = {
      addressLine1: 'Weg',
      postalCode: '3000',
      city: 'Bern',
      country: 'CH',
    }
    const abroad = { ...fields, debtor: { ...fields.debtor, contactInformation } }
    const places = placesOf(await renderLetter(letter(abroad)))
    // The return line, name, street, place and country.
    expect(inWindow(places, 118).length).toBe(5)
  })

  it('goes on over pages, as far as 20', async () => {
    const paragraph = { type: 'paragraph', text: 'Satz um Satz. '.repeat(150) } as const
    const long = await renderLetter(
      letter(fieldsFor(german), [...Array.from({ length: 6 }, () => paragraph), ...blocks]),
    )
    expect(pagesOf(long)).toBeGreaterThan(1)
    const texts = ['\n'.repeat(90_000), 'word '.repeat(18_000), 'x'.repeat(1_000_000)]
    for (const text of texts)
      await expect(
        renderLetter(letter(fieldsFor(german), [{ type: 'paragraph', text: `a${text}b` }])),
      ).rejects.toMatchObject({ code: 'letter_too_long' })
  })

  it('breaks a word that has no end', async () => {
    const endless = { type: 'paragraph', text: 'x'.repeat(50_000) } as const
    expect(pagesOf(await renderLetter(letter(fieldsFor(german), [endless])))).toBeGreaterThan(5)
  })

  it('asks for a transfer by code in EUR, by words in other currencies, and not without an account', async () => {
    const rectangles = async (fields: Fields) =>
      (drawn(await renderLetter(letter(fields))).match(/ re\n/g) ?? []).length
    expect(await rectangles(fieldsFor(german))).toBeGreaterThan(200)
    const fields = fieldsFor(german)
    const totalAmount = { minor: 5_000, currency: 'PLN' }
    expect(await rectangles({ ...fields, claim: { ...fields.claim, totalAmount } })).toBe(0)
    expect(await rectangles(fieldsFor({}))).toBe(0)
  })

  it('carries a Swiss QR-bill for a Swiss account', async () => {
    const text = drawn(await renderLetter(letter(fieldsFor(swiss))))
    expect(text.length).toBeGreaterThan(drawn(await renderLetter(letter(fieldsFor({})))).length)
    const wrong = { ...swiss, address: {} }
    await expect(renderLetter(letter(fieldsFor(wrong)))).rejects.toMatchObject({
      code: 'letter_payment_invalid',
    })
  })
})
