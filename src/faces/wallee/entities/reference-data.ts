/** `A:b:c D:e:f` as lists of parts. */
export function entriesOf(list: string): string[][] {
  return list
    .trim()
    .split(/\s+/)
    .map((entry) => entry.split(':'))
}

/** Names of regions, currencies or languages in a language; in English where there are none in it. */
export function namesIn(language: string, type: 'region' | 'currency' | 'language') {
  return new Intl.DisplayNames([language, 'en'], { type, fallback: 'code' })
}

/** A name in the languages that most of our users read. */
export function localized(english: string, german: string): Record<string, string> {
  return { 'en-US': english, 'de-DE': german }
}
