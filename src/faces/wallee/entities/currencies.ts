import { exponentOf } from '../../../kernel/money.ts'
import { currencyNumbers } from '../data/currencies.ts'
import { type Entity, integer, shown, text } from '../entity.ts'
import { entriesOf, namesIn } from './reference-data.ts'

export const currency: Entity = {
  name: 'RestCurrency',
  group: 'reference',
  scope: 'account',
  key: 'currencyCode',
  v1: { path: '/currency', verbs: ['all'] },
  v2: { path: '/currencies', verbs: ['list', 'get', 'search'], isWhole: true },
  fields: {
    currencyCode: shown(text()),
    fractionDigits: shown(integer),
    name: shown(text()),
    numericCode: shown(integer),
  },
  store: {
    kind: 'list',
    rows(language) {
      const names = namesIn(language, 'currency')
      return entriesOf(currencyNumbers).map(([code = '', number]) => ({
        currencyCode: code,
        fractionDigits: exponentOf(code),
        name: names.of(code),
        numericCode: Number(number),
      }))
    },
  },
}
