import type pg from 'pg'
import { expect } from 'vitest'
import { addDays } from '../../src/kernel/dates.ts'
import { firstDueDays, promisedDays } from './actions.ts'
import { type Channel, type Claim, zonesOf } from './cast.ts'
import { minutesIn } from './clock.ts'
import type { Happened } from './drive.ts'
import type { MessageRow } from './messages.ts'

export interface Seen {
  readonly cast: readonly Claim[]
  readonly happened: readonly Happened[]
  readonly messages: readonly MessageRow[]
}

const steps = {
  reminder: 'email',
  text: 'sms',
  letter: 'letter',
  'final-notice': 'letter',
} as const
const opens = 8 * 60
const closes = 21 * 60
const capMax = 7
const capMs = 7 * 86_400_000

/** One row for each step of each run, of the channel that the step names; all of them decided, and the decision kept. */
export function checkExplained({ messages, cast }: Seen): void {
  const names = messages.map(({ run, step }) => `${run}/${step}`)
  expect(new Set(names).size).toBe(names.length)
  const claims = new Set(cast.map(({ reference }) => reference))
  const wrong = messages.filter((message) => !isExplained(message) || !claims.has(message.claim))
  expect(wrong).toEqual([])
}

function isExplained(message: MessageRow): boolean {
  const { step, channel, status, verdict, because, says, rules, hasContent, sentAt } = message
  if (steps[step as keyof typeof steps] !== channel || !says) return false
  if (status === 'WITHHELD') return verdict === 'withhold' && sentAt === null && !hasContent
  const asked = new Set((rules ?? []).map(({ kind }) => kind))
  const hasAsked = asked.has('contact_cap') && asked.has('quiet_hours')
  const isSent = status === 'SENT' && verdict === 'send' && because === 'all_clear'
  return isSent && sentAt !== null && hasContent && (channel === 'letter' || hasAsked)
}

/** Letters are printed by people, at any hour. */
export function checkHours({ messages, cast }: Seen): void {
  const country = new Map(cast.map(({ reference, debtor }) => [reference, debtor.country]))
  const outside = sentOf(messages).filter(({ channel, sentAt, claim }) => {
    const zones = zonesOf[country.get(claim) ?? 'DE']
    return (
      channel !== 'letter' &&
      !zones.every((zone) => {
        const minutes = minutesIn(sentAt, zone)
        return minutes >= opens && minutes < closes
      })
    )
  })
  expect(outside).toEqual([])
}

/** By the moment at which the gate let each go. */
export function checkCap({ messages }: Seen): { fullWindows: number } {
  const byDebtor = new Map<string, number[]>()
  for (const { debtor, contactedAt } of sentOf(messages))
    byDebtor.set(debtor, [...(byDebtor.get(debtor) ?? []), contactedAt.getTime()])
  let fullWindows = 0
  for (const [debtor, times] of byDebtor) {
    times.sort((a, b) => a - b)
    for (const [index, at] of times.entries()) {
      const within = times.slice(index).filter((other) => other < at + capMs)
      expect(within.length, `contacts of ${debtor} within a week`).toBeLessThanOrEqual(capMax)
      if (within.length === capMax) fullWindows += 1
    }
  }
  return { fullWindows }
}

type Sent = MessageRow & { readonly sentAt: Date; readonly contactedAt: Date }
const sentOf = (messages: readonly MessageRow[]): Sent[] =>
  messages.filter((each): each is Sent => each.status === 'SENT')

interface Times {
  readonly ended: number | undefined
  readonly held: { readonly from: number; readonly until: number } | undefined
}

/** Nothing leaves about a claim that is over, contested, or in a way that its debtor does not want; and nothing else stays. */
export function checkReasons(seen: Seen): void {
  const { messages, cast } = seen
  const claims = new Map(cast.map((claim) => [claim.reference, claim]))
  const times = timesOf(seen)
  const refusals = optOutsOf(seen)
  const wrong = messages.filter((message) => {
    const claim = claims.get(message.claim)
    const decidedAt = (message.contactedAt ?? message.decidedAt)?.getTime()
    if (!claim || decidedAt === undefined) return true
    const { ended = Infinity, held } = times.get(message.claim) ?? {}
    const isOver = decidedAt > ended
    const isHeld = held !== undefined && decidedAt > held.from && decidedAt < held.until
    const refusedAt = refusals.get(`${message.debtor}/${message.channel}`) ?? Infinity
    const hasNoAddress = !hasAddress(claim, message.channel)
    const holds: Record<string, boolean> = {
      claim_not_active: isOver,
      nothing_owed: isOver,
      journey_stopped: isOver,
      disputed: isHeld,
      opted_out: decidedAt > refusedAt,
      no_address: hasNoAddress,
      placed: message.status === 'WITHHELD',
      on_plan: claim.story.kind === 'plan',
      all_clear: !isOver && !isHeld && decidedAt <= refusedAt && !hasNoAddress,
    }
    return holds[message.because ?? ''] !== true
  })
  expect(wrong).toEqual([])
}

