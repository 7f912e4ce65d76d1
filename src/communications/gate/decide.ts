import type { Channel, PreferenceValue } from '../../contacts/schema.ts'
import { nextAllowed, type Window } from './moments.ts'
import type { AnyRule, AppliedRules } from './rules.ts'

/** Why a message is for the debtor: to ask for money, or to tell what they should hear even when they owe nothing. */
export type Purpose = 'dunning' | 'notice'

export interface JourneyState {
  readonly status: string
  readonly pausedUntil: Date | null
}

/** Where a message may go, or why it can go nowhere. */
export type Destination =
  { readonly address: string } | { readonly missing: 'no_address' | 'address_suppressed' }

/** All that is asked before a message leaves, as it is at this moment. */
export interface SendFacts {
  readonly channel: Channel
  readonly purpose: Purpose
  readonly claim: { readonly status: string; readonly owedMinor: number }
  readonly hasOpenDispute: boolean
  readonly isPlaced: boolean
  /** The debtor pays by instalments, as agreed so far. */
  readonly isOnPlan: boolean
  /** The run that wanted the message; undefined: no run did. */
  readonly run: JourneyState | undefined
  readonly preference: PreferenceValue
  readonly destination: Destination
  readonly zones: readonly string[]
  /** When the debtor was contacted before, over all claims and channels, in any order. */
  readonly contactedAt: readonly Date[]
}

export const withholdReasons = {
  claim_deleted: 'The claim was deleted',
  claim_not_active: 'The claim is settled',
  nothing_owed: 'The claim asks for nothing any more',
  disputed: 'The debtor contests the claim',
  placed: 'The claim is with an agency; it writes to the debtor now',
  on_plan: 'The debtor pays by instalments, as agreed so far',
  journey_stopped: 'The journey that wanted it was stopped',
  opted_out: 'The debtor does not want to be written to this way',
  no_consent: 'The rule asks for consent and the debtor gave none',
  no_address: 'The debtor has no address for this channel',
  address_suppressed: 'Nothing is sent to the only addresses that are known',
  no_allowed_moment: 'No moment of the next two weeks is allowed in all time zones of the country',
} as const
export type WithholdReason = keyof typeof withholdReasons

export const waitReasons = {
  journey_paused: 'The journey that wanted it is paused',
  contact_cap: 'The debtor was contacted as often as the rule allows',
  quiet_hours: 'It is too early or too late where the debtor is, or not a day for it',
} as const
export type WaitReason = keyof typeof waitReasons

export type Decision =
  | { readonly verdict: 'send'; readonly because: 'all_clear'; readonly rules: readonly AnyRule[] }
  | {
      readonly verdict: 'withhold'
      readonly because: WithholdReason
      readonly rules: readonly AnyRule[]
    }
  | {
      readonly verdict: 'wait'
      readonly until: Date
      readonly because: WaitReason
      readonly rules: readonly AnyRule[]
    }

const dayMs = 86_400_000
// A contact counts until the full quarter of an hour: what is sent at the same time of day every week finds the same room,
// whichever second filled it a week ago, and all that wait for it come back together, the oldest first.
const quarterMs = 15 * 60_000
// A pause without an end is looked at again this much later, unless it ends before.
const pauseLookMs = dayMs

/** Whether a message may leave now, must wait, or must not leave at all, and why. Pure: what holds is passed in. */
export function decide(facts: SendFacts, rules: AppliedRules, now: Date): Decision {
  const withheld = reasonToWithhold(facts, rules)
  if (withheld) {
    const isRule = withheld === 'no_consent' && rules.consent !== undefined
    return { verdict: 'withhold', because: withheld, rules: isRule ? [rules.consent] : [] }
  }
  const paused = pauseEnd(facts, now)
  if (paused) return { verdict: 'wait', until: paused, because: 'journey_paused', rules: [] }
  return decideWhen(facts, rules, now)
}

function reasonToWithhold(facts: SendFacts, rules: AppliedRules): WithholdReason | undefined {
  const { claim, purpose, run, preference, destination } = facts
  if (claim.status === 'DELETED') return 'claim_deleted'
  if (purpose === 'dunning') {
    if (claim.status !== 'ACTIVE') return 'claim_not_active'
    if (claim.owedMinor <= 0) return 'nothing_owed'
    if (facts.hasOpenDispute) return 'disputed'
    if (facts.isPlaced) return 'placed'
    if (facts.isOnPlan) return 'on_plan'
  }
  if (run?.status === 'STOPPED') return 'journey_stopped'
  if (preference === 'denied') return 'opted_out'
  if (rules.consent?.value.isRequired === true && preference !== 'allowed') return 'no_consent'
  return 'missing' in destination ? destination.missing : undefined
}

function pauseEnd({ run }: SendFacts, now: Date): Date | undefined {
  if (run?.status !== 'PAUSED') return undefined
  const look = new Date(now.getTime() + pauseLookMs)
  const { pausedUntil } = run
  return pausedUntil && pausedUntil > now && pausedUntil < look ? pausedUntil : look
}

function decideWhen(facts: SendFacts, rules: AppliedRules, now: Date): Decision {
  const window: Window = {
    hours: rules.quiet_hours?.value,
    days: rules.weekdays?.value.days,
    zones: facts.zones,
  }
  const capFree = capFreeAt(facts, rules, now)
  const isCapped = capFree > now
  const until = nextAllowed(capFree, window)
  const hourRules = [rules.quiet_hours, rules.weekdays].filter((rule) => rule !== undefined)
  if (!until) return { verdict: 'withhold', because: 'no_allowed_moment', rules: hourRules }
  const capRules = rules.contact_cap ? [rules.contact_cap] : []
  if (isCapped) return { verdict: 'wait', until, because: 'contact_cap', rules: capRules }
  if (until > now) return { verdict: 'wait', until, because: 'quiet_hours', rules: hourRules }
  const { consent } = rules
  const asked = [...hourRules, ...capRules, ...(consent ? [consent] : [])]
  return { verdict: 'send', because: 'all_clear', rules: asked }
}

/** When the debtor may be contacted again: now, or as soon as the contact leaves the window that fills it up. */
function capFreeAt(facts: SendFacts, rules: AppliedRules, now: Date): Date {
  const cap = rules.contact_cap?.value
  // What a debtor asked for, such as a receipt, is no contact that somebody presses on them.
  if (!cap || facts.purpose === 'notice') return now
  const leaves = facts.contactedAt
    .map((at) => Math.ceil((at.getTime() + cap.days * dayMs) / quarterMs) * quarterMs)
    .filter((at) => at > now.getTime())
    .toSorted((a, b) => b - a)
  const filling = leaves[cap.max - 1]
  return filling === undefined ? now : new Date(filling)
}
