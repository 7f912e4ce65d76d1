import { decimalOf } from '../decimal.ts'
import {
  dateTime,
  decimal,
  type Entity,
  integer,
  long,
  object,
  oneOf,
  shown,
  text,
} from '../entity.ts'
import {
  billed,
  debtorAddress,
  environmentColumn,
  languageOf,
  neverPurged,
  plainLines,
  spaceOfRow,
  timeZoneColumn,
} from './invoice-columns.ts'
import { lineItemFields } from './line-item.ts'
import { postalAddressFields } from './postal-address.ts'

const lines = { kind: 'list', fields: lineItemFields, max: 250 } as const

/**
 * What an invoice came of, as far as a ledger knows it: the same claim under the same number. Transactions themselves
 * belong to a payment gateway; this is how refunds and charge flows name what they are about.
 */
export const transaction: Entity = {
  name: 'Transaction',
  group: 'invoices',
  scope: 'space',
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(integer, { column: '1' }),
    authorizationAmount: shown(decimal, { column: billed('t', 'a.currency') }),
    billingAddress: shown(object(postalAddressFields), {
      column: `coalesce(w.billing_address, ${debtorAddress})`,
    }),
    completedAmount: shown(decimal, { column: billed('t', 'a.currency') }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    currency: shown(text(), { column: 'a.currency' }),
    customerEmailAddress: shown(text(), {
      column: "(t.primary_debtor #>> '{contactInformation,email}')",
    }),
    customerId: shown(text(), { column: 't.debtor_reference' }),
    environment: shown(oneOf('LIVE', 'PREVIEW'), { column: environmentColumn }),
    language: shown(text(), { column: languageOf('t') }),
    lineItems: shown(lines, { column: `coalesce(w.line_items, ${plainLines})` }),
    linkedSpaceId: spaceOfRow,
    merchantReference: shown(text(), { column: 'coalesce(w.merchant_reference, t.reference)' }),
    plannedPurgeDate: neverPurged,
    refundedAmount: shown(decimal, {
      column: decimalOf(
        `(select coalesce(sum(r.amount_minor), 0)::bigint from refund r where r.tenant_id = t.tenant_id
          and r.claim_id = t.claim_id and r.state = 'SUCCESSFUL')`,
        'a.currency',
      ),
    }),
    // Goods were handed over when the invoice was written; whether it was paid says the invoice.
    state: shown(oneOf('FULFILL', 'VOIDED'), {
      column: "(case when t.status = 'DELETED' then 'VOIDED' else 'FULFILL' end)",
    }),
    timeZone: shown(text(), { column: timeZoneColumn }),
  },
  store: {
    kind: 'table',
    table: 'claim',
    from: `claim t
      left join account a on a.tenant_id = t.tenant_id and a.account_id = t.account_id
      left join invoice w on w.tenant_id = t.tenant_id and w.claim_id = t.claim_id`,
    id: 't.number',
    where: "t.status <> 'PENDING'",
  },
}
