import { caseSources, receiptSourceId } from '../../../cases/index.ts'
import { boolean, type Entity, type Fields, idField, map, shown } from '../entity.ts'
import { localized } from './reference-data.ts'

const words = {
  API: {
    name: localized('Web service', 'Webservice'),
    description: localized('Created through a web service', 'Über einen Webservice angelegt'),
  },
  DUNNING: {
    name: localized('Dunning', 'Mahnwesen'),
    description: localized('The last level was not paid', 'Die letzte Mahnstufe blieb unbezahlt'),
  },
  CHARGEBACK: {
    name: localized('Charge-back', 'Rückbelastung'),
    description: localized('A payment was taken back', 'Eine Zahlung wurde zurückgeholt'),
  },
} as const

const described: Fields = { ...idField, description: shown(map), name: shown(map) }

/** Where cases come from; seen inside cases only. */
export const debtCollectionCaseSource: Entity = {
  name: 'DebtCollectionCaseSource',
  group: 'debt-collection',
  scope: 'account',
  fields: { ...described, forcedPreparingState: shown(boolean) },
  store: {
    kind: 'list',
    rows: () =>
      caseSources.map(({ id, code, isForced }) => ({
        id,
        ...words[code],
        forcedPreparingState: isForced,
      })),
  },
}

/** Where receipts come from; a receipt names it by its id. */
export const debtCollectionReceiptSource: Entity = {
  name: 'DebtCollectionReceiptSource',
  group: 'debt-collection',
  scope: 'account',
  fields: described,
  store: {
    kind: 'list',
    rows: () => [
      {
        id: receiptSourceId,
        name: words.API.name,
        description: localized('Reported through a web service', 'Über einen Webservice gemeldet'),
      },
    ],
  },
}
