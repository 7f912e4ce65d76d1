import { sql } from 'kysely'
import type { StoredEvent, Subscriber } from '../../../events/index.ts'
import { newId } from '../../../kernel/id.ts'
import type { Tx } from '../../../platform/db.ts'
import {
  activeEndpoints,
  listenerSubscriber,
  type Notice,
  queueNotices,
  tooLateFor,
} from '../../../webhooks/index.ts'
import type { Happening } from './happening.ts'
import { levelEvents } from './level-changes.ts'
import {
  chargeFlowEvents,
  tellChargeFlowLevels,
  tellChargeFlows,
  tellPaymentLinks,
} from './tell-charge-flows.ts'
import { customerEvents, tellCustomers } from './tell-customers.ts'
import { dunningEvents, tellDunning } from './tell-dunning.ts'
import { tellDunningLevels } from './tell-dunning-levels.ts'
import { invoiceEvents, tellInvoices } from './tell-invoices.ts'
import { caseEvents, refundEvents, taskEvents, tellNumbered, tellTasks } from './tell-others.ts'
import { type Watchable, type WatchableName, watchables } from './watchable.ts'

interface Teller {
  readonly events: readonly string[]
  tell(tx: Tx, events: readonly StoredEvent[], timeZone: string): Promise<Happening[]>
}

/** Which of our events tell of which kind of objects. */
export const tellers: Readonly<Record<WatchableName, Teller>> = {
  TransactionInvoice: { events: invoiceEvents, tell: tellInvoices },
  DebtCollectionCase: { events: caseEvents, tell: tellNumbered('caseId') },
  DunningCase: { events: dunningEvents, tell: tellDunning },
  DunningCaseLevel: { events: levelEvents, tell: tellDunningLevels },
  ChargeFlow: { events: chargeFlowEvents, tell: tellChargeFlows },
  ChargeFlowLevel: { events: levelEvents, tell: tellChargeFlowLevels },
  ChargeFlowLevelPaymentLink: { events: levelEvents, tell: tellPaymentLinks },
  ManualTask: { events: taskEvents, tell: tellTasks },
  Refund: { events: refundEvents, tell: tellNumbered('refundId') },
  Customer: { events: customerEvents, tell: tellCustomers },
}

/** Tells listeners of the wallee doors what happened to what they watch; each of them of each event once. */
export function listenerSubscriberOf(onQueued: (tenantId: string) => void): Subscriber {
  return {
    name: listenerSubscriber,
    types: [...new Set(Object.values(tellers).flatMap(({ events }) => events))],
    wanting: activeEndpoints,
    async handle(tx, events) {
      const listeners = await activeListeners(tx)
      const tooLate = await tooLateFor(tx, events)
      const { timeZone } = await placeOf(tx)
      let count = 0
      for (const name of Object.keys(tellers) as WatchableName[]) {
        const own = listeners.filter(({ entity }) => entity === watchables[name].id)
        const of = events.filter(({ type }) => tellers[name].events.includes(type))
        if (own.length === 0 || of.length === 0) continue
        const happenings = await tellers[name].tell(tx, of, timeZone)
        count += await tellListeners(tx, {
          watched: watchables[name],
          listeners: own,
          happenings,
          tooLate,
        })
      }
      if (count > 0) onQueued(tx.tenantId)
    },
  }
}

export interface Listener {
  readonly id: number
  readonly subscriptionId: string
  readonly entity: number
  readonly states: readonly string[]
  readonly isOfEveryChange: boolean
  readonly isSigned: boolean
  readonly createdAt: Date
}

/** Those that are to be told of anything. */
export async function activeListeners(tx: Tx): Promise<Listener[]> {
  const { rows } = await sql<Listener>`
    select l.id, l.subscription_id as "subscriptionId", l.entity, l.entity_states as states,
      l.notify_every_change as "isOfEveryChange", l.enable_payload_signature_and_state as "isSigned",
      s.created_at as "createdAt"
    from wallee_webhook_listener l
    join webhook_subscription s on s.tenant_id = l.tenant_id and s.subscription_id = l.subscription_id and s.is_active
    where l.tenant_id = ${tx.tenantId} and l.state = 'ACTIVE' order by l.id`.execute(tx.db)
  return rows
}

