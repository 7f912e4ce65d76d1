import assert from 'node:assert/strict'
import type { Kysely } from 'kysely'
import {
  type Bookkeeper,
  bounded,
  type CallContext,
  type ClaimAt,
  claimNames,
  type Command,
  type Companion,
  type Desk,
  endPromise,
  type Outcome,
  refuse as refuseByBook,
} from '../book/index.ts'
import { debitClaim } from '../claims/index.ts'
import { addDays, endOfDay } from '../kernel/dates.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Refusal } from '../platform/refusal.ts'
import type { Tables } from '../platform/tables.ts'
import { type ClaimFacts, factsOf } from './claim-facts.ts'
import { activeDefinitions } from './definitions.ts'
import { chosenOption, type OfferedDefinition } from './eligibility.ts'
import { acceptedEvents } from './plan-events.ts'
import { insertStatements, type NewPlanRow, planAnswer } from './plan-rows.ts'
import { refuse } from './refusals.ts'
import type { NewPlan, Plan, PlanOption } from './schema.ts'

export interface AcceptDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  readonly nowOf: (tenantId: string) => Date
}

export interface Acceptance {
  readonly claimReference: string
  readonly choice: NewPlan
}

/** What is booked, what commits with it, and what the caller is then told. */
export interface AcceptanceWork {
  readonly command: Command<NewPlanRow>
  companions(outcomes: readonly Outcome<NewPlanRow>[]): Companion[]
  answer(plan: NewPlanRow): Plan
  /** What an error of the database means; undefined where it means nothing. */
  refusalOf(error: unknown): Refusal | undefined
}

/** The name under which a claim lists the fee of a plan. */
export const planFeeName = 'INSTALMENT_PLAN'

/**
 * Agrees a plan over what the claim asks for in that instant: its fee is booked, a promise on the claim gives way to it
 * (D-91), and all that commits together with the plan.
 */
export async function acceptPlan(
  deps: AcceptDeps,
  context: CallContext,
  acceptance: Acceptance,
): Promise<Plan> {
  const unit = {
    tenantId: context.tenantId,
    now: deps.nowOf(context.tenantId),
    isReadOnly: true,
  }
  const work = await inTransaction(deps.db, unit, (tx) =>
    prepareAcceptance(tx, context, acceptance),
  )
  try {
    const companions = work.companions.bind(work)
    const [outcome] = await deps.bookkeeper.submitGroup([work.command], { companions })
    assert(outcome, 'the bookkeeper gave no answer')
    if ('refusal' in outcome) throw outcome.refusal
    return work.answer(outcome.result)
  } catch (error) {
    throw work.refusalOf(error) ?? error
  }
}

/** The work of accepting a plan, for a caller who commits something of his own with it. */
export async function prepareAcceptance(
  tx: Tx,
  context: CallContext,
  acceptance: Acceptance,
): Promise<AcceptanceWork> {
  const { claimReference, choice } = acceptance
  const known = await factsOf(tx, claimReference)
  if (known.hasPlan) throw refuse('plan_exists')
  const definitions = await activeDefinitions(tx)
  const wanted = choice.definitionId.toLowerCase()
  const definition = definitions.find(({ definitionId }) => definitionId === wanted)
  if (!definition) throw refuse('definition_not_found')
  return {
    command: {
      id: context.commandId,
      tenantId: context.tenantId,
      metadata: context.metadata,
      needs: { claims: [known.claim.reference] },
      decide: (desk) => decide(desk, context, { known, definition, choice }),
    },
    companions: ([outcome]) =>
      outcome && 'result' in outcome ? insertStatements(context.tenantId, outcome.result) : [],
    answer: planAnswer,
    refusalOf: (error) => (isTaken(error) ? refuse('plan_exists') : undefined),
  }
}

// Two plans were accepted at the same time: the unique index lets one of them in.
const isTaken = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === '23505' &&
  'constraint' in error &&
  error.constraint === 'plan_of_claim'

