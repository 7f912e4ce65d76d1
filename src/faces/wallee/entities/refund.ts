import { sql } from 'kysely'
import {
  bookDoneRefund,
  failRefund,
  findInvoice,
  findRefundNamed,
  findWaitingRefund,
  keepRefund,
  meantByCommit,
  planRefund,
  refundLetter,
  succeedRefund,
} from '../../../invoices/index.ts'
import {
  type LineItem,
  type NewRefund,
  type Reduction,
  type RefundType,
  refundTypes,
} from '../../../invoices/schema.ts'
import type { Tx } from '../../../platform/db.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import { decimalOf } from '../decimal.ts'
import {
  type Action,
  type ActionDoor,
  dateTime,
  decimal,
  type Entity,
  type Fields,
  idField,
  integer,
  long,
  map,
  oneOf,
  refersTo,
  shown,
  text,
  type Values,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import {
  environmentColumn,
  languageOf,
  neverPurged,
  noInstant,
  spaceOfRow,
  timeZoneColumn,
} from './invoice-columns.ts'
import { lineItemFields } from './line-item.ts'
import { rendered, requirePdf } from './rendered-document.ts'

const lines = { kind: 'list', fields: lineItemFields, max: 250 } as const
const reductionFields: Fields = {
  lineItemUniqueId: { type: text(200, { min: 1 }), create: 'required' },
  quantityReduction: { type: decimal, create: 'required' },
  unitPriceReduction: { type: decimal, create: 'required' },
}
const ascii = text(100, { format: 'ascii' })
const named = text(100, { min: 1, format: 'ascii' })
const id = { type: long, isRequired: true } as const

/** Money back to the debtor (src/invoices). Its transaction and its completion are both the invoice. */
export const refund: Entity = {
  name: 'Refund',
  group: 'refunds',
  scope: 'space',
  v1: { path: '/refund', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/refunds', verbs: ['list', 'get', 'search', 'create'] },
  fields: {
    ...idField,
    version: shown(integer),
    amount: {
      type: decimal,
      create: 'optional',
      column: decimalOf('t.amount_minor', 't.currency'),
    },
    baseLineItems: shown(lines),
    completion: { type: long, create: 'optional', column: 'c.number' },
    createdBy: shown(long),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    environment: shown(oneOf('LIVE', 'PREVIEW'), { column: environmentColumn }),
    externalId: { type: named, create: 'required' },
    failedOn: shown(dateTime, { column: 't.failed_at' }),
    language: shown(text(), { column: languageOf('c') }),
    lineItems: shown(lines),
    linkedSpaceId: spaceOfRow,
    merchantReference: { type: ascii, create: 'optional' },
    metaData: { type: map, create: 'optional', only: 2 },
    nextUpdateOn: noInstant,
    plannedPurgeDate: neverPurged,
    processingOn: shown(dateTime, { column: 't.created_at' }),
    reducedLineItems: shown(lines),
    reductions: {
      type: { kind: 'list', fields: reductionFields, max: 250 },
      create: 'optional',
    },
    state: shown(oneOf('CREATE', 'SCHEDULED', 'PENDING', 'MANUAL_CHECK', 'FAILED', 'SUCCESSFUL')),
    succeededOn: shown(dateTime, { column: 't.succeeded_at' }),
    timeZone: shown(text(), { column: timeZoneColumn }),
    timeoutOn: noInstant,
    totalAppliedFees: shown(decimal, { column: '0::numeric' }),
    totalSettledAmount: shown(decimal, {
      column: `(case when t.state = 'SUCCESSFUL' then ${decimalOf('t.amount_minor', 't.currency')} else 0 end)`,
    }),
    transaction: { type: refersTo('Transaction'), create: 'optional', column: 'c.number' },
    type: { type: oneOf(...refundTypes), create: 'required' },
    updatedInvoice: shown(long, { column: 'c.number' }),
  },
  store: {
    kind: 'table',
    table: 'refund',
    from: 'refund t left join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id',
  },
  create: createRefund,
  actions: [
    {
      name: 'Refund what was paid',
      needs: 'write',
      body: {
        amount: { type: decimal, create: 'optional' },
        completion: { type: long, create: 'optional' },
        externalId: { type: named, create: 'required' },
        merchantReference: { type: ascii, create: 'optional' },
        reductions: {
          type: { kind: 'list', fields: reductionFields, max: 250 },
          create: 'optional',
        },
        transaction: { type: long, create: 'optional' },
        type: { type: oneOf(...refundTypes), create: 'required' },
      },
      v1: { method: 'POST', path: '/refund/refund' },
      async run(call, { body }) {
        return { kind: 'object', entity: 'Refund', id: await createRefund(call, body) }
      },
    },
    ending('Note that a refund was carried out', succeed, {
      v1: { method: 'POST', path: '/refund/succeed', rename: { id: 'refundId' } },
      v2: { method: 'POST', path: '/payment/refunds/{id}/mark-succeeded' },
    }),
    ending('Note that a refund was not carried out', fail, {
      v1: { method: 'POST', path: '/refund/fail', rename: { id: 'refundId' } },
      v2: { method: 'POST', path: '/payment/refunds/{id}/mark-failed' },
    }),
    documentOf('The document of a refund', {
      v1: { method: 'GET', path: '/refund/getRefundDocument' },
      v2: { method: 'GET', path: '/payment/refunds/{id}/document' },
    }),
    documentOf('The document of a refund in a media type', {
      v1: { method: 'GET', path: '/refund/getRefundDocumentWithTargetMediaType' },
    }),
  ],
}

/** Under one external id there is one refund: the second create is answered with the first. */
async function createRefund(call: Call, values: Values): Promise<number> {
  const given = givenOf(call, values)
  const find = () => inCall(call, (tx) => findRefundNamed(tx, given.externalId))
  const known = await find()
  if (known !== undefined) return known
  const plan = await inCall(call, async (tx) => {
    const planned = await planRefund(tx, given)
    if (planned.state !== 'SUCCESSFUL') await keepRefund(tx, planned)
    return planned
  })
  if (plan.state === 'SUCCESSFUL') {
    await book(call, bookDoneRefund(contextOf(call), plan, call.now)).catch(
      async (error: unknown) => {
        // Another request of the same name may have been first.
        if ((await find()) === undefined) throw error
      },
    )
  }
  const made = await find()
  if (made === undefined) throw new Error('a refund that was kept is not there')
  return made
}

function givenOf(call: Call, values: Values): NewRefund {
  const { transaction, completion, amount, reductions, merchantReference, metaData } = values
  const invoice = transaction ?? completion
  if (typeof invoice !== 'number')
    throw refuse('unprocessable', 'neither transaction nor completion names an invoice')
  if (typeof completion === 'number' && completion !== invoice)
    throw refuse('unprocessable', 'transaction and completion are of two invoices')
  return {
    externalId: String(values['externalId']),
    invoice,
    type: values['type'] as RefundType,
    amount: typeof amount === 'string' ? amount : undefined,
    reductions: (reductions ?? undefined) as readonly Reduction[] | undefined,
    merchantReference: typeof merchantReference === 'string' ? merchantReference : undefined,
    metaData: (metaData ?? undefined) as Record<string, string> | undefined,
    createdBy: call.caller.userId,
  }
}

async function succeed(call: Call, refundId: number): Promise<void> {
  const waiting = await inCall(call, (tx) => findWaitingRefund(tx, refundId))
  try {
    await book(call, succeedRefund(contextOf(call), waiting, call.now))
  } catch (error) {
    throw meantByCommit(error) ?? error
  }
}

function fail(call: Call, refundId: number): Promise<void> {
  return inCall(call, (tx) => failRefund(tx, refundId))
}

function ending(
  name: string,
  run: (call: Call, id: number) => Promise<void>,
  doors: { v1: ActionDoor; v2: ActionDoor },
): Action {
  return {
    name,
    needs: 'write',
    params: { id },
    ...doors,
    async run(call, { params }) {
      await run(call, Number(params['id']))
      return { kind: 'object', entity: 'Refund', id: Number(params['id']) }
    },
  }
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
      const { letter } = await inCall(call, async (tx) => ({
        letter: await letterOf(tx, Number(params['id'])),
      }))
      return rendered(letter, 'REFUND')
    },
  }
}

async function letterOf(tx: Tx, refundId: number) {
  const { rows } = await sql<{ invoice: number; amountMinor: number; items: LineItem[] }>`
    select c.number as invoice, r.amount_minor as "amountMinor", r.line_items as items from refund r
    join claim c on c.tenant_id = r.tenant_id and c.claim_id = r.claim_id
    where r.tenant_id = ${tx.tenantId} and r.id = ${refundId}`.execute(tx.db)
  const [row] = rows
  if (!row) throw refuse('not_found')
  return refundLetter(tx, await findInvoice(tx, row.invoice), row)
}
