import type { Companion } from '../book/index.ts'
import { createClaim } from '../claims/index.ts'
import { dateIn } from '../kernel/dates.ts'
import type { Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { announcement } from './announce.ts'
import { type CaseClaim, claimNamed, claimOf, owedMinor } from './case-claim.ts'
import { caseSources } from './catalogues.ts'
import { chooseConfiguration, type Configuration, configurationOf } from './choose-configuration.ts'
import { type Actor, type CaseDeps, contextOf, inTenant } from './context.ts'
import { debtorOf, lacksOf } from './debtor-of.ts'
import { settleCases } from './settle-cases.ts'
import { type CaseRow, findCase } from './find-case.ts'
import { refuse } from './refusals.ts'
import { createReviewTask } from './review-task.ts'
import { moveTo } from './move-case.ts'
import { isMissed, runStatement, sureStatement, violates } from './sure-statement.ts'

export interface Step {
  readonly id: number
  readonly from: 'CREATE' | 'PREPARING' | 'REVIEWING'
}

/**
 * Takes a case from one of its first states to the next: to preparation if it is incomplete, to review, or on to the
 * collector, with the claim it takes over or the one that is made of its line items. What keeps it from going on is
 * refused; a new case goes to preparation then.
 */
export async function advanceCase(deps: CaseDeps, actor: Actor, step: Step): Promise<void> {
  try {
    await tryAdvance(deps, actor, step)
  } catch (error) {
    const isWaiting = step.from === 'CREATE' && error instanceof Refusal
    if (!isWaiting || error.kind === 'conflict' || error.kind === 'unavailable') throw error
    await inTenant(deps, actor, async (tx) => {
      const row = await findCase(tx, step.id)
      if (row.state === 'CREATE') await moveTo(tx, row, 'PREPARING', { next_attempt_at: null })
    })
  }
}

async function tryAdvance(deps: CaseDeps, actor: Actor, step: Step): Promise<void> {
  const ready = await inTenant(deps, actor, async (tx) => {
    const plan = await planOf(tx, actor, step)
    if (plan.next === 'PENDING') {
      if (plan.claim) await toCollector(tx, actor, plan)
      return plan
    }
    const { row, claim, configuration } = plan
    const claimId = claim?.claimId ?? null
    const more = { configuration_id: configuration.id, claim_id: claimId, next_attempt_at: null }
    if (plan.next === 'PREPARING') await moveTo(tx, row, 'PREPARING', more)
    else {
      const taskId = await createReviewTask(tx, row, { claimId })
      const reviewing = { ...more, review_task_id: taskId, review_started_at: tx.now }
      await moveTo(tx, row, 'REVIEWING', reviewing)
    }
    return plan
  })
  if (ready.next !== 'PENDING') return
  if (!ready.claim) await withNewClaim(deps, actor, ready)
  await inTenant(deps, actor, (tx) => settleCases(tx, [step.id], actor.userId))
}

interface Plan {
  readonly row: CaseRow
  readonly next: 'PREPARING' | 'REVIEWING' | 'PENDING'
  readonly claim: CaseClaim | undefined
  readonly configuration: Configuration
}

async function planOf(tx: Tx, actor: Actor, { id, from }: Step): Promise<Plan> {
  const row = await findCase(tx, id)
  if (row.state !== from) throw refuse('invalid_state', `it is ${row.state}`)
  const claim = await activeClaim(tx, row)
  const lacks = lacksOfCase(row, claim)
  if (lacks.length > 0) throw refuse('case_incomplete', lacks.join(', '))
  const configuration = await configurationFor(tx, actor, { row, claim })
  const isForced = caseSources.some((source) => source.id === row.source && source.isForced)
  if (isForced && from === 'CREATE') return { row, next: 'PREPARING', claim, configuration }
  const isReviewed = from === 'REVIEWING' || isForced || configuration.skipReviewEnabled
  return { row, next: isReviewed ? 'PENDING' : 'REVIEWING', claim, configuration }
}

/** The claim that the case has or takes over; undefined where one has to be made. */
async function activeClaim(tx: Tx, row: CaseRow): Promise<CaseClaim | undefined> {
  const claim =
    row.claimId === null ? await claimNamed(tx, row.reference) : await claimOf(tx, row.claimId)
  if (!claim) return undefined
  if (claim.status !== 'ACTIVE') throw refuse('reference_taken')
  if (row.currency !== null && row.currency !== claim.currency) throw refuse('currency_mismatch')
  return claim
}

function lacksOfCase(row: CaseRow, claim: CaseClaim | undefined): string[] {
  if (claim) return []
  return [
    ...(row.currency === null ? ['currency'] : []),
    ...(row.lineItems.length === 0 || row.itemsMinor === 0 ? ['lineItems'] : []),
    ...lacksOf(row.billingAddress),
  ]
}

async function configurationFor(
  tx: Tx,
  actor: Actor,
  { row, claim }: { row: CaseRow; claim: CaseClaim | undefined },
): Promise<Configuration> {
  if (row.configurationId !== null) {
    const named = await configurationOf(tx, row.configurationId)
    if (named) return named
  }
  const fitting = await chooseConfiguration(tx, {
    environment: row.environment,
    isSandbox: actor.tenant.isSandbox,
    spaceViewId: row.spaceViewId,
    currency: claim?.currency ?? row.currency ?? '',
    amountMinor: claim ? owedMinor(claim) : (row.itemsMinor ?? 0),
    billingAddress: row.billingAddress ?? {},
  })
  if (!fitting) throw refuse('no_configuration')
  return fitting
}

async function toCollector(tx: Tx, actor: Actor, plan: Plan): Promise<void> {
  try {
    for (const statement of statementsFor(actor, plan, tx.now)) await runStatement(tx, statement)
  } catch (error) {
    throw meantBy(error) ?? error
  }
}

/** Makes the claim of the line items; the case goes on in the transaction that books it. */
async function withNewClaim(deps: CaseDeps, actor: Actor, plan: Plan): Promise<void> {
  const { row } = plan
  const { tenantId, timeZone } = actor.tenant
  const now = deps.nowOf(tenantId)
  const dueOn = dateIn(row.dueOnAt ?? row.contractAt ?? now, timeZone)
  const command = createClaim(contextOf(actor), {
    reference: row.reference,
    data: {
      amount: row.itemsMinor ?? 0,
      currency: row.currency ?? '',
      originalDueDate: dueOn,
      currentDueDate: dueOn,
      primaryDebtor: debtorOf(row.billingAddress ?? {}),
      meta: { debtCollectionCase: row.id, externalId: row.externalId },
    },
  })
  const [outcome] = await deps.bookkeeper
    .submitGroup([command], {
      companions: ([first]) => (first && 'result' in first ? statementsFor(actor, plan, now) : []),
    })
    .catch((error: unknown) => {
      throw meantBy(error) ?? error
    })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
}

/** The case waits for its collector from now on; amount and line items stay as they are. */
function statementsFor(actor: Actor, { row, claim, configuration }: Plan, now: Date): Companion[] {
  const { tenantId } = actor.tenant
  const moved = sureStatement(
    `changed as (
      update debt_case set state = 'PENDING', version = version + 1, configuration_id = $5, next_attempt_at = $6,
        claim_id = coalesce($7::uuid, (select claim_id from claim where tenant_id = $1 and reference = debt_case.reference)),
        currency = coalesce(currency, $8), asked = null,
        reviewed_at = case when $4 = 'REVIEWING' then $6::timestamptz end,
        reviewed_by = case when $4 = 'REVIEWING' then $9::bigint end
      where tenant_id = $1 and id = $2 and version = $3 and state = $4 returning id)`,
    [
      tenantId,
      row.id,
      row.version,
      row.state,
      configuration.id,
      now,
      claim?.claimId ?? null,
      claim?.currency ?? null,
      actor.userId,
    ],
  )
  const { id, reference, state: previous } = row
  return [moved, announcement(tenantId, { id, reference, state: 'PENDING', previous }, now)]
}

function meantBy(error: unknown): Refusal | undefined {
  if (isMissed(error)) return refuse('version_conflict')
  return violates(error, 'debt_case_of_claim') ? refuse('claim_in_case') : undefined
}