function timesOf({ happened }: Seen): Map<string, Times> {
  const times = new Map<string, Times>()
  for (const { action, at } of happened) {
    const { means, claim } = action
    const known = times.get(claim.reference) ?? { ended: undefined, held: undefined }
    const ms = at.getTime()
    if (means === 'ended') times.set(claim.reference, { ...known, ended: ms })
    if (means === 'held')
      times.set(claim.reference, { ...known, held: { from: ms, until: Infinity } })
    if (means === 'free' && known.held)
      times.set(claim.reference, { ...known, held: { ...known.held, until: ms } })
  }
  return times
}

function optOutsOf({ happened }: Seen): Map<string, number> {
  const all = happened.flatMap(({ action, at }) => {
    const { story, debtor } = action.claim
    if (story.kind !== 'optsOut') return []
    return [[`${debtor.reference}/${story.channel}`, at.getTime()] as const]
  })
  // A debtor of several claims may say it more than once; the first time counts.
  return new Map(all.toReversed())
}

function hasAddress({ debtor }: Claim, channel: Channel): boolean {
  if (channel === 'letter') return true
  return channel === 'email' ? debtor.has.email : debtor.has.mobile
}

/** Whoever said nothing and did nothing was written to at every step, wherever they have an address for it. */
export function checkSilent(seen: Seen): number {
  const optedOut = new Set(
    seen.cast.flatMap(({ story, debtor }) => (story.kind === 'optsOut' ? [debtor.reference] : [])),
  )
  const silent = seen.cast.filter(({ story, debtor }) => {
    return story.kind === 'silent' && !optedOut.has(debtor.reference)
  })
  for (const claim of silent) {
    const found = seen.messages.filter((message) => message.claim === claim.reference)
    const outcomes = Object.fromEntries(found.map(({ step, because }) => [step, because]))
    const expected = Object.entries(steps).map(([step, channel]) => {
      return [step, hasAddress(claim, channel) ? 'all_clear' : 'no_address']
    })
    // A debtor of ten claims may be due more than the cap lets through until the agency has them.
    const isShared = claim.account.startsWith('A-G')
    if (isShared) expect(Object.keys(outcomes).toSorted()).toEqual(Object.keys(steps).toSorted())
    else expect(outcomes, claim.reference).toEqual(Object.fromEntries(expected))
  }
  return silent.length
}

interface PlacedRow {
  readonly reference: string
  readonly status: string
  readonly placedAt: Date | null
  readonly isPlaced: boolean
}

// The strategy hands a claim over as this day past due begins.
const handOverDays = 59

/**
 * Each claim that still asks for money is with the agency, but for those whose journey was stopped or that are contested to the
 * end; and none was handed over while its debtor kept an agreement or contested it.
 */
export async function checkPlaced(pool: pg.Pool, seen: Seen): Promise<number> {
  const { rows } = await pool.query<PlacedRow>(
    `select c.reference, c.status, min(p.placed_at) as "placedAt", coalesce(bool_or(p.status = 'PLACED'), false) as "isPlaced"
     from quittance.claim c
     left join quittance.placement p on p.tenant_id = c.tenant_id and p.claim_id = c.claim_id
     group by c.reference, c.status`,
  )
  const found = new Map(rows.map((row) => [row.reference, row]))
  const times = timesOf(seen)
  const agreed = agreementsOf(seen)
  const wrong = seen.cast.filter(({ reference, story, dueOn }) => {
    const row = found.get(reference)
    const isOver = ['pays', 'resolves'].includes(story.kind) || ('isKept' in story && story.isKept)
    const { held } = times.get(reference) ?? {}
    const handOverMs = Date.parse(addDays(dueOn, handOverDays))
    const isHeld = held?.until === Infinity && held.from < handOverMs
    const isPlaced = !isOver && story.kind !== 'stops' && !isHeld
    const placedMs = row?.placedAt?.getTime()
    const isEarly = [held, agreed.get(reference)].some(
      (span) => span && placedMs !== undefined && placedMs > span.from && placedMs < span.until,
    )
    return isEarly || row?.isPlaced !== isPlaced || row.status !== (isOver ? 'RESOLVED' : 'ACTIVE')
  })
  expect(wrong.map((claim) => ({ claim, row: found.get(claim.reference) }))).toEqual([])
  return rows.filter(({ isPlaced }) => isPlaced).length
}

/** From when and until when a debtor keeps what was agreed on, at the least. */
function agreementsOf({ happened }: Seen): Map<string, { from: number; until: number }> {
  return new Map(
    happened.flatMap(({ action: { claim, day }, at }) => {
      const { story, reference } = claim
      if ((story.kind !== 'plan' && story.kind !== 'promises') || day !== story.day) return []
      const days = story.kind === 'plan' ? firstDueDays : promisedDays
      const from = at.getTime()
      const until = story.isKept ? Infinity : from + days * 86_400_000
      return [[reference, { from, until }] as const]
    }),
  )
}

/** Each message was told as often as it was written: once. */
export async function checkTold(pool: pg.Pool, { messages }: Seen): Promise<void> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::integer as count from quittance.event
     where type in ('event.debtorEmail.queued', 'event.debtorSMS.queued', 'event.debtorLetter.generated')`,
  )
  expect(rows[0]?.count).toBe(sentOf(messages).length)
}
