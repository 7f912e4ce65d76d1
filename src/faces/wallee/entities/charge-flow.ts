import { updateDebtor } from '../../../accounts/index.ts'
import { findInvoice } from '../../../invoices/index.ts'
import { stopJourney } from '../../../journeys/index.ts'
import { linkOf, linkUrl } from '../../../links/index.ts'
import { book, contextOf } from '../book.ts'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  creationStates,
  type Entity,
  long,
  nothing,
  oneOf,
  shown,
  text,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { beginDunning } from './dunning-case.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import { channelIds, flowFields } from './journey-columns.ts'

const id = { type: long, isRequired: true } as const
const below = '/payment/transactions/{id}/charge-flow'

/** Where the messages of a flow go is where their debtor is reached. */
const changingRecipient: Action = {
  name: 'Change where a charge flow writes to',
  needs: 'write',
  params: {
    transactionId: id,
    type: id,
    recipient: { type: text(254, { min: 1 }), isRequired: true },
  },
  v1: { method: 'POST', path: '/charge-flow/updateRecipient' },
  v2: {
    method: 'POST',
    path: `${below}/update-recipient`,
    rename: { transactionId: 'id' },
  },
  async run(call, { params }) {
    const recipient = String(params['recipient'])
    const contactInformation = contactOf(params['type'], recipient)
    const found = await inCall(call, async (tx) => {
      const { claimId, accountReference } = await findInvoice(tx, Number(params['transactionId']))
      const row = await tx.db
        .selectFrom('claim')
        .select('debtor_reference')
        .where('tenant_id', '=', tx.tenantId)
        .where('claim_id', '=', claimId)
        .executeTakeFirstOrThrow()
      return { accountReference, debtorReference: row.debtor_reference }
    })
    const { accountReference, debtorReference } = found
    if (debtorReference === null) throw refuse('unprocessable', 'the invoice names no debtor')
    const debtor = { debtorReference, contactInformation }
    const command = updateDebtor(contextOf(call), { accountReference, debtor })
    await book(call, { commands: [command] })
    return nothing
  },
}

function contactOf(type: unknown, recipient: string): { email: string } | { mobileNumber: string } {
  if (type === channelIds.email) {
    if (/^[^\s@]+@[^\s@]+$/.test(recipient)) return { email: recipient }
    throw refuse('unprocessable', 'the recipient is an e-mail address')
  }
  if (type === channelIds.sms) {
    if (/^\+\d{1,3}\d{9,12}$/.test(recipient)) return { mobileNumber: recipient }
    throw refuse('unprocessable', 'the recipient is a number such as +41790000000')
  }
  const known = `${channelIds.email} (e-mail) and ${channelIds.sms} (text message)`
  throw refuse('unprocessable', `the types are ${known}`)
}

/** A charge flow chases one payment by messages with a link: the same journeys as the dunning flows. */
export const chargeFlow: Entity = {
  name: 'ChargeFlow',
  group: 'charge-flows',
  scope: 'space',
  v1: { path: '/charge-flow', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/charge-flows', verbs: ['list', 'get', 'search'] },
  fields: {
    ...flowFields,
    conditions: shown({ kind: 'json' }, { column: "'[]'::jsonb" }),
    linkedSpaceId: spaceOfRow,
    plannedPurgeDate: neverPurged,
    state: shown(oneOf(...creationStates), { column: "'ACTIVE'" }),
  },
  store: { kind: 'table', table: 'journey', id: 't.number' },
  actions: [
    {
      name: 'Begin the charge flow of a transaction',
      needs: 'write',
      params: { id },
      v1: { method: 'POST', path: '/charge-flow/applyFlow' },
      v2: { method: 'POST', path: `${below}/apply` },
      async run(call, { params }) {
        await inCall(call, (tx) => beginDunning(tx, Number(params['id'])))
        return { kind: 'object', entity: 'Transaction', id: Number(params['id']) }
      },
    },
    {
      name: 'Cancel the charge flow of a transaction',
      needs: 'write',
      params: { id },
      v1: { method: 'POST', path: '/charge-flow/cancel-charge-flow' },
      v2: { method: 'POST', path: `${below}/cancel` },
      async run(call, { params }) {
        const { reference } = await inCall(call, (tx) => findInvoice(tx, Number(params['id'])))
        await book(call, { commands: [stopJourney(contextOf(call), { reference })] })
        return { kind: 'object', entity: 'Transaction', id: Number(params['id']) }
      },
    },
    {
      name: 'Where the debtor pays what a charge flow asks for',
      needs: 'read',
      params: { id },
      v1: { method: 'GET', path: '/charge-flow/fetch-charge-flow-payment-page-url' },
      v2: { method: 'GET', path: `${below}/payment-page-url` },
      async run(call, { params }) {
        return { kind: 'text', text: await pageOf(call, Number(params['id'])) }
      },
    },
    changingRecipient,
  ],
}

async function pageOf(call: Call, invoiceId: number): Promise<string> {
  const code = await inCall(call, async (tx) => {
    const { claimId, status } = await findInvoice(tx, invoiceId)
    if (status === 'DELETED') throw refuse('invalid_state', 'the invoice was cancelled')
    return linkOf(tx, claimId)
  })
  const place = { publicUrl: call.deps.services.publicUrl(), settings: call.tenant.settings }
  return linkUrl(place, code)
}
