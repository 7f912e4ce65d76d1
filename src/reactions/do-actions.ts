import { namesOfClaim, findClaims, type Json } from '../book/index.ts'
import { queueMessages } from '../communications/index.ts'
import { divertJourney, setPaymentProviders, startJourney, tenantOf } from '../journeys/index.ts'
import { addDaysIn } from '../kernel/dates.ts'
import { placeClaims, recallClaims } from '../placements/index.ts'
import { type Tx, withMetadata } from '../platform/db.ts'
import { createTasks } from '../tasks/index.ts'
import type { ActionOf, ActionType, PlainAction } from './actions.ts'
import type { Firing } from './firings.ts'

/** One action of a firing that is due. */
export interface Due<A extends PlainAction = PlainAction> {
  readonly firing: Firing
  readonly action: A
  /** The same for the same action, whenever it is done. */
  readonly key: string
}

/** What became of actions that were not simply done, by their keys. */
export type Remarks = ReadonlyMap<string, string>

/**
 * Does the actions of many firings, each kind at once. Their events tell the reactions that led to them, so those with other
 * chains are done apart.
 */
export async function doActions(tx: Tx, due: readonly Due[]): Promise<Remarks> {
  const groups = new Map<string, Due[]>()
  for (const one of due) {
    const key = one.firing.chain.join(' ')
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  const remarks = new Map<string, string>()
  for (const group of groups.values()) {
    const chain = group[0]?.firing.chain ?? []
    const metadata = { originator: 'Reaction', chain }
    for (const [key, remark] of await doOfChain(withMetadata(tx, metadata), group))
      remarks.set(key, remark)
  }
  return remarks
}

async function doOfChain(tx: Tx, due: readonly Due[]): Promise<Remarks> {
  await queueMessages(tx, due.filter(isMessage).map(messageOf))
  await setPaymentProviders(
    tx,
    due.filter(isKind('paymentProviders')).map(({ firing, action: { providers } }) => {
      return { claimId: claimOf(firing), providers }
    }),
  )
  await recallClaims(tx, due.filter(isKind('revertOutsource')).map(orderOf))
  await makeTasks(tx, due.filter(isKind('createTask')))
  await announce(tx, due)
  for (const one of due.filter(isKind('startJourney'))) {
    const { journeyId } = one.action
    await startJourney(tx, referenceOf(one), journeyId === undefined ? {} : { journeyId })
  }
  for (const one of due.filter(isKind('switchPath')))
    await divertJourney(tx, referenceOf(one), { switchPath: one.action.path })
  for (const one of due.filter(isKind('insertPath')))
    await divertJourney(tx, referenceOf(one), { insertPath: one.action.path })
  return place(tx, due.filter(isKind('outsource')))
}

const isKind =
  <T extends ActionType>(type: T) =>
  (one: Due): one is Due<PlainAction & ActionOf<T>> =>
    one.action.type === type

type MessageAction = ActionOf<'email'> | ActionOf<'sms'> | ActionOf<'letter'>

const isMessage = (one: Due): one is Due<MessageAction> => 'bundleId' in one.action

/** What a firing must have before such an action becomes due. */
function claimOf({ claimId }: Firing): string {
  if (claimId === null) throw new Error('an action on a claim without a claim')
  return claimId
}

function referenceOf({ firing }: Due): string {
  if (firing.claimReference === null) throw new Error('an action on a claim without a claim')
  return firing.claimReference
}

function causeOf({ firing }: Due) {
  const { reactionId: id, done } = firing
  return { kind: 'reaction' as const, id, step: String(done + 1) }
}

function messageOf(one: Due<MessageAction>) {
  const { firing, action, key } = one
  const { type: channel, bundleId, context, purpose } = action
  return {
    key,
    claimId: claimOf(firing),
    channel,
    bundleId,
    cause: { ...causeOf(one), chain: firing.chain },
    context: { ...context, triggerContext: firing.context },
    ...(purpose ? { purpose } : {}),
  }
}

const orderOf = (one: Due) => ({ claimId: claimOf(one.firing), cause: causeOf(one) })

async function makeTasks(tx: Tx, due: readonly Due<ActionOf<'createTask'>>[]): Promise<void> {
  if (due.length === 0) return
  const { timeZone } = await tenantOf(tx)
  const orders = due.map((one) => {
    const { kind, title, details, actions, dueInDays } = one.action
    const dueAt = dueInDays === undefined ? undefined : addDaysIn(tx.now, dueInDays, timeZone)
    const claimId = one.firing.claimId ?? undefined
    return { key: one.key, kind, title, details, actions, claimId, dueAt, cause: causeOf(one) }
  })
  await createTasks(tx, orders)
}

/** What others are told by event: our own webhooks carry it out of the house. */
async function announce(tx: Tx, due: readonly Due[]): Promise<void> {
  const told = due.filter(
    (one) => one.action.type === 'webhook' || one.action.type === 'notifyClient',
  )
  if (told.length === 0) return
  const claimIds = told.flatMap(({ firing }) => firing.claimId ?? [])
  const claims = await findClaims(tx, [...new Set(claimIds)])
  const { settings } = await tenantOf(tx)
  for (const one of told) {
    const claim = claims.get(one.firing.claimId ?? '')
    await tx.emit(eventOf(one, { names: claim ? namesOfClaim(claim) : {}, settings }))
  }
}

function eventOf(
  { firing, action, key }: Due,
  { names, settings }: { names: Json; settings: Record<string, unknown> },
) {
  const { accountReference, reactionId, reactionName, eventType, context } = firing
  const account = accountReference === null ? {} : { accountReference }
  const reaction = { reactionId, reactionName, event: eventType, triggerContext: context, key }
  const data = { ...account, ...names, ...reaction }
  if (action.type === 'webhook') {
    const { name, data: more = {} } = action
    return { type: 'event.reactionWebhook.requested', data: { ...data, name, data: more } }
  }
  if (action.type !== 'notifyClient') throw new Error(`${action.type} tells nobody`)
  const { clientEmail } = settings
  const { subject, text = '' } = action
  const to = typeof clientEmail === 'string' ? { clientEmail } : {}
  return { type: 'event.reactionNotice.requested', data: { ...data, ...to, subject, text } }
}

async function place(tx: Tx, due: readonly Due<ActionOf<'outsource'>>[]): Promise<Remarks> {
  const orders = due.map((one) => ({ ...orderOf(one), partner: one.action.partner }))
  const outcomes = await placeClaims(tx, orders)
  const remarks = due.map((one) => [one.key, outcomes.get(claimOf(one.firing)) ?? ''] as const)
  return new Map(remarks.filter(([, outcome]) => outcome !== 'PLACED' && outcome !== ''))
}
