import { type Decision, type SendFacts, waitReasons, withholdReasons } from './decide.ts'
import type { AnyRule } from './rules.ts'

/** A decision as it is kept with its message, for people and for other systems. */
export interface KeptDecision {
  readonly verdict: Decision['verdict']
  readonly because: Decision['because']
  /** The same in a sentence. */
  readonly says: string
  /** When a message that waits is tried again. */
  readonly until?: string
  /** The rules that said so, as they were. */
  readonly rules: readonly KeptRule[]
}

interface KeptRule {
  readonly id: string
  readonly kind: string
  readonly value: unknown
  readonly note: string | null
}

/** Puts a decision into words. */
export function explain(decision: Decision, facts: SendFacts): KeptDecision {
  const { verdict, because, rules } = decision
  const kept = { verdict, because, rules: rules.map(keptRule) }
  if (decision.verdict === 'withhold') return { ...kept, says: withholdReasons[decision.because] }
  if (decision.verdict === 'wait')
    return { ...kept, says: waitReasons[decision.because], until: decision.until.toISOString() }
  return { ...kept, says: reasonsToSend(facts, rules) }
}

const keptRule = ({ ruleId, kind, value, note }: AnyRule): KeptRule => ({
  id: ruleId,
  kind,
  value,
  note,
})

function reasonsToSend(facts: SendFacts, rules: readonly AnyRule[]): string {
  const reasons =
    facts.purpose === 'notice'
      ? ['It tells what the debtor should hear whatever they owe']
      : ['The claim is open, nobody contests it and no agency has it']
  for (const rule of rules) reasons.push(...reasonOf(rule, facts))
  return reasons.join('; ')
}

function reasonOf(rule: AnyRule, { zones, preference }: SendFacts): string[] {
  const where = zones.join(', ')
  if (rule.kind === 'quiet_hours')
    return [`it is between ${rule.value.sendFrom} and ${rule.value.sendUntil} in ${where}`]
  if (rule.kind === 'weekdays') return [`it is a day for it in ${where}`]
  if (rule.kind === 'contact_cap')
    return [`fewer than ${rule.value.max} contacts in ${rule.value.days} days`]
  return preference === 'allowed' ? ['the debtor agreed to this channel'] : []
}
