import { readdirSync, readFileSync } from 'node:fs'
import { formatDecimal, exponentOf } from '../../kernel/money.ts'

type Texts = Readonly<Record<string, string>>

/** What a person reads, in one language. */
export interface Words {
  readonly locale: string
  /** The text of a key with its `{names}` filled in. */
  readonly t: (key: string, values?: Readonly<Record<string, string | number>>) => string
  readonly has: (key: string) => boolean
  /** Minor units as people write them. */
  readonly money: (minor: number, currency: string) => string
  /** A day of the calendar, `YYYY-MM-DD`. */
  readonly day: (date: string) => string
  /** The day of an instant in few characters, for tables. */
  readonly shortDate: (instant: Date, timeZone: string) => string
  /** The time of day of an instant. */
  readonly time: (instant: Date, timeZone: string) => string
}

const directory = new URL('./locales/', import.meta.url)
const fallback = 'en'

// One file per language; another language is another file with the same keys.
const languages: ReadonlyMap<string, Texts> = new Map(
  readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name.slice(0, -'.json'.length), readTexts(name)]),
)

function readTexts(name: string): Texts {
  return JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Texts
}

/** The languages of the page, each with its own name. */
export function localeNames(): readonly { readonly locale: string; readonly name: string }[] {
  return [...languages].map(([locale, texts]) => ({
    locale,
    name: texts['language.name'] ?? locale,
  }))
}

/** The language of this name, if it is one of the page. */
export function knownLocale(name: string | undefined): string | undefined {
  return name !== undefined && languages.has(name) ? name : undefined
}

const preferencesMax = 20

/** The language that a browser asks for most and the page has, else English. */
export function preferredLocale(acceptLanguage: string | undefined): string {
  const asked = (acceptLanguage ?? '').split(',', preferencesMax).map((part) => {
    const [tag = '', ...parameters] = part.split(';').map((text) => text.trim())
    const quality = parameters.find((text) => text.startsWith('q='))?.slice(2)
    return { locale: tag.split('-')[0]?.toLowerCase(), weight: quality ? Number(quality) : 1 }
  })
  const best = asked
    .filter(({ locale, weight }) => knownLocale(locale) !== undefined && weight > 0)
    .toSorted((a, b) => b.weight - a.weight)[0]
  return best?.locale ?? fallback
}

// English is mostly read by people whose own language the page does not have; they write the day first.
const usualRegions: Readonly<Record<string, string>> = { en: 'en-GB' }

/** How dates and numbers are written: as in the region that the browser names with this language. */
function regionalOf(locale: string, acceptLanguage: string | undefined): string {
  const tags = (acceptLanguage ?? '')
    .split(',', preferencesMax)
    .map((part) => part.split(';')[0]?.trim())
  const own = tags.find(
    (tag) => tag !== undefined && /^[a-z]{2,3}-[A-Z]{2}$/.test(tag) && tag.startsWith(`${locale}-`),
  )
  return own ?? usualRegions[locale] ?? locale
}

/** The words of a language of the page. */
export function wordsOf(locale: string, acceptLanguage: string | undefined): Words {
  const texts = languages.get(locale) ?? {}
  const regional = regionalOf(locale, acceptLanguage)
  const dayFormat = new Intl.DateTimeFormat(regional, { dateStyle: 'long', timeZone: 'UTC' })
  return {
    locale,
    t: (key, values = {}) => filled(texts[key] ?? key, values),
    has: (key) => Object.hasOwn(texts, key),
    money: (minor, currency) => moneyText(regional, minor, currency),
    day: (date) => dayFormat.format(new Date(date)),
    shortDate: (instant, timeZone) =>
      new Intl.DateTimeFormat(regional, { dateStyle: 'medium', timeZone }).format(instant),
    time: (instant, timeZone) =>
      new Intl.DateTimeFormat(regional, { timeStyle: 'short', timeZone }).format(instant),
  }
}

function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

function moneyText(locale: string, minor: number, currency: string): string {
  // CLDR gives some currencies other decimals than ISO; the table of ours decides.
  const digits = exponentOf(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(formatDecimal(minor, currency) as `${number}`)
}
