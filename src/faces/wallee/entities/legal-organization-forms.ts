import { legalForms } from '../data/legal-forms.ts'
import { type Entity, type Fields, idField, shown, text, writable } from '../entity.ts'

const firstId = 1_400_000_100_000
/** The language in which a country's forms have their own names. */
const languageOf: Readonly<Record<string, string>> = {
  DE: 'de-DE',
  CH: 'de-CH',
  AT: 'de-AT',
  LI: 'de-LI',
  FR: 'fr-FR',
  BE: 'fr-BE',
  IT: 'it-IT',
  NL: 'nl-NL',
  ES: 'es-ES',
  GB: 'en-GB',
  US: 'en-US',
}
const localizedText: Fields = { language: writable(text()), string: writable(text()) }

const rows = legalForms.map(([country, shortcut, description, englishDescription], index) => {
  const inOwn = (string: string) => [{ language: languageOf[country] ?? 'en-US', string }]
  return {
    id: firstId + index,
    country,
    englishDescription,
    description: inOwn(description),
    shortcut: inOwn(shortcut),
  }
})

export const legalOrganizationForm: Entity = {
  name: 'LegalOrganizationForm',
  group: 'reference',
  scope: 'account',
  v1: { path: '/legal-organization-form', verbs: ['all', 'read'] },
  v2: { path: '/legal-organization-forms', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    country: shown(text()),
    description: shown({ kind: 'list', fields: localizedText }),
    englishDescription: shown(text()),
    shortcut: shown({ kind: 'list', fields: localizedText }),
  },
  store: { kind: 'list', rows: () => rows },
  actions: [
    {
      name: 'Legal forms of a country',
      needs: 'read',
      params: { code: { type: text(2), isRequired: true } },
      v1: { method: 'GET', path: '/legal-organization-form/country' },
      run: (_call, { params }) =>
        Promise.resolve({
          kind: 'rows',
          entity: 'LegalOrganizationForm',
          rows: rows.filter((row) => row.country === String(params['code']).toUpperCase()),
        }),
    },
  ],
}
