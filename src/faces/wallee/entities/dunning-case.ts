import { sql } from 'kysely'
import { findInvoice } from '../../../invoices/index.ts'
import { pauseJourney, startJourney } from '../../../journeys/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { book, contextOf } from '../book.ts'
import { inCall } from '../call.ts'
import { dateTime, type Entity, integer, long, nothing, oneOf, refersTo, shown } from '../entity.ts'
import { refuse } from '../refusals.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import { caseState, endedAs } from './journey-columns.ts'

const id = { type: long, isRequired: true } as const

/** An invoice on its way through a flow: the run of a journey. */
export const dunningCase: Entity = {
  name: 'DunningCase',
  group: 'dunning',
  scope: 'space',
  v1: { path: '/dunning-case', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/dunning-cases', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(integer, {
      column: `(1 + coalesce((t.state ->> 'effects')::integer, 0) + (t.ended_at is not null)::integer)`,
    }),
    canceledOn: shown(dateTime, { column: endedAs('CANCELED') }),
    createdOn: shown(dateTime, { column: 't.started_at' }),
    derecognizedOn: shown(dateTime, { column: endedAs('DERECOGNIZED') }),
    failedOn: shown(dateTime, { column: endedAs('FAILED') }),
    flow: shown(refersTo('DunningFlow'), { column: 'j.number' }),
    initialInvoice: shown(refersTo('TransactionInvoice'), { column: 'c.number' }),
    linkedSpaceId: spaceOfRow,
    linkedTransaction: shown(long, { column: 'c.number' }),
    plannedPurgeDate: neverPurged,
    state: shown(oneOf('RUNNING', 'SUSPENDED', 'CANCELED', 'DERECOGNIZED', 'FAILED', 'SUCCEEDED'), {
      column: caseState('t', 'c'),
    }),
    succeededOn: shown(dateTime, { column: endedAs('SUCCEEDED') }),
  },
  store: {
    kind: 'table',
    table: 'journey_run',
    from: `journey_run t
      left join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id
      left join journey j on j.tenant_id = t.tenant_id and j.journey_id = t.journey_id`,
    id: 't.number',
    where: 't.journey_id is not null',
  },
  actions: [
    {
      name: 'Begin the dunning of an invoice',
      needs: 'write',
      params: { invoiceId: id },
      v1: { method: 'POST', path: '/dunning-case/create-from-invoice' },
      v2: { method: 'POST', path: '/payment/dunning-cases/invoice/{invoiceId}' },
      async run(call, { params }) {
        const number = await inCall(call, (tx) => beginDunning(tx, Number(params['invoiceId'])))
        return call.version === 1 ? { kind: 'object', entity: 'DunningCase', id: number } : nothing
      },
    },
    {
      name: 'Suspend a dunning case, until a day or until somebody resumes it',
      needs: 'write',
      params: { id, plannedEndDate: { type: dateTime } },
      v1: { method: 'POST', path: '/dunning-case/suspend' },
      v2: { method: 'POST', path: '/payment/dunning-cases/{id}/suspend' },
      async run(call, { params }) {
        const { plannedEndDate } = params
        const until = typeof plannedEndDate === 'string' ? new Date(plannedEndDate) : undefined
        const reference = await inCall(call, (tx) => claimOfLive(tx, Number(params['id'])))
        const command = pauseJourney(contextOf(call), { reference, until })
        await book(call, { commands: [command] })
        return nothing
      },
    },
  ],
}

interface FoundCase {
  readonly number: number
  readonly reference: string
  readonly state: string
}

/** Starts the journey that is assigned to an invoice, unless it is on one. Answers the number of the run. */
export async function beginDunning(tx: Tx, invoiceId: number): Promise<number> {
  const invoice = await findInvoice(tx, invoiceId)
  const live = await newestCase(tx, invoice.claimId)
  if (live && ['RUNNING', 'SUSPENDED'].includes(live.state))
    throw refuse('invalid_state', `case ${live.number} of the invoice is ${live.state}`)
  await startJourney(tx, invoice.reference, {})
  const begun = await newestCase(tx, invoice.claimId)
  if (!begun) throw new Error('a journey that was started is not there')
  return begun.number
}

async function newestCase(tx: Tx, claimId: string): Promise<FoundCase | undefined> {
  const { rows } = await sql<FoundCase>`
    select t.number, c.reference, ${sql.raw(caseState('t', 'c'))} as state from journey_run t
    join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id
    where t.tenant_id = ${tx.tenantId} and t.claim_id = ${claimId} and t.journey_id is not null
    order by t.number desc limit 1`.execute(tx.db)
  return rows[0]
}

/** The claim of a case that still goes on; one that is over is refused. */
async function claimOfLive(tx: Tx, number: number): Promise<string> {
  const { rows } = await sql<FoundCase>`
    select t.number, c.reference, ${sql.raw(caseState('t', 'c'))} as state from journey_run t
    join claim c on c.tenant_id = t.tenant_id and c.claim_id = t.claim_id
    where t.tenant_id = ${tx.tenantId} and t.number = ${number} and t.journey_id is not null`.execute(
    tx.db,
  )
  const [found] = rows
  if (!found) throw refuse('not_found')
  if (!['RUNNING', 'SUSPENDED'].includes(found.state))
    throw refuse('invalid_state', `the case is ${found.state}`)
  return found.reference
}
