import { addDays, daysBetween } from '../kernel/dates.ts'
import { addMinor, AmountOutOfRange } from '../kernel/money.ts'
import { refuse } from './refusals.ts'
import { countsOf, scheduleOf, smallestOf } from './schedule.ts'
import type { PlanOption, PlanTerms } from './schema.ts'

/** What decides whether a claim is offered a plan. */
export interface Facts {
  readonly totalMinor: number
  readonly currency: string
  readonly originalDueOn: string
  readonly portfolioReference: string | null
  /** The day on which a plan of the account was broken last. */
  readonly brokenOn: string | null
  readonly today: string
}

export interface OfferedDefinition {
  readonly definitionId: string
  readonly version: number
  readonly name: string
  readonly terms: PlanTerms
}

export interface Choice {
  readonly count: number
  readonly firstDueOn: string
}

/** Why a claim is not offered a plan of these terms; nothing where it is. */
export function reasonsAgainst(terms: PlanTerms, facts: Facts): string[] {
  const { totalMin, totalMax, daysPastDueMax, portfolioReferences, noBrokenPlanDays } =
    terms.eligibility ?? {}
  const pastDue = daysBetween(facts.originalDueOn, facts.today)
  const portfolio = facts.portfolioReference
  const wrong: [string, boolean][] = [
    ['currency', facts.currency !== terms.currency],
    ['totalMin', totalMin !== undefined && facts.totalMinor < totalMin],
    ['totalMax', totalMax !== undefined && facts.totalMinor > totalMax],
    ['daysPastDueMax', daysPastDueMax !== undefined && pastDue > daysPastDueMax],
    [
      'portfolioReferences',
      portfolioReferences !== undefined &&
        (portfolio === null || !portfolioReferences.includes(portfolio)),
    ],
    ['noBrokenPlanDays', noBrokenPlanDays !== undefined && isRecent(facts, noBrokenPlanDays)],
  ]
  return wrong.flatMap(([name, isWrong]) => (isWrong ? [name] : []))
}

const isRecent = ({ brokenOn, today }: Facts, days: number) =>
  brokenOn !== null && daysBetween(brokenOn, today) < days

/** The last day on which a plan of these terms may begin. */
export const firstDueTo = (terms: PlanTerms, today: string) =>
  addDays(today, terms.firstDueWithinDays)

/** Every number of instalments that a claim may choose, with its schedule; nothing where it is not offered the plan. */
export function optionsOf(
  definition: OfferedDefinition,
  facts: Facts,
  firstDueOn: string | undefined,
): PlanOption[] {
  const { terms } = definition
  if (reasonsAgainst(terms, facts).length > 0) return []
  const wanted = firstDueOn ?? firstDueTo(terms, facts.today)
  if (!isFirstDay(terms, facts, wanted)) return []
  return countsOf(terms)
    .filter((count) => isLargeEnough(terms, facts, count))
    .map((count) => option(definition, facts, { count, firstDueOn: wanted }))
}

/** The plan that was chosen, or a refusal that says why it is not to be had. */
export function chosenOption(
  definition: OfferedDefinition,
  facts: Facts,
  choice: Choice,
): PlanOption {
  const { terms } = definition
  const against = reasonsAgainst(terms, facts)
  if (!countsOf(terms).includes(choice.count)) against.push('instalments')
  else if (!isLargeEnough(terms, facts, choice.count)) against.push('instalmentMin')
  if (against.length > 0) throw refuse('plan_not_offered', against.join(', '))
  if (!isFirstDay(terms, facts, choice.firstDueOn)) throw refuse('invalid_first_due')
  return option(definition, facts, choice)
}

const isFirstDay = (terms: PlanTerms, { today }: Facts, firstDueOn: string) =>
  firstDueOn >= today && firstDueOn <= firstDueTo(terms, today)

function isLargeEnough(terms: PlanTerms, facts: Facts, count: number): boolean {
  const total = totalOf(terms, facts)
  return total !== undefined && smallestOf(total, count) >= (terms.instalmentMin ?? 1)
}

/** With the fee; undefined where that could not be kept exactly. */
function totalOf(terms: PlanTerms, facts: Facts): number | undefined {
  try {
    return addMinor(facts.totalMinor, terms.fee ?? 0)
  } catch (error) {
    if (error instanceof AmountOutOfRange) return undefined
    throw error
  }
}

function option(definition: OfferedDefinition, facts: Facts, choice: Choice): PlanOption {
  const { definitionId, version, name, terms } = definition
  const { count, firstDueOn } = choice
  const totalMinor = addMinor(facts.totalMinor, terms.fee ?? 0)
  return {
    definitionId,
    version,
    name,
    instalments: count,
    currency: terms.currency,
    totalAmount: totalMinor,
    fee: terms.fee ?? 0,
    firstDueFrom: facts.today,
    firstDueTo: firstDueTo(terms, facts.today),
    schedule: scheduleOf({ totalMinor, count, firstDueOn, interval: terms.interval }),
  }
}
