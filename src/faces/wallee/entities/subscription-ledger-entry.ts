import {
  bookLedgerEntry,
  entriesPerAccount,
  findAccountNumbered,
  findLedgerEntryNamed,
} from '../../../invoices/index.ts'
import type { NewLedgerEntry, Tax } from '../../../invoices/schema.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import { decimalOf } from '../decimal.ts'
import {
  boolean,
  dateTime,
  decimal,
  type Entity,
  integer,
  long,
  oneOf,
  shown,
  text,
  type Values,
} from '../entity.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import { taxFields } from './line-item.ts'

const number = `(a.number * ${entriesPerAccount} + t.seq)`
const amount = decimalOf('t.effect * t.amount_minor', 'a.currency')
const tax = decimalOf('coalesce(s.tax_minor, 0)', 'a.currency')
const own = 's.reference is not null'

/**
 * What was added to an account besides invoices and payments: its fees, adjustments and discounts, through whichever door
 * they came. A subscription's version stands for the account.
 */
export const subscriptionLedgerEntry: Entity = {
  name: 'SubscriptionLedgerEntry',
  group: 'subscription-ledger',
  scope: 'space',
  v1: { path: '/subscription-ledger-entry', verbs: ['create', 'read', 'search', 'count'] },
  v2: { path: '/subscriptions/ledger-entries', verbs: ['list', 'get', 'search', 'create'] },
  fields: {
    id: shown(long, { column: number }),
    version: shown(integer, { column: '1' }),
    aggregatedTaxRate: shown(decimal, {
      column: `coalesce((select sum((x ->> 'rate')::numeric) from jsonb_array_elements(s.taxes) x), 0)`,
    }),
    amountExcludingTax: shown(decimal, { column: `(${amount} - ${tax})` }),
    amountIncludingTax: { type: decimal, create: 'required', column: amount },
    componentReferenceName: {
      type: text(100),
      create: 'optional',
      column: 's.component_reference_name',
    },
    createdBy: shown(long, { column: 's.created_by' }),
    createdOn: shown(dateTime, { column: 't.booked_at' }),
    discountIncludingTax: shown(decimal, {
      column: `(case when t.kind = 'discount' then -${amount} else 0 end)`,
    }),
    externalId: {
      type: text(255, { min: 1 }),
      create: 'required',
      column: 'coalesce(s.external_id, t.reference)',
    },
    linkedSpaceId: spaceOfRow,
    plannedPurgeDate: neverPurged,
    proRataCalculated: shown(boolean, { column: 'false' }),
    quantity: { type: decimal, create: 'required', column: 'coalesce(s.quantity, 1)' },
    // Open while it is not paid; what lowers an account has done so.
    state: shown(oneOf('OPEN', 'SCHEDULED', 'PAID'), {
      column: `(case when exists (select from item i where i.tenant_id = t.tenant_id and i.account_id = t.account_id
        and i.item_seq = t.seq and i.is_open) then 'OPEN' else 'PAID' end)`,
    }),
    subscriptionMetricId: { type: long, create: 'optional', column: 's.subscription_metric_id' },
    subscriptionVersion: { type: long, create: 'required', column: 'a.number' },
    taxAmount: shown(decimal, { column: tax }),
    taxes: {
      type: { kind: 'list', fields: taxFields, max: 20 },
      create: 'optional',
      column: `(case when ${own} then s.taxes else '[]' end)`,
    },
    title: {
      type: text(150, { min: 1 }),
      create: 'required',
      column: `coalesce(s.title, t.details ->> 'type', t.details ->> 'reason', t.kind)`,
    },
  },
  store: {
    kind: 'table',
    table: 'entry',
    from: `entry t
      join account a on a.tenant_id = t.tenant_id and a.account_id = t.account_id
      left join subscription_entry s on s.tenant_id = t.tenant_id and s.account_id = t.account_id
        and s.reference = t.reference`,
    id: number,
    // An entry that moves nothing is told of only to who made it here.
    where: `t.kind in ('fee', 'adjustment', 'discount') and t.origin = 'ledger'
      and (t.effect <> 0 or s.reference is not null) and t.seq < ${entriesPerAccount}`,
  },
  create: createEntry,
}

/** Under one external id there is one entry: the second create is answered with the first. */
async function createEntry(call: Call, values: Values): Promise<number> {
  const given = givenOf(call, values)
  const find = () => inCall(call, (tx) => findLedgerEntryNamed(tx, given.externalId))
  const known = await find()
  if (known !== undefined) return known
  const account = await inCall(call, (tx) => findAccountNumbered(tx, given.account))
  await book(call, bookLedgerEntry(contextOf(call), account, given)).catch(
    async (error: unknown) => {
      // Another request of the same name may have been first.
      if ((await find()) === undefined) throw error
    },
  )
  const made = await find()
  if (made === undefined) throw new Error('an entry that was booked is not there')
  return made
}

function givenOf(call: Call, values: Values): NewLedgerEntry {
  const { taxes, componentReferenceName: name, subscriptionMetricId: metric } = values
  return {
    externalId: String(values['externalId']),
    account: Number(values['subscriptionVersion']),
    amountIncludingTax: String(values['amountIncludingTax']),
    quantity: String(values['quantity']),
    title: String(values['title']),
    taxes: (taxes ?? undefined) as readonly Tax[] | undefined,
    componentReferenceName: typeof name === 'string' ? name : undefined,
    subscriptionMetricId: typeof metric === 'number' ? metric : undefined,
    createdBy: call.caller.userId,
  }
}
