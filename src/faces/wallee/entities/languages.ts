import { languageCodes } from '../data/languages.ts'
import { boolean, type Entity, type Row, shown, text } from '../entity.ts'
import { entriesOf, namesIn } from './reference-data.ts'

/** The plural forms of a language as gettext writes them: which form belongs to a number `n`. */
const pluralOf: Readonly<Record<string, string>> = {
  fr: '(n > 1) ? 1 : 0',
  id: '0',
  ja: '0',
  ko: '0',
  th: '0',
  vi: '0',
  zh: '0',
  cs: '(n == 1) ? 0 : (n >= 2 && n <= 4) ? 1 : 2',
  sk: '(n == 1) ? 0 : (n >= 2 && n <= 4) ? 1 : 2',
  pl: '(n == 1) ? 0 : (n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 10 || n % 100 >= 20)) ? 1 : 2',
  ...Object.fromEntries(
    ['hr', 'ru', 'sr', 'uk'].map((code) => [
      code,
      '(n % 10 == 1 && n % 100 != 11) ? 0 : (n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 10 || n % 100 >= 20)) ? 1 : 2',
    ]),
  ),
}
const pluralDefault = '(n != 1) ? 1 : 0'

function languagesIn(language: string): Row[] {
  const names = namesIn(language, 'language')
  const leaders = new Set<string>()
  return entriesOf(languageCodes).map(([ietfCode = '', iso3Code]) => {
    const [iso2Code = '', countryCode] = ietfCode.split('-')
    const primaryOfGroup = !leaders.has(iso2Code)
    leaders.add(iso2Code)
    return {
      ietfCode,
      iso2Code,
      iso3Code,
      countryCode,
      name: names.of(ietfCode),
      pluralExpression: pluralOf[iso2Code] ?? pluralDefault,
      primaryOfGroup,
    }
  })
}

export const language: Entity = {
  name: 'RestLanguage',
  group: 'reference',
  scope: 'account',
  key: 'ietfCode',
  v1: { path: '/language', verbs: ['all'] },
  v2: { path: '/languages', verbs: ['list', 'get', 'search'], isWhole: true },
  fields: {
    countryCode: shown(text()),
    ietfCode: shown(text()),
    iso2Code: shown(text()),
    iso3Code: shown(text()),
    name: shown(text()),
    pluralExpression: shown(text()),
    primaryOfGroup: shown(boolean),
  },
  store: { kind: 'list', rows: languagesIn },
}
