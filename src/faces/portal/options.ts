import { paymentsOf } from '../../checkout/index.ts'
import type { Payment } from '../../checkout/schema.ts'
import { openDisputesOf } from '../../disputes/index.ts'
import { paymentProvidersOf } from '../../journeys/index.ts'
import { dateIn } from '../../kernel/dates.ts'
import { addMinor } from '../../kernel/money.ts'
import { planOf, previewPlans } from '../../plans/index.ts'
import { placementOf } from '../../placements/index.ts'
import { creditorOf, offersOf } from './creditor.ts'
import type { Plan } from '../../plans/schema.ts'
import type { Facts } from './read-facts.ts'
import type { OptionName, Standing } from './views/overview.tsx'
import { inVisit, refuse, type Visit } from './visit.ts'

/** What is under way about the claim. */
export function standingOf(visit: Visit, claimReference: string): Promise<Standing> {
  const { claimId, tenant } = visit
  return inVisit(visit, async (tx) => {
    const dispute = (await openDisputesOf(tx, [claimId])).get(claimId)
    const payments = await paymentsOf(tx, [claimId])
    const processing = payments.filter(({ state }) => state === 'processing')
    const placement = (await placementOf(tx, [claimId])).get(claimId)
    const plan = await planOf(tx, claimReference)
    return {
      nextInstalment: nextOf(plan),
      disputedOn: dispute && dateIn(dispute.openedAt, tenant.timeZone),
      processingMinor: processing.length === 0 ? undefined : paidBy(processing, claimId),
      agency: placement?.status === 'PLACED' ? placement.partner : undefined,
    }
  })
}

/** What an active plan asks for next. */
function nextOf(plan: Plan | undefined): Standing['nextInstalment'] {
  if (plan?.status !== 'ACTIVE') return undefined
  const next = plan.instalments.find(({ amount, paidAmount }) => paidAmount < amount)
  return next && { amountMinor: next.amount - next.paidAmount, dueOn: next.dueOn }
}

/** What these payments bring to one claim. */
function paidBy(payments: readonly Payment[], claimId: string): number {
  const shares = payments.flatMap(({ claims }) =>
    claims.filter((claim) => claim.claimId === claimId),
  )
  return shares.reduce((sum, { amountMinor }) => addMinor(sum, amountMinor), 0)
}

/** What the visitor can do, as the tenant offers it and the claim allows it. */
export async function optionsOf(
  visit: Visit,
  facts: Facts,
  standing: Standing,
): Promise<readonly OptionName[]> {
  const offers = offersOf(visit.tenant.settings)
  const canPay = facts.status === 'ACTIVE' && facts.totalMinor > 0
  const isPossible: Record<OptionName, boolean> = {
    pay: payableOf(facts, standing) > 0 && canPay && (await hasProviders(visit)),
    transfer: canPay && creditorOf(visit.tenant).iban !== undefined,
    promise: canPay && offers.promises && standing.nextInstalment === undefined,
    plan: canPay && offers.instalments && (await hasPlans(visit, facts)),
    dispute: facts.status === 'ACTIVE' && offers.disputes && standing.disputedOn === undefined,
    contact: facts.debtorReference !== null,
  }
  return (['pay', 'transfer', 'promise', 'plan', 'dispute', 'contact'] as const).filter(
    (name) => isPossible[name],
  )
}

/** What is still to pay, less what is on its way already. */
export function payableOf(facts: Facts, { processingMinor = 0 }: Standing): number {
  return Math.max(0, facts.totalMinor - processingMinor)
}

/** Refuses what is not offered, as if it were not there; answers how the claim stands. */
export async function requireOption(
  visit: Visit,
  facts: Facts,
  name: OptionName,
): Promise<Standing> {
  const standing = await standingOf(visit, facts.claimReference)
  const options = await optionsOf(visit, facts, standing)
  if (!options.includes(name)) throw refuse('option_gone')
  return standing
}

async function hasPlans({ deps, tenant }: Visit, facts: Facts): Promise<boolean> {
  const { services, checkout } = deps
  const wanted = { tenantId: tenant.tenantId, claimReference: facts.claimReference }
  const plans = await previewPlans({ db: services.db, nowOf: checkout.nowOf }, wanted)
  return plans.length > 0
}

async function hasProviders(visit: Visit): Promise<boolean> {
  return (await providersOf(visit)).length > 0
}

/** The payment providers that the claim may use, the tenant's preferred one first. */
export async function providersOf(visit: Visit): Promise<readonly string[]> {
  const { deps, tenant, claimId } = visit
  const offered = await deps.checkout.gateways.providersOf(tenant.tenantId)
  const allowed = await inVisit(visit, (tx) => paymentProvidersOf(tx, claimId))
  if (allowed === undefined) return offered
  const names = new Set(allowed.map((name) => name.toLowerCase()))
  return offered.filter((name) => names.has(name.toLowerCase()))
}
