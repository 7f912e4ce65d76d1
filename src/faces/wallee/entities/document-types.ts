import { type Entity, idField, long, map, refersTo, shown } from '../entity.ts'
import { localized } from './reference-data.ts'

/** Kinds of documents; callers keep their ids. */
export const documentTypeIds = {
  INVOICE: 1_400_000_410_001,
  REFUND: 1_400_000_410_002,
  LETTER: 1_400_000_410_003,
  EMAIL: 1_400_000_410_004,
  SMS: 1_400_000_410_005,
} as const
export type DocumentType = keyof typeof documentTypeIds

const documents = {
  id: 1_400_000_420_001,
  title: localized('Documents', 'Dokumente'),
}
const messages = {
  id: 1_400_000_420_002,
  title: localized('Messages to debtors', 'Nachrichten an Schuldner'),
}

const words: Record<DocumentType, { title: Record<string, string>; group: number }> = {
  INVOICE: { title: localized('Invoice', 'Rechnung'), group: documents.id },
  REFUND: { title: localized('Refund', 'Rückzahlung'), group: documents.id },
  LETTER: { title: localized('Letter', 'Brief'), group: messages.id },
  EMAIL: { title: localized('E-mail', 'E-Mail'), group: messages.id },
  SMS: { title: localized('Text message', 'SMS'), group: messages.id },
}

const types = Object.entries(documentTypeIds).map(([name, id]) => {
  const { title, group } = words[name as DocumentType]
  return { id, title, description: title, group }
})

export const documentTemplateTypeGroup: Entity = {
  name: 'DocumentTemplateTypeGroup',
  group: 'reference',
  scope: 'account',
  fields: { ...idField, title: shown(map) },
  store: { kind: 'list', rows: () => [documents, messages] },
}

export const documentTemplateType: Entity = {
  name: 'DocumentTemplateType',
  group: 'reference',
  scope: 'account',
  v1: { path: '/document-template-type', verbs: ['all', 'read'] },
  v2: { path: '/document-templates/types', verbs: ['list', 'get', 'search'] },
  fields: {
    ...idField,
    description: shown(map),
    feature: shown(long),
    group: shown(refersTo('DocumentTemplateTypeGroup')),
    title: shown(map),
  },
  store: { kind: 'list', rows: () => types },
}
