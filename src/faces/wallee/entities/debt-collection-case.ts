import { createCase, deleteCase, failures, updateCase } from '../../../cases/index.ts'
import { caseStates, environments, type NewCase } from '../../../cases/schema.ts'
import { decimalOf } from '../decimal.ts'
import {
  dateTime,
  decimal,
  type Entity,
  idField,
  long,
  object,
  oneOf,
  refersTo,
  shown,
  text,
  versionField,
  writable,
} from '../entity.ts'
import { actorOf, caseActions } from './debt-collection-actions.ts'
import { labelFields, labelIds, labelOf } from './label.ts'
import { lineItemFields } from './line-item.ts'
import { postalAddressFields } from './postal-address.ts'

/** What a case asks for: of its claim what is left, before there is one its line items, at its end what was left then. */
const askedMinor = `(case when t.state in ('CLOSED', 'FAILED') then t.left_minor
  when t.claim_id is null then t.items_minor
  else coalesce((select sum(i.outstanding_minor) from claim c
    join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id
      and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)
    where c.tenant_id = t.tenant_id and c.claim_id = t.claim_id and c.status = 'ACTIVE'), 0) end)`

const placed = (column: string) => `(select p.${column} from placement p
  where p.tenant_id = t.tenant_id and p.claim_id = t.claim_id and t.processing_started_at is not null
  order by p.placement_id desc limit 1)`

const repeated = `(select string_agg(r.external_id, ', ' order by r.id) from debt_receipt r
  where r.tenant_id = t.tenant_id and r.case_id = t.id and r.repeated_minor is not null)`

const labels = `jsonb_path_query_array(jsonb_build_array(
  ${labelOf(labelIds.collectorName, placed('partner'))},
  ${labelOf(labelIds.collectorStatus, placed('external_status'))},
  ${labelOf(labelIds.repeatedReceipt, repeated)}), '$[*] ? (@ != null)')`

const failureId = `(case t.failure ${failures
  .map(({ code, id }) => `when '${code}' then ${id}`)
  .join(' ')} end)`

/** A case is src/cases; a claim that a collector works. */
export const debtCollectionCase: Entity = {
  name: 'DebtCollectionCase',
  group: 'debt-collection',
  scope: 'space',
  v1: {
    path: '/debt-collection-case',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count'],
  },
  v2: {
    path: '/debt-collection/cases',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
  },
  fields: {
    ...idField,
    ...versionField,
    amount: shown(decimal, { column: decimalOf(askedMinor, 't.currency') }),
    billingAddress: writable(object(postalAddressFields)),
    closedOn: shown(dateTime, { column: 't.closed_at' }),
    collectorConfiguration: {
      type: refersTo('DebtCollectorConfiguration'),
      create: 'optional',
      column: 't.configuration_id',
    },
    contractDate: writable(dateTime, { column: 't.contract_at' }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    creator: shown(long, { column: 't.created_by' }),
    currency: writable(text(3, { format: 'currency' })),
    dueDate: writable(dateTime, { column: 't.due_on_at' }),
    environment: writable(oneOf(...environments)),
    externalId: { type: text(100, { min: 1, format: 'ascii' }), create: 'required' },
    failedOn: shown(dateTime, { column: 't.failed_at' }),
    failureReason: shown(refersTo('FailureReason'), { column: failureId }),
    labels: shown({ kind: 'list', fields: labelFields }, { column: labels }),
    language: writable(text(20)),
    lineItems: writable({ kind: 'list', fields: lineItemFields, max: 250 }),
    linkedSpaceId: shown(long, {
      column: '(select s.space_id from tenant s where s.tenant_id = t.tenant_id)',
    }),
    nextAttemptOn: shown(dateTime, { column: 't.next_attempt_at' }),
    plannedPurgeDate: shown(dateTime, { column: 'null::timestamptz' }),
    processingStartedOn: shown(dateTime, { column: 't.processing_started_at' }),
    processingTimeoutOn: shown(dateTime, { column: 't.processing_timeout_at' }),
    reference: { type: text(200, { min: 1 }), create: 'required' },
    reviewStartedOn: shown(dateTime, { column: 't.review_started_at' }),
    reviewedOn: shown(dateTime, { column: 't.reviewed_at' }),
    reviewer: shown(long, { column: 't.reviewed_by' }),
    source: shown(refersTo('DebtCollectionCaseSource')),
    sourceEntityId: shown(long, { column: 'null::bigint' }),
    spaceViewId: writable(long),
    state: shown(oneOf(...caseStates)),
  },
  store: { kind: 'table', table: 'debt_case' },
  // The values were read by the fields above, which are those of the domain's own types.
  create: (call, values) => createCase(...actorOf(call), values as unknown as NewCase),
  update: (call, { id, version, values }) =>
    updateCase(...actorOf(call), { id, version, fields: values }),
  remove: (call, id) => deleteCase(...actorOf(call), id),
  actions: caseActions,
}
