import type { StoredEvent } from '../../../events/index.ts'
import type { Level, Run, Told } from './levels-of.ts'
import { endEvents } from './runs-of.ts'

/**
 * How a level stands: it waits to be sent, it was sent and waits for the payment, its message failed, the next level took its
 * place, its case ended before it was sent, or after.
 */
export type Standing = 'waiting' | 'sent' | 'failed' | 'followed' | 'dropped' | 'over'

export interface LevelChange {
  readonly event: StoredEvent
  readonly run: Run
  readonly level: Level
  readonly standing: Standing
  /** Something else about it changed. */
  readonly isSameStanding: boolean
  /** Its message was written just now. */
  readonly isBirth: boolean
}

type Telling = 'written' | 'delivered' | 'failed' | 'retried'

const tellings: Readonly<Record<string, Telling>> = {
  'event.debtorEmail.queued': 'written',
  'event.debtorSMS.queued': 'written',
  'event.debtorLetter.generated': 'written',
  'event.debtorEmail.delivered': 'delivered',
  'event.debtorSMS.delivered': 'delivered',
  'event.debtorEmailDelivery.failed': 'failed',
  'event.debtorSMSDelivery.failed': 'failed',
  'event.debtorEmailProcessing.failed': 'failed',
  'event.debtorSMSProcessing.failed': 'failed',
  'event.debtorLetterProcessing.failed': 'failed',
  'event.debtorEmailDelivery.interrupted': 'retried',
  'event.debtorSMSDelivery.temporaryFailed': 'retried',
}

/** What tells of levels: what becomes of their messages, and the end of their cases. */
export const levelEvents: readonly string[] = [...Object.keys(tellings), ...endEvents]

/** How levels stand after an event: the one that it names, and those that it left behind. */
export function changesOf({ event, run, own }: Told): LevelChange[] {
  const change = (level: Level, standing: Standing, more: Partial<LevelChange> = {}) => ({
    event,
    run,
    level,
    standing,
    isSameStanding: false,
    isBirth: false,
    ...more,
  })
  const telling = tellings[event.type]
  if (!own || telling === undefined)
    return endOf(run, event.occurredAt).map(([level, standing]) => change(level, standing))
  const standing = standingAfter(run, own, { telling, at: event.occurredAt })
  const isBirth = telling === 'written'
  const isSameStanding =
    telling === 'retried' ||
    (telling === 'failed' && (standing === 'over' || standing === 'followed'))
  // Nothing told before that there is this level.
  const isFirst = isBirth || (telling === 'failed' && !own.isWritten)
  const behind = isFirst ? leftBehind(run, run.levels.indexOf(own)) : []
  return [
    ...behind.map(([level, at]) => change(level, at)),
    change(own, standing, { isSameStanding, isBirth }),
  ]
}

function standingAfter(
  run: Run,
  level: Level,
  { telling, at }: { telling: Telling; at: Date },
): Standing {
  const isSent =
    telling === 'delivered' ||
    (telling === 'written' && level.isInOutbox) ||
    (telling !== 'written' && level.sentAt !== null && level.sentAt <= at)
  if (!isSent) return telling === 'failed' ? 'failed' : 'waiting'
  // It counts as sent because it came back; before that nobody knew.
  if (telling === 'retried' && level.status === 'FAILED') return 'failed'
  const next = run.levels[run.levels.indexOf(level) + 1]
  if (next && next.createdAt < at) return 'followed'
  if (isOver(run, at)) return 'over'
  return telling === 'failed' ? 'failed' : 'sent'
}

/** A case that came to the end of its flow unpaid may still have sent its last level then. */
function isOver({ state, endedAt }: Run, at: Date): boolean {
  if (endedAt === null) return false
  return state === 'FAILED' ? endedAt <= at : endedAt < at
}

type Stands = readonly [Level, Standing]

/** The levels before one that came to nothing as it began, back to the last of them that was written. */
function leftBehind({ levels }: Run, place: number): Stands[] {
  const behind: Stands[] = []
  for (let at = place - 1; at >= 0; at -= 1) {
    const level = levels[at]
    const next = levels[at + 1]
    if (!level || !next) break
    if (isWithheld(level)) behind.unshift([level, 'failed'])
    if (wasSentBy(level, next.createdAt)) behind.unshift([level, 'followed'])
    if (level.isWritten || level.status === 'FAILED') break
  }
  return behind
}

/** How the end of a case leaves its levels. Nothing is left of those that had failed or that another had followed. */
function endOf(run: Run, at: Date): Stands[] {
  const { levels } = run
  // What a flow wrote last is sent although the flow is at its end.
  const isUnpaid = run.state === 'FAILED'
  const dropped = isUnpaid ? [] : levels.filter((level) => isUnsentAt(level, at))
  const newest = levels.at(-1)
  const isUnheard = newest !== undefined && !newest.isWritten && newest.status !== 'FAILED'
  const others = isUnheard ? leftBehind(run, levels.length - 1) : []
  const ended = newest ? endOfNewest(newest, { at, isUnpaid }) : []
  return [...others, ...dropped.map((level): Stands => [level, 'dropped']), ...ended]
}

function endOfNewest(newest: Level, { at, isUnpaid }: { at: Date; isUnpaid: boolean }): Stands[] {
  if (isUnpaid && newest.createdAt >= at) return []
  if (isWithheld(newest)) return [[newest, 'failed']]
  return wasSentBy(newest, at) ? [[newest, 'over']] : []
}

/** No event told that the gate kept it back. */
const isWithheld = ({ status, isDropped }: Level) => status === 'WITHHELD' && !isDropped

/** It had been sent, and had not come back. */
function wasSentBy({ status, sentAt, bouncedAt }: Level, at: Date): boolean {
  if (sentAt === null || sentAt > at) return false
  return status === 'SENT' || (status === 'BOUNCED' && bouncedAt !== null && bouncedAt > at)
}

function isUnsentAt({ status, sentAt, isDropped }: Level, at: Date): boolean {
  if (status === 'QUEUED' || status === 'SENDING' || isDropped) return true
  return sentAt !== null && sentAt > at
}
