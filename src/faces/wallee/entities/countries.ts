import { iso31662 } from 'iso-3166'
import { countryCodes } from '../data/countries.ts'
import { type Answer, type Entity, type Row, shown, text, texts } from '../entity.ts'
import { refuse } from '../refusals.ts'
import { entriesOf, namesIn } from './reference-data.ts'

/** The first level below each country; what lies below that is in no address. */
const states: readonly (Row & { id: string; code: string; countryCode: string })[] =
  iso31662.flatMap(({ code: id, name, parent: countryCode }) =>
    countryCode.length === 2 ? [{ id, code: id.slice(3), countryCode, name }] : [],
  )

/** Where an address is not complete without its state. */
const statedInAddresses: ReadonlySet<string> = new Set('AU BR CA CN IN IT JP MX US'.split(' '))

/** What post codes look like where letters are often sent. */
const postCodes: Readonly<Record<string, readonly [string, string]>> = {
  AT: ['\\d{4}', '1010'],
  AU: ['\\d{4}', '2000'],
  BE: ['\\d{4}', '1000'],
  CH: ['\\d{4}', '8001'],
  DE: ['\\d{5}', '10115'],
  DK: ['\\d{4}', '1050'],
  ES: ['\\d{5}', '28013'],
  FI: ['\\d{5}', '00100'],
  FR: ['\\d{5}', '75001'],
  IT: ['\\d{5}', '00184'],
  LI: ['94[89]\\d', '9490'],
  LU: ['\\d{4}', '1111'],
  NL: ['\\d{4} ?[A-Z]{2}', '1012 AB'],
  NO: ['\\d{4}', '0150'],
  PL: ['\\d{2}-\\d{3}', '00-001'],
  SE: ['\\d{3} ?\\d{2}', '111 22'],
  US: ['\\d{5}(-\\d{4})?', '10001'],
}

const usedFields = ['GIVEN_NAME', 'FAMILY_NAME', 'ORGANIZATION_NAME', 'STREET', 'CITY', 'COUNTRY']

function addressFormatOf(isoCode2: string): Row {
  const postCode = postCodes[isoCode2]
  return {
    usedFields: [
      ...usedFields,
      'POST_CODE',
      ...(statedInAddresses.has(isoCode2) ? ['POSTAL_STATE'] : []),
    ],
    requiredFields: ['STREET', 'CITY', 'COUNTRY', ...(postCode ? ['POST_CODE'] : [])],
    ...(postCode ? { postCodeRegex: postCode[0], postCodeExamples: [postCode[1]] } : {}),
  }
}

function countriesIn(language: string): Row[] {
  const names = namesIn(language, 'region')
  return entriesOf(countryCodes).map(([isoCode2 = '', isoCode3, numericCode]) => ({
    isoCode2,
    isoCode3,
    numericCode,
    name: names.of(isoCode2),
    stateCodes: states.filter((one) => one.countryCode === isoCode2).map((one) => one.id),
    addressFormat: addressFormatOf(isoCode2),
  }))
}

const statesOf = (code?: string): Answer => ({
  kind: 'rows',
  entity: 'RestCountryState',
  rows: states.filter((one) => code === undefined || one.countryCode === code.toUpperCase()),
})

export const country: Entity = {
  name: 'RestCountry',
  group: 'reference',
  scope: 'account',
  key: 'isoCode2',
  v1: { path: '/country', verbs: ['all'] },
  v2: { path: '/countries', verbs: ['list', 'get', 'search'], isWhole: true },
  fields: {
    addressFormat: shown({ kind: 'json' }),
    isoCode2: shown(text()),
    isoCode3: shown(text()),
    name: shown(text()),
    numericCode: shown(text()),
    stateCodes: shown(texts),
  },
  store: { kind: 'list', rows: countriesIn },
}

export const countryState: Entity = {
  name: 'RestCountryState',
  group: 'reference',
  scope: 'account',
  v1: { path: '/country-state', verbs: ['all'] },
  fields: {
    code: shown(text()),
    countryCode: shown(text()),
    id: shown(text()),
    name: shown(text()),
  },
  store: { kind: 'list', rows: () => states },
  actions: [
    {
      name: 'States of a country',
      needs: 'read',
      params: { code: { type: text(2), isRequired: true } },
      v1: { method: 'GET', path: '/country-state/country' },
      v2: {
        method: 'GET',
        path: '/countries/{countryCode}/states',
        rename: { code: 'countryCode' },
      },
      run: (_call, { params }) => Promise.resolve(statesOf(String(params['code']))),
    },
    {
      name: 'All states',
      needs: 'read',
      v2: { method: 'GET', path: '/countries/states' },
      run: () => Promise.resolve(statesOf()),
    },
    {
      name: 'One state',
      needs: 'read',
      params: { id: { type: text(20), isRequired: true } },
      v2: { method: 'GET', path: '/countries/states/{id}' },
      run(_call, { params }) {
        const found = states.find((one) => one['id'] === params['id'])
        if (!found) throw refuse('not_found')
        return Promise.resolve({ kind: 'json', value: found })
      },
    },
  ],
}