/** The number and the time zone of the tenant's space. */
export async function placeOf(tx: Tx): Promise<{ spaceId: number; timeZone: string }> {
  return tx.db
    .selectFrom('tenant')
    .select(['space_id as spaceId', 'time_zone as timeZone'])
    .where('tenant_id', '=', tx.tenantId)
    .executeTakeFirstOrThrow()
}

/** Queues what each listener wants to know of what happened; answers how many notices that is. */
export async function tellListeners(
  tx: Tx,
  of: {
    watched: Watchable
    listeners: readonly Listener[]
    happenings: readonly Happening[]
    /** Who became active after what had caused it, as `<subscription> <cause>`. */
    tooLate?: ReadonlySet<string>
  },
): Promise<number> {
  const { watched, listeners, happenings, tooLate } = of
  const wants = (listener: Listener, happening: Happening) =>
    isOfInterest(listener, happening) &&
    tooLate?.has(`${listener.subscriptionId} ${happening.causeId}`) !== true
  const wanted = happenings.filter((happening) =>
    listeners.some((listener) => wants(listener, happening)),
  )
  if (wanted.length === 0) return 0
  const numbered = await numberNotices(tx, watched, wanted)
  const { spaceId } = await placeOf(tx)
  const notices = numbered.flatMap((notice) =>
    listeners
      .filter((listener) => wants(listener, notice))
      .map((listener) => noticeTo(listener, notice, { watched, spaceId })),
  )
  return queueNotices(tx, notices)
}

/**
 * A listener hears of states it asked for, of all where it asked for none. Whether it was there by then is not asked of the
 * instant: an event may bear one from before the listener was made, and be committed after it (`tooLate`).
 */
function isOfInterest(listener: Listener, { state, isNewState }: Happening): boolean {
  const { isOfEveryChange, states } = listener
  if (isOfEveryChange) return true
  return isNewState && (states.length === 0 || states.includes(state))
}

interface Numbered extends Happening {
  readonly eventId: number
  readonly messageId: string
}

/** Gives what happened the number that receivers know it by. What has one already was told before. */
async function numberNotices(
  tx: Tx,
  { id: entity }: Watchable,
  happenings: readonly Happening[],
): Promise<Numbered[]> {
  const rows = happenings.map((happening) => ({
    entity_id: happening.entityId,
    state: happening.state,
    cause_id: happening.causeId,
    message_id: newId(),
    occurred_at: happening.occurredAt,
  }))
  const added = await sql<{
    eventId: number
    entityId: number
    causeId: string
    messageId: string
  }>`
    insert into wallee_notice (tenant_id, entity, entity_id, state, cause_id, message_id, occurred_at)
    select ${tx.tenantId}::uuid, ${entity}::bigint, n.entity_id, n.state, n.cause_id, n.message_id, n.occurred_at
    from rows from (json_to_recordset(${JSON.stringify(rows)}::json) as (
        entity_id bigint, state text, cause_id uuid, message_id uuid, occurred_at timestamptz))
      with ordinality as n (entity_id, state, cause_id, message_id, occurred_at, position)
    order by n.position
    on conflict (tenant_id, cause_id, entity, entity_id) do nothing
    returning id as "eventId", entity_id as "entityId", cause_id as "causeId", message_id as "messageId"`.execute(
    tx.db,
  )
  const keyOf = (of: { causeId: string; entityId: number }) => `${of.causeId} ${of.entityId}`
  const numbers = new Map(added.rows.map((row) => [keyOf(row), row]))
  return happenings.flatMap((happening) => {
    const row = numbers.get(keyOf(happening))
    return row ? [{ ...happening, eventId: row.eventId, messageId: row.messageId }] : []
  })
}

function noticeTo(
  listener: Listener,
  { eventId, entityId, state, messageId, occurredAt }: Numbered,
  { watched, spaceId }: { watched: Watchable; spaceId: number },
): Notice {
  return {
    subscriptionId: listener.subscriptionId,
    messageId,
    topic: `${watched.name} ${state}`,
    orderKey: `${watched.name} ${entityId}`,
    body: JSON.stringify({
      entityId,
      eventId,
      listenerEntityId: watched.id,
      listenerEntityTechnicalName: watched.name,
      spaceId,
      ...(listener.isSigned && watched.states.length > 0 ? { state } : {}),
      // `yyyy-MM-dd'T'HH:mm:ssZ`, as the provider writes it.
      timestamp: occurredAt.toISOString().replace(/\.\d{3}Z$/, '+0000'),
      webhookListenerId: listener.id,
    }),
  }
}
