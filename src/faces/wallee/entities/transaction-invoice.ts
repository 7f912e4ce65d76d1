import {
  derecognizeInvoice,
  findInvoice,
  findReplacement,
  invoiceLetter,
  isReplaceable,
  payInvoice,
  replaceInvoice,
} from '../../../invoices/index.ts'
import type { NewLineItem } from '../../../invoices/schema.ts'
import { dateIn } from '../../../kernel/dates.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  type ActionDoor,
  boolean,
  dateTime,
  decimal,
  type Entity,
  long,
  object,
  oneOf,
  shown,
  text,
  type Values,
  writable,
} from '../entity.ts'
import {
  billed,
  debtorAddress,
  environmentColumn,
  invoiceState,
  languageOf,
  left,
  neverPurged,
  noNumber,
  plainLines,
  spaceOfRow,
  timeZoneColumn,
  today,
} from './invoice-columns.ts'
import { invoiceBundle, sendToCustomer } from './invoice-mail.ts'
import { lineItemFields } from './line-item.ts'
import { postalAddressFields } from './postal-address.ts'
import { rendered, requirePdf } from './rendered-document.ts'

const state = invoiceState('t')
const lines = { kind: 'list', fields: lineItemFields, max: 250 } as const
const id = { type: long, isRequired: true } as const

/** An invoice is a claim, managed by the ledger or not; what it says beyond that is src/invoices. */
export const transactionInvoice: Entity = {
  name: 'TransactionInvoice',
  group: 'invoices',
  scope: 'space',
  v1: { path: '/transaction-invoice', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/transactions/invoices', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(
      { kind: 'integer' },
      {
        column: `(1 + coalesce(w.version, 0) + (t.status <> 'ACTIVE')::integer + (select count(*) from entry e
          where e.tenant_id = t.tenant_id and e.account_id = t.account_id and e.item_seq = t.item_seq))`,
      },
    ),
    amount: shown(decimal, { column: billed('t', 'a.currency') }),
    billingAddress: shown(object(postalAddressFields), {
      column: `coalesce(w.billing_address, ${debtorAddress})`,
    }),
    completion: shown({ kind: 'json' }, { column: 'null::jsonb' }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    derecognizedBy: shown(long, { column: 'w.derecognized_by' }),
    derecognizedOn: shown(dateTime, {
      column: `(case when ${state} = 'DERECOGNIZED' then t.resolved_at end)`,
    }),
    dueOn: shown(dateTime, {
      column: `(t.current_due_on::timestamp at time zone ${timeZoneColumn})`,
    }),
    environment: shown(oneOf('LIVE', 'PREVIEW'), { column: environmentColumn }),
    externalId: shown(text(), { column: 'w.external_id' }),
    language: shown(text(), { column: languageOf('t') }),
    lineItems: shown(lines, { column: `coalesce(w.line_items, ${plainLines})` }),
    linkedSpaceId: spaceOfRow,
    linkedTransaction: shown(long, { column: 't.number' }),
    merchantReference: shown(text(), { column: 'coalesce(w.merchant_reference, t.reference)' }),
    outstandingAmount: shown(decimal, { column: left('t', 'a.currency') }),
    paidOn: shown(dateTime, { column: `(case when ${state} = 'PAID' then t.resolved_at end)` }),
    plannedPurgeDate: neverPurged,
    spaceViewId: noNumber,
    state: shown(
      oneOf('CREATE', 'OPEN', 'OVERDUE', 'CANCELED', 'PAID', 'DERECOGNIZED', 'NOT_APPLICABLE'),
      { column: state },
    ),
    taxAmount: shown(decimal, {
      column: `coalesce((select sum((l ->> 'taxAmount')::numeric) from jsonb_array_elements(w.line_items) l), 0)`,
    }),
    timeZone: shown(text(), { column: timeZoneColumn }),
  },
  store: {
    kind: 'table',
    table: 'claim',
    from: ({ now, tenant }) => `claim t
      left join account a on a.tenant_id = t.tenant_id and a.account_id = t.account_id
      left join invoice w on w.tenant_id = t.tenant_id and w.claim_id = t.claim_id
      cross join (select ${today(now, tenant.timeZone)} as today) n`,
    id: 't.number',
    where: "t.status <> 'PENDING'",
  },
  actions: [
    ending('Mark an invoice as paid', {
      v1: '/transaction-invoice/markAsPaid',
      v2: '/payment/transactions/invoices/{id}/mark-paid',
      async run(call, invoiceId) {
        const { reference } = await inCall(call, (tx) => findInvoice(tx, invoiceId))
        await book(call, { commands: [payInvoice(contextOf(call), reference)] })
      },
    }),
    ending('Derecognize an invoice: nobody counts on it any more', {
      v1: '/transaction-invoice/markAsDerecognized',
      v2: '/payment/transactions/invoices/{id}/derecognize',
      async run(call, invoiceId) {
        const { reference, claimId } = await inCall(call, (tx) => findInvoice(tx, invoiceId))
        const of = { reference, claimId, by: call.caller.userId }
        await book(call, derecognizeInvoice(contextOf(call), of))
      },
    }),
    {
      name: 'Replace an invoice by another',
      needs: 'write',
      params: { id },
      body: {
        billingAddress: writable(object(postalAddressFields)),
        dueOn: writable(dateTime),
        externalId: { type: text(100, { min: 1, format: 'ascii' }), create: 'required' },
        lineItems: { type: lines, create: 'required' },
        merchantReference: writable(text(100, { format: 'ascii' })),
        sentToCustomer: writable(boolean),
      },
      v1: { method: 'POST', path: '/transaction-invoice/replace' },
      v2: { method: 'POST', path: '/payment/transactions/invoices/{id}/replace' },
      async run(call, { params, body }) {
        const made = await replace(call, Number(params['id']), body)
        return { kind: 'object', entity: 'TransactionInvoice', id: made }
      },
    },
    {
      name: 'Whether an invoice can be replaced',
      needs: 'read',
      params: { id },
      v1: { method: 'GET', path: '/transaction-invoice/isReplacementPossible' },
      v2: {
        method: 'GET',
        path: '/payment/transactions/invoices/{id}/check-replacement-possible',
      },
      async run(call, { params }) {
        const invoice = await inCall(call, (tx) => findInvoice(tx, Number(params['id'])))
        return { kind: 'json', value: isReplaceable(invoice) }
      },
    },
    documentOf('The document of an invoice', {
      v1: { method: 'GET', path: '/transaction-invoice/getInvoiceDocument' },
      v2: { method: 'GET', path: '/payment/transactions/invoices/{id}/document' },
    }),
    documentOf('The document of an invoice in a media type', {
      v1: { method: 'GET', path: '/transaction-invoice/getInvoiceDocumentWithTargetMediaType' },
    }),
  ],
}

