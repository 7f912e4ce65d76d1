import { decimalOf } from '../decimal.ts'
import { dateTime, decimal, type Entity, idField, integer, long, shown, text } from '../entity.ts'

/** Money that a collector reported; seen as the answer of the collect call only. */
export const debtCollectionReceipt: Entity = {
  name: 'DebtCollectionReceipt',
  group: 'debt-collection',
  scope: 'space',
  fields: {
    ...idField,
    amount: shown(decimal, { column: decimalOf('t.amount_minor', 't.currency') }),
    createdBy: shown(long),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    debtCollectionCase: shown(long, { column: 't.case_id' }),
    externalId: shown(text(100)),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    plannedPurgeDate: shown(dateTime, { column: 'null::timestamptz' }),
    source: shown(long),
    version: shown(integer),
  },
  store: { kind: 'table', table: 'debt_receipt' },
}