interface Decision {
  readonly known: ClaimFacts
  readonly definition: OfferedDefinition
  readonly choice: NewPlan
}

function decide(desk: Desk, context: CallContext, decision: Decision): NewPlanRow {
  const { known, definition, choice } = decision
  const { reference } = known.claim
  const before = activeClaim(desk, reference)
  const facts = {
    ...known.facts,
    totalMinor: totalOf(before),
    currency: before.book.account.currency,
  }
  const { instalments: count, firstDueOn } = choice
  const option = chosenOption(definition, facts, { count, firstDueOn })
  if (choice.totalAmount !== undefined && choice.totalAmount !== option.totalAmount)
    throw refuse('plan_amount_changed')
  if (option.fee > 0) bookFee(desk, context, { reference, option })
  const at = activeClaim(desk, reference)
  assert.equal(totalOf(at), option.totalAmount, 'a plan is over what the claim asks for')
  replacePromise(desk, at)
  const plan = planOf(desk, at, { decision, option })
  const names = claimNames(at.book, at.claim)
  for (const event of acceptedEvents(names, plan)) desk.emit(event)
  return plan
}

function activeClaim(desk: Desk, reference: string): ClaimAt {
  const at = desk.findClaim(reference)
  if (!at || at.claim.status === 'PENDING') throw refuseByBook('claim_not_found')
  if (at.claim.status !== 'ACTIVE') throw refuseByBook('claim_not_active')
  return at
}

const totalOf = ({ book, claim }: ClaimAt) => bounded(book.amountOf(claim), book.feesTotalOf(claim))

function bookFee(
  desk: Desk,
  context: CallContext,
  { reference, option }: { reference: string; option: PlanOption },
): void {
  const { triggerName: _triggerName, ...calm } = context
  debitClaim(calm, {
    reference,
    data: {
      amount: 0,
      currency: option.currency,
      originator: 'CLIENT',
      fees: [{ name: planFeeName, amount: option.fee }],
    },
  }).decide(desk)
}

function replacePromise(desk: Desk, { book, claim }: ClaimAt): void {
  if (!claim.promise) return
  endPromise(book, claim, {
    status: desk.nowMs >= claim.promise.expiresAtMs ? 'EXPIRED' : 'INVALIDATED',
    nowMs: desk.nowMs,
    emit: (event) => desk.emit(event),
  })
}

function planOf(
  desk: Desk,
  { book, claim }: ClaimAt,
  { decision, option }: { decision: Decision; option: PlanOption },
): NewPlanRow {
  const { definition, known, choice } = decision
  const { toleranceDays = 0, brokenAfterMissed = 1 } = definition.terms
  const { timeZone } = known
  const { accountId, entrySeq } = book.account
  const instalments = option.schedule.map(({ number, dueOn, amount }, index) => {
    const previous = option.schedule[index - 1]
    return {
      number,
      dueOn,
      startsAt: previous === undefined ? desk.now : endOfDay(previous.dueOn, timeZone),
      expiresAt: endOfDay(addDays(dueOn, toleranceDays), timeZone),
      amountMinor: amount,
      paidMinor: 0,
      status: index === 0 ? ('STARTED' as const) : ('CREATED' as const),
    }
  })
  return {
    planId: newId(),
    claimId: claim.claimId,
    claimReference: claim.reference,
    definitionId: definition.definitionId,
    version: definition.version,
    status: 'ACTIVE',
    currency: option.currency,
    amountMinor: option.totalAmount,
    feeMinor: option.fee,
    paidMinor: 0,
    brokenAfter: brokenAfterMissed,
    places: [{ accountId, itemSeq: claim.itemSeq, afterSeq: entrySeq }],
    acceptedBy: choice.by ?? 'API',
    acceptedAt: desk.now,
    endReason: null,
    instalments,
  }
}
