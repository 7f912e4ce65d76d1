import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { localeNames, preferredLocale, wordsOf } from './words.ts'

const directory = new URL('./locales/', import.meta.url)
const texts = Object.fromEntries(
  readdirSync(directory).map((name) => [
    name.replace('.json', ''),
    JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Record<string, string>,
  ]),
)
const namesIn = (text: string | undefined) =>
  [...(text ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name)

describe('the languages', () => {
  test.each(Object.keys(texts))('%s has every text, with the same values to fill in', (locale) => {
    const own = texts[locale] ?? {}
    const english = texts.en ?? {}
    expect(Object.keys(own)).toEqual(Object.keys(english))
    for (const [key, text] of Object.entries(own)) {
      expect(text.trim(), key).not.toBe('')
      expect(new Set(namesIn(text)), key).toEqual(new Set(namesIn(english[key])))
    }
  })

  test('every text is used by a page', () => {
    const sources = ['.', './views'].flatMap((folder) => {
      const url = new URL(`${folder}/`, import.meta.url)
      const names = readdirSync(url).filter((name) => /(?<!\.test)\.tsx?$/.test(name))
      return names.map((name) => readFileSync(new URL(name, url), 'utf8'))
    })
    const code = sources.join('\n')
    const isUsed = (key: string) => {
      const [group = '', ...rest] = key.split('.')
      const parent = `${group}.${rest
        .slice(0, -1)
        .map((part) => `${part}.`)
        .join('')}`
      return code.includes(`'${key}'`) || code.includes(`\`${parent}\${`) || isTrouble(key, code)
    }
    const isTrouble = (key: string, code: string) =>
      /\.(?:title|text)$/.test(key) && code.includes(`key: '${key.split('.')[0]}'`)
    expect(Object.keys(texts.en ?? {}).filter((key) => !isUsed(key))).toEqual([])
  })

  test('each is offered by its own name', () => {
    expect(localeNames()).toEqual([
      { locale: 'de', name: 'Deutsch' },
      { locale: 'en', name: 'English' },
    ])
  })

  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['de-AT,de;q=0.9,en;q=0.8', 'de'],
    ['en;q=0.3, DE;q=0.9', 'de'],
    ['fr, *;q=0.5', 'en'],
    ['de;q=0, en;q=0.1', 'en'],
    ['de;q=x,,;;,en', 'en'],
    [`${'x,'.repeat(10_000)}de`, 'en'],
  ])('a browser that asks for %j reads %s', (asked, locale) => {
    expect(preferredLocale(asked?.slice(0, 30_000))).toBe(locale)
  })
})

describe('money and days', () => {
  const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')
  test.each([
    ['en', undefined, 123_456, 'EUR', '€1,234.56'],
    ['de', undefined, 123_456, 'EUR', '1.234,56 €'],
    ['en', undefined, 1_234, 'JPY', 'JP¥1,234'],
    ['en', undefined, 1_234, 'BHD', 'BHD 1.234'],
    ['de', undefined, -5, 'EUR', '-0,05 €'],
    // CLDR gives the forint no decimals, ISO two: what is owed is said to the last of them.
    ['en', undefined, 1_234, 'HUF', 'HUF 12.34'],
    ['en', undefined, Number.MAX_SAFE_INTEGER, 'EUR', '€90,071,992,547,409.91'],
  ])('in %s (%s) %i of %s is %s', (...[locale, asked, minor, currency, text]) => {
    expect(plain(wordsOf(locale, asked).money(minor, currency))).toBe(text)
  })

  test.each([
    ['en', undefined, '20 January 2026'],
    ['en', 'en-US', 'January 20, 2026'],
    ['de', 'en-US,de', '20. Januar 2026'],
  ])('in %s (%s) a day is %s', (...[locale, asked, text]) => {
    expect(wordsOf(locale, asked).day('2026-01-20')).toBe(text)
  })
})
