import { queueMessages } from '../../../communications/index.ts'
import type { Channel } from '../../../contacts/schema.ts'
import { newId } from '../../../kernel/id.ts'
import { linkUrl } from '../../../links/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import {
  creationStates,
  dateTime,
  type Entity,
  type Fields,
  integer,
  long,
  nothing,
  object,
  oneOf,
  refersTo,
  shown,
  text,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { neverPurged, spaceOfRow } from './invoice-columns.ts'
import {
  caseState,
  channelId,
  definition,
  isDropped,
  isNewest,
  isSentLevel,
  levelNumber,
  period,
  sentLevels,
  wasSent,
} from './journey-columns.ts'

const configurationFields: Fields = {
  flow: shown(refersTo('ChargeFlow')),
  id: shown(long),
  linkedSpaceId: shown(long),
  name: shown(text(100)),
  period: shown(text()),
  priority: shown(integer),
  state: shown(oneOf(...creationStates)),
  type: shown(long),
  version: shown(integer),
}

const configuration =
  definition(`jsonb_strip_nulls(jsonb_build_object('id', ${levelNumber('l')}, 'flow', l.flow,
  'linkedSpaceId', (select s.space_id from tenant s where s.tenant_id = l.tenant_id), 'name', l.step_id,
  'period', ${period('l')}, 'priority', l.position, 'type', ${channelId('l.channel')}, 'version', l.version,
  'state', case when l.is_newest then 'ACTIVE' else 'INACTIVE' end))`)

const isUnsent = "t.status in ('QUEUED', 'SENDING')"

/** How a level stands; what failed stays so, whoever pays later (webhooks/tell-charge-flows.ts tells the same). */
const state = `(case
  when not (${isUnsent} or ${isDropped} or ${wasSent}) or not ${isNewest} then 'FAILED'
  else case ${caseState('r', 'c')} when 'SUCCEEDED' then 'SUCCESSFUL' when 'RUNNING' then 'PENDING'
    when 'SUSPENDED' then 'PENDING' when 'FAILED' then case when ${isUnsent} then 'PENDING' else 'FAILED' end
    else 'FAILED' end end)`

const isElectronic = `${isSentLevel} and t.channel in ('email', 'sms')`
const noCharge = shown({ kind: 'json' } as const, { column: 'null::jsonb' })

/** An e-mail or a text message that asked for a payment. */
export const chargeFlowLevel: Entity = {
  name: 'ChargeFlowLevel',
  group: 'charge-flows',
  scope: 'space',
  v1: { path: '/charge-flow-level', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/charge-flows/levels', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    version: shown(integer, { column: '(1 + t.attempts)' }),
    asynchronousCharge: noCharge,
    configuration: shown(object(configurationFields), { column: configuration, filter: false }),
    createdOn: shown(dateTime, { column: 't.created_at' }),
    linkedSpaceId: spaceOfRow,
    linkedTransaction: shown(long, { column: 'c.number' }),
    plannedPurgeDate: neverPurged,
    state: shown(oneOf('PENDING', 'FAILED', 'SUCCESSFUL'), { column: state }),
    synchronousCharge: noCharge,
    timeoutOn: shown(dateTime, {
      column: `(case when ${isNewest} and r.status = 'RUNNING' then r.next_at end)`,
    }),
    tokenCharge: noCharge,
    transaction: shown(refersTo('Transaction'), { column: 'c.number' }),
  },
  store: { kind: 'table', table: 'message', from: sentLevels, id: 't.number', where: isElectronic },
  actions: [
    {
      name: 'Send the message of a level once more',
      needs: 'write',
      params: { id: { type: long, isRequired: true } },
      v1: { method: 'POST', path: '/charge-flow-level/sendMessage' },
      v2: { method: 'POST', path: '/payment/charge-flows/levels/{id}/send-message' },
      async run(call, { params }) {
        const id = Number(params['id'])
        await inCall(call, (tx) => sendAgain(tx, call, id))
        return call.version === 1 ? { kind: 'object', entity: 'ChargeFlowLevel', id } : nothing
      },
    },
  ],
}

/** Puts the message into the queue again; whether it is sent decides the send gate. */
async function sendAgain(tx: Tx, call: Call, number: number): Promise<void> {
  const row = await tx.db
    .selectFrom('message as t')
    .innerJoin('claim as c', (join) =>
      join.onRef('c.tenant_id', '=', 't.tenant_id').onRef('c.claim_id', '=', 't.claim_id'),
    )
    .select([
      't.claim_id as claimId',
      't.channel',
      't.bundle_id as bundleId',
      'c.status',
      't.cause',
    ])
    .where('t.tenant_id', '=', tx.tenantId)
    .where('t.number', '=', number)
    .where('t.channel', 'in', ['email', 'sms'])
    .executeTakeFirst()
  if (!row || row.cause['kind'] !== 'journey') throw refuse('not_found')
  if (row.status !== 'ACTIVE')
    throw refuse('invalid_state', 'the invoice is not asked for any more')
  const { claimId, bundleId } = row
  const cause = { kind: 'agent', id: String(call.caller.userId) } as const
  const key = `wallee/level/${number}/${newId()}`
  const channel = row.channel as Channel
  await queueMessages(tx, [{ key, claimId, channel, bundleId, cause }])
}

/** The address of the debtor's page that a level's message leads to. */
export const chargeFlowLevelPaymentLink: Entity = {
  name: 'ChargeFlowLevelPaymentLink',
  group: 'charge-flows',
  scope: 'space',
  v1: { path: '/charge-flow-level-payment-link', verbs: ['read', 'search', 'count'] },
  v2: { path: '/payment/charge-flows/levels/payment-links', verbs: ['list', 'get', 'search'] },
  fields: {
    id: shown(long, { column: 't.number' }),
    chargeFlowLevel: shown(refersTo('ChargeFlowLevel'), { column: 't.number' }),
    linkedSpaceId: spaceOfRow,
    paymentLink: shown(text(), { column: '(p.base || k.code)' }),
  },
  store: {
    kind: 'table',
    table: 'message',
    from: (call) => `${sentLevels}
      join link k on k.tenant_id = t.tenant_id and k.claim_id = t.claim_id
      cross join (select '${baseOf(call)}' as base) p`,
    id: 't.number',
    where: isElectronic,
  },
}

/** What stands before the code, safe within quotes. */
function baseOf(call: Call): string {
  const place = { publicUrl: call.deps.services.publicUrl(), settings: call.tenant.settings }
  return linkUrl(place, '').replaceAll("'", "''")
}
