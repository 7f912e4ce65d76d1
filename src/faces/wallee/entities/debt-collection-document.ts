import { dateTime, type Entity, idField, integer, long, shown, text } from '../entity.ts'
import { labelFields, labelIds, labelOf } from './label.ts'

/** A document of a case; what it holds is downloaded among the files of the claim. */
export const debtCollectionCaseDocument: Entity = {
  name: 'DebtCollectionCaseDocument',
  group: 'debt-collection',
  scope: 'space',
  fields: {
    ...idField,
    createdOn: shown(dateTime, { column: 't.created_at' }),
    debtCollectionCase: shown(long, { column: 't.case_id' }),
    fileName: shown(text(100)),
    labels: shown(
      { kind: 'list', fields: labelFields },
      {
        column: `jsonb_build_array(${labelOf(labelIds.contentHash, 't.sha256')})`,
      },
    ),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    mimeType: shown(text()),
    plannedPurgeDate: shown(dateTime, { column: 'null::timestamptz' }),
    uniqueId: shown(text(500), { column: 't.unique_id::text' }),
    version: shown(integer),
  },
  store: { kind: 'table', table: 'debt_case_document' },
}