function ending(
  name: string,
  of: { v1: string; v2: string; run: (call: Call, id: number) => Promise<void> },
): Action {
  return {
    name,
    needs: 'write',
    params: { id },
    v1: { method: 'POST', path: of.v1 },
    v2: { method: 'POST', path: of.v2 },
    async run(call, { params }) {
      const invoiceId = Number(params['id'])
      await of.run(call, invoiceId)
      return { kind: 'object', entity: 'TransactionInvoice', id: invoiceId }
    },
  }
}

/** What was made under the same external id is answered again, and nothing is booked. */
async function replace(call: Call, invoiceId: number, body: Values): Promise<number> {
  const { lineItems, dueOn, merchantReference, billingAddress, sentToCustomer } = body
  const externalId = String(body['externalId'])
  const find = () => inCall(call, (tx) => findReplacement(tx, externalId))
  const bundleId = sentToCustomer === true ? await invoiceBundle(call) : undefined
  const known = await find()
  if (known === undefined) {
    const old = await inCall(call, (tx) => findInvoice(tx, invoiceId))
    const replacement = {
      externalId,
      lineItems: lineItems as readonly NewLineItem[],
      dueOn: typeof dueOn === 'string' ? dateIn(new Date(dueOn), call.tenant.timeZone) : undefined,
      merchantReference: typeof merchantReference === 'string' ? merchantReference : undefined,
      billingAddress: (billingAddress ?? undefined) as Values | undefined,
    }
    await book(call, replaceInvoice(contextOf(call), old, replacement)).catch(
      async (error: unknown) => {
        // Another request of the same name may have been first.
        if ((await find()) === undefined) throw error
      },
    )
  }
  const made = known ?? (await find())
  if (made === undefined) throw new Error('an invoice that was booked is not there')
  if (bundleId !== undefined) await sendToCustomer(call, { invoice: made, externalId, bundleId })
  return made
}

function documentOf(name: string, doors: { v1?: ActionDoor; v2?: ActionDoor }): Action {
  const isTargeted = doors.v2 === undefined
  return {
    name,
    needs: 'read',
    params: {
      id,
      ...(isTargeted ? { targetMediaTypeId: { type: long, isRequired: true } } : {}),
    },
    ...doors,
    async run(call, { params }) {
      if (isTargeted) requirePdf(params['targetMediaTypeId'])
      const { letter } = await inCall(call, async (tx) => {
        const invoice = await findInvoice(tx, Number(params['id']))
        return { letter: await invoiceLetter(tx, invoice) }
      })
      return rendered(letter, 'INVOICE')
    },
  }
}
