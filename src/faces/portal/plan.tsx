import assert from 'node:assert/strict'
import type { FastifyReply } from 'fastify'
import { callContext } from '../../book/index.ts'
import { isDate } from '../../kernel/dates.ts'
import { type AcceptanceWork, prepareAcceptance, previewPlans } from '../../plans/index.ts'
import type { PlanOption } from '../../plans/schema.ts'
import { announce, metadata, telling } from './events.ts'
import { fieldsOf } from './fields.ts'
import { requireOption } from './options.ts'
import { factsOf } from './overview.tsx'
import type { Facts } from './read-facts.ts'
import { sendPage } from './send-page.ts'
import { goTo, inVisit, pageOf, refuse, requireOurForm, type Visit } from './visit.ts'
import { keyOf, PlanPage, ReviewPage } from './views/plan.tsx'

interface Entered {
  readonly plan: string
  readonly first: string
}

interface Offered {
  readonly facts: Facts
  readonly options: readonly PlanOption[]
  /** The days on which some plan may begin. */
  readonly days: { readonly least: string; readonly most: string }
}

/** Shows the plans that the claim may choose. */
export async function askPlan(visit: Visit): Promise<FastifyReply> {
  const offered = await whatIsOffered(visit)
  const [only] = offered.options
  const plan = offered.options.length === 1 && only ? keyOf(only) : ''
  return sendPlans(visit, { offered, entered: { plan, first: offered.days.most } })
}

/** Shows every date of the plan that was chosen. Nothing is agreed yet. */
export async function reviewPlan(visit: Visit): Promise<FastifyReply> {
  const { entered } = enteredIn(visit)
  const offered = await whatIsOffered(visit)
  const chosen = offered.options.find((option) => keyOf(option) === entered.plan)
  if (!chosen) return sendPlans(visit, { offered, entered, problems: { plan: true } })
  const option = await planned(visit, offered.facts, entered)
  if (!option) return sendPlans(visit, { offered, entered, problems: { first: true } })
  const { totalAmount: amount } = option
  await announce(visit, 'Instalment.selected', { option: nameOf(option), amount })
  const { claimReference } = offered.facts
  return sendPage(visit, <ReviewPage page={pageOf(visit, claimReference)} option={option} />)
}

/** Agrees to the plan that was shown, and to no other. */
export async function confirmPlan(visit: Visit): Promise<FastifyReply> {
  const { entered, total } = enteredIn(visit)
  const { facts } = await whatIsOffered(visit)
  const option = await planned(visit, facts, entered)
  if (!option || option.totalAmount !== total) throw refuse('option_gone')
  await accept(visit, facts, option)
  visit.session = { ...visit.session, notice: { key: 'notice.planned', values: {} } }
  return goTo(visit)
}

async function accept(visit: Visit, facts: Facts, option: PlanOption): Promise<void> {
  const { claimReference: reference } = facts
  const { definitionId, instalments, totalAmount, schedule } = option
  const [first] = schedule
  assert(first, 'a plan has instalments')
  const choice = {
    definitionId,
    instalments,
    firstDueOn: first.dueOn,
    totalAmount,
    by: 'DEBTOR',
  }
  const context = callContext(visit.tenant, metadata)
  const work = await inVisit(visit, (tx) =>
    prepareAcceptance(tx, context, { claimReference: reference, choice }),
  )
  const command = telling(visit, work.command, {
    event: 'Instalment.confirmed',
    reference,
    option: nameOf(option),
    amount: totalAmount,
  })
  await submit(visit, { ...work, command })
}

async function submit(visit: Visit, work: AcceptanceWork): Promise<void> {
  try {
    const [outcome] = await visit.deps.bookkeeper.submitGroup([work.command], {
      companions: (outcomes) => work.companions(outcomes),
    })
    assert(outcome, 'the bookkeeper gave no answer')
    if ('refusal' in outcome) throw outcome.refusal
  } catch (error) {
    throw work.refusalOf(error) ?? error
  }
}

function enteredIn(visit: Visit): { entered: Entered; total: number } {
  const fields = fieldsOf(visit.request)
  requireOurForm(visit, fields.get('csrf'))
  const entered = { plan: fields.get('plan') ?? '', first: (fields.get('first') ?? '').trim() }
  return { entered, total: Number(fields.get('total')) }
}

async function whatIsOffered(visit: Visit): Promise<Offered> {
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'plan')
  const options = await preview(visit, facts)
  const least = options.map(({ firstDueFrom }) => firstDueFrom).toSorted(byText)[0]
  const most = options
    .map(({ firstDueTo }) => firstDueTo)
    .toSorted(byText)
    .at(-1)
  if (least === undefined || most === undefined) throw refuse('option_gone')
  return { facts, options, days: { least, most } }
}

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b))

/** The plan with its dates as they come out when it begins on the chosen day; undefined where it may not. */
async function planned(
  visit: Visit,
  facts: Facts,
  { plan, first }: Entered,
): Promise<PlanOption | undefined> {
  if (!isDate(first)) return undefined
  const options = await preview(visit, facts, first)
  return options.find((option) => keyOf(option) === plan)
}

function preview({ deps, tenant }: Visit, facts: Facts, firstDueOn?: string) {
  const { services, checkout } = deps
  return previewPlans(
    { db: services.db, nowOf: checkout.nowOf },
    { tenantId: tenant.tenantId, claimReference: facts.claimReference, firstDueOn },
  )
}

const nameOf = ({ name, instalments }: PlanOption) => `${name} (${instalments})`

function sendPlans(
  visit: Visit,
  view: { offered: Offered; entered: Entered; problems?: { plan?: boolean; first?: boolean } },
): FastifyReply {
  const { offered, entered, problems = {} } = view
  const isWrong = problems.plan === true || problems.first === true
  return sendPage(
    visit,
    <PlanPage
      page={pageOf(visit, offered.facts.claimReference)}
      options={offered.options}
      days={offered.days}
      entered={entered}
      problems={problems}
    />,
    isWrong ? 422 : 200,
  )
}
