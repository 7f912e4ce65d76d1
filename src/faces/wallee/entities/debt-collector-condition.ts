import { conditions, conditionTypes } from '../../../cases/index.ts'
import {
  creationStates,
  dateTime,
  type Entity,
  idField,
  integer,
  long,
  map,
  oneOf,
  refersTo,
  type Row,
  shown,
  text,
} from '../entity.ts'
import { localized } from './reference-data.ts'

const typeWords = {
  AMOUNT: {
    name: localized('Amount', 'Betrag'),
    description: localized(
      'The case asks for at least an amount of its currency',
      'Der Fall fordert mindestens einen Betrag in seiner Währung',
    ),
  },
  DEBTOR: {
    name: localized('Kind of debtor', 'Art des Schuldners'),
    description: localized(
      'The debtor is a company, or is none',
      'Der Schuldner ist ein Unternehmen, oder keines',
    ),
  },
} as const

/** What a condition looks at. */
export const debtCollectorConditionType: Entity = {
  name: 'DebtCollectorConditionType',
  group: 'debt-collection',
  scope: 'account',
  fields: { ...idField, description: shown(map), name: shown(map) },
  store: {
    kind: 'list',
    rows: () => conditionTypes.map(({ id, kind }) => ({ id, ...typeWords[kind] })),
  },
}

function conditionRows(): Row[] {
  return conditions.map((condition) => ({
    id: condition.id,
    name:
      condition.kind === 'AMOUNT' ? `At least ${condition.least}` : debtorNames[condition.debtor],
    state: 'ACTIVE',
    type: conditionTypes.find(({ kind }) => kind === condition.kind)?.id,
    version: 1,
  }))
}

const debtorNames = { COMPANY: 'The debtor is a company', PERSON: 'The debtor is a person' }

/** What a configuration asks of a case; there are those that come with the product. */
export const debtCollectorCondition: Entity = {
  name: 'DebtCollectorCondition',
  group: 'debt-collection',
  scope: 'account',
  fields: {
    ...idField,
    linkedSpaceId: shown(long),
    name: shown(text(100)),
    plannedPurgeDate: shown(dateTime),
    state: shown(oneOf(...creationStates)),
    type: shown(refersTo('DebtCollectorConditionType', { v1: 'id', v2: 'object' })),
    version: shown(integer),
  },
  store: { kind: 'list', rows: conditionRows },
}
