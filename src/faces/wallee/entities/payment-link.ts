import {
  newLinkCode,
  pricedItems,
  refuse as refuseOfInvoices,
  sumOfItems,
} from '../../../invoices/index.ts'
import type { NewLineItem } from '../../../invoices/schema.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Change,
  creationStates,
  dateTime,
  type Entity,
  long,
  idField,
  oneOf,
  shown,
  type TableStore,
  text,
  texts,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { insertRow, updateRow } from '../table-store.ts'
import { wordedViolation } from '../violations.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import { lineItemFields } from './line-item.ts'
import { requireAskable } from './user-fields.ts'

const addressModes = ['NOT_REQUIRED', 'REQUIRED_IN_URL', 'REQUIRED_ON_PAYMENT_PAGE'] as const
const usesMax = 1_000_000

const store: TableStore = {
  kind: 'table',
  table: 'payment_link',
  from: (call) => `payment_link t cross join (select '${baseOf(call)}' as base) p`,
  deletes: 'state',
}

/**
 * An address at which anybody may pay for its line items: each visitor says who they are, a claim is opened for them, and
 * they go on to its page. What a gateway has besides (its payment methods, its space views, redirects) is not written here.
 */
export const paymentLink: Entity = {
  name: 'PaymentLink',
  group: 'payment-links',
  scope: 'space',
  v1: { path: '/payment-link', verbs: ['create', 'read', 'update', 'delete', 'search', 'count'] },
  v2: { path: '/payment/links', verbs: ['list', 'get', 'search', 'create', 'update', 'delete'] },
  fields: {
    ...idField,
    ...versionField,
    allowedPaymentMethodConfigurations: shown({ kind: 'json' }),
    allowedRedirectionDomains: shown(texts),
    appliedSpaceView: shown(long),
    availableFrom: writable(dateTime),
    availableUntil: writable(dateTime),
    billingAddressHandlingMode: writable(oneOf(...addressModes)),
    currency: writable(text(3, { format: 'currency' })),
    externalId: { type: text(100, { min: 1, format: 'ascii' }), create: 'required' },
    language: writable(text(20)),
    lineItems: writable({ kind: 'list', fields: lineItemFields, max: 250 }),
    linkedSpaceId: spaceOfRow,
    maximalNumberOfTransactions: writable({ kind: 'integer', min: 1, max: usesMax }),
    name: writable(text(100)),
    plannedPurgeDate: { ...neverPurged, column: 't.planned_purge_at' },
    protectionMode: { type: oneOf('NO_PROTECTION', 'ACCESS_KEY'), create: 'required' },
    shippingAddressHandlingMode: writable(oneOf(...addressModes)),
    state: writable(oneOf(...creationStates)),
    url: shown(text(), {
      column: `(p.base || t.code || coalesce('?accessKey=' || t.access_key, ''))`,
    }),
  },
  store,
  create: createLink,
  update: updateLink,
}

/** Under one external id there is one link: the second create is answered with the first. */
async function createLink(call: Call, given: Values): Promise<number> {
  const externalId = String(given['externalId'])
  const known = await findNamed(call, externalId)
  if (known !== undefined) return known
  const values = checked(given, given['currency'])
  const isKept = given['protectionMode'] === 'ACCESS_KEY'
  const own = { code: newLinkCode(), access_key: isKept ? newLinkCode() : null }
  const writing: TableStore = { ...store, atCreate: () => own }
  try {
    return await inCall(call, (tx) =>
      insertRow(tx, { entity: paymentLink, store: writing, call }, values),
    )
  } catch (error) {
    // Another request of the same name may have been first.
    return (await findNamed(call, externalId)) ?? wordedViolation(error)
  }
}

function findNamed(call: Call, externalId: string): Promise<number | undefined> {
  return inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('payment_link')
      .select('id')
      .where('tenant_id', '=', tx.tenantId)
      .where('external_id', '=', externalId)
      .executeTakeFirst()
    return row?.id
  })
}

async function updateLink(call: Call, change: Change): Promise<void> {
  await inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('payment_link')
      .select(['currency', 'line_items', 'state'])
      .where('tenant_id', '=', tx.tenantId)
      .where('id', '=', change.id)
      .forUpdate()
      .executeTakeFirst()
    if (!row) throw refuse('not_found')
    if (row.state === 'DELETED') throw refuse('invalid_state', 'it is deleted')
    const { currency = row.currency, lineItems = row.line_items } = change.values
    const isPriced = 'currency' in change.values || 'lineItems' in change.values
    const given = isPriced ? { ...change.values, lineItems } : change.values
    const values = checked(given, currency)
    await updateRow(tx, { entity: paymentLink, store, call }, { ...change, values })
  })
}

/** Values with the prices of their lines worked out; refused is what nobody could pay. */
function checked(values: Values, currency: unknown): Values {
  requireAskable(values)
  const shipping = values['shippingAddressHandlingMode'] ?? 'NOT_REQUIRED'
  if (shipping !== 'NOT_REQUIRED') throw refuse('unprocessable', 'nothing is shipped from here')
  const { lineItems } = values
  if (!Array.isArray(lineItems) || lineItems.length === 0) return values
  if (typeof currency !== 'string') throw refuse('unprocessable', 'line items are in a currency')
  // Their fields were read by the description; those that follow from others are made anew.
  const items = lineItems as NewLineItem[]
  if (sumOfItems(items, currency) === 0)
    throw refuseOfInvoices('invalid_items', 'they come to nothing')
  return { ...values, lineItems: pricedItems(items, currency) }
}

function baseOf(call: Call): string {
  return `${call.deps.services.publicUrl().replace(/\/+$/, '')}/l/`.replaceAll("'", "''")
}
