import type { Channel } from '../../contacts/schema.ts'

/** When messages may leave, by the clock where the debtor is; `sendUntil` is the first minute that is too late. */
export interface QuietHours {
  readonly sendFrom: string
  readonly sendUntil: string
}

export interface ContactCap {
  readonly max: number
  readonly days: number
}

export interface Consent {
  readonly isRequired: boolean
}

export interface Weekdays {
  /** Monday is 1. */
  readonly days: readonly number[]
}

export interface RuleValues {
  readonly quiet_hours: QuietHours
  readonly contact_cap: ContactCap
  readonly consent: Consent
  readonly weekdays: Weekdays
}
export type RuleKind = keyof RuleValues
export const ruleKinds: readonly RuleKind[] = ['quiet_hours', 'contact_cap', 'consent', 'weekdays']

/** One rule: for a country and a channel or any of them, on the days on which it is valid. */
export interface Rule<K extends RuleKind = RuleKind> {
  readonly ruleId: string
  readonly kind: K
  readonly country: string | null
  readonly channel: Channel | null
  readonly value: RuleValues[K]
  readonly note: string | null
  readonly validFrom: string
  /** The last day; null: for ever. */
  readonly validUntil: string | null
  readonly isBuiltIn: boolean
}
export type AnyRule = { [K in RuleKind]: Rule<K> }[RuleKind]

/** The rules that count for one message; where a kind is missing, nothing is asked of that kind. */
export type AppliedRules = { readonly [K in RuleKind]?: Rule<K> }

const builtIn = { country: null, validUntil: null, isBuiltIn: true } as const
const hours = { sendFrom: '08:00', sendUntil: '21:00' }
const hoursNote =
  'Regulation F of the USA, 12 CFR 1006.6(b)(1)(i), names these hours inconvenient unless something else is known; kept everywhere as a careful default'

/** What counts where a tenant says nothing. Data, not law: whoever sends knows their own law and adds rules for it. */
export const builtInRules: readonly AnyRule[] = [
  {
    ...builtIn,
    ruleId: 'built-in:quiet-hours-email',
    kind: 'quiet_hours',
    channel: 'email',
    value: hours,
    note: hoursNote,
    validFrom: '2021-11-30',
  },
  {
    ...builtIn,
    ruleId: 'built-in:quiet-hours-sms',
    kind: 'quiet_hours',
    channel: 'sms',
    value: hours,
    note: hoursNote,
    validFrom: '2021-11-30',
  },
  {
    ...builtIn,
    ruleId: 'built-in:contact-cap',
    kind: 'contact_cap',
    channel: null,
    value: { max: 7, days: 7 },
    note: 'Regulation F of the USA, 12 CFR 1006.14(b)(2)(i)(A), presumes harassment beyond it for calls; kept here for all channels together',
    validFrom: '2021-11-30',
  },
]

export interface RuleScope {
  readonly country: string | undefined
  readonly channel: Channel
  /** The day on which they are asked for. */
  readonly date: string
}

/**
 * The rule of each kind that counts. What a tenant says goes before what is built in; among either, the rule that names
 * the country goes before one that names the channel, that before one that names neither, and the later before the earlier.
 */
export function rulesFor(tenantRules: readonly AnyRule[], scope: RuleScope): AppliedRules {
  const applied: Partial<Record<RuleKind, AnyRule>> = {}
  for (const kind of ruleKinds) {
    const own = best(tenantRules, kind, scope)
    const rule = own ?? best(builtInRules, kind, scope)
    if (rule) applied[kind] = rule
  }
  return applied as AppliedRules
}

function best(rules: readonly AnyRule[], kind: RuleKind, scope: RuleScope): AnyRule | undefined {
  return rules
    .filter((rule) => rule.kind === kind && isFor(rule, scope))
    .toSorted(bySpecificity)
    .at(-1)
}

function isFor(rule: AnyRule, { country, channel, date }: RuleScope): boolean {
  const isInTime = rule.validFrom <= date && (rule.validUntil === null || date <= rule.validUntil)
  const isHere = rule.country === null || rule.country === country
  return isInTime && isHere && (rule.channel === null || rule.channel === channel)
}

function bySpecificity(a: AnyRule, b: AnyRule): number {
  const weight = ({ country, channel }: AnyRule) =>
    (country === null ? 0 : 2) + (channel === null ? 0 : 1)
  if (weight(a) !== weight(b)) return weight(a) - weight(b)
  if (a.validFrom !== b.validFrom) return a.validFrom < b.validFrom ? -1 : 1
  return a.ruleId < b.ruleId ? -1 : 1
}
