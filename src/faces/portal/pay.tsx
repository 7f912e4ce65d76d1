import type { FastifyReply } from 'fastify'
import { startPayment } from '../../checkout/index.ts'
import { linkUrl } from '../../links/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import { offersOf } from './creditor.ts'
import { fieldsOf } from './fields.ts'
import { payableOf, providersOf, requireOption } from './options.ts'
import { factsOf } from './overview.tsx'
import { readAmount } from './read-amount.ts'
import type { Facts } from './read-facts.ts'
import { sendLeadingAway } from './send-page.ts'
import { keepSession, pageOf, requireOurForm, type Visit } from './visit.ts'
import { PayPage } from './views/pay.tsx'

interface Asked {
  readonly facts: Facts
  readonly payableMinor: number
  readonly providers: readonly string[]
  /** What a plan asks for next, as far as it is not on its way. */
  readonly nextMinor: number | undefined
}

interface Entered {
  readonly share: string
  readonly amount: string
  readonly provider: string
}

export async function askPay(visit: Visit): Promise<FastifyReply> {
  const asked = await whatIsAsked(visit)
  const share = asked.nextMinor === undefined ? 'full' : 'next'
  const entered = { share, amount: '', provider: asked.providers[0] ?? '' }
  return sendPay(visit, { asked, entered })
}

/** Opens a payment and leads the visitor to its provider. No balance changes before the provider confirms it (D-97). */
export async function beginPayment(visit: Visit): Promise<FastifyReply> {
  const fields = fieldsOf(visit.request)
  requireOurForm(visit, fields.get('csrf'))
  const asked = await whatIsAsked(visit)
  const entered = {
    share: fields.get('share') ?? 'full',
    amount: fields.get('amount') ?? '',
    provider: fields.get('provider') ?? '',
  }
  const amountMinor = amountOf(visit, asked, entered)
  if (amountMinor === undefined)
    return sendPay(visit, { asked, entered, problem: amountProblem(visit, asked), status: 422 })
  const provider = asked.providers.find((name) => name === entered.provider) ?? asked.providers[0]
  try {
    const { redirectUrl } = await start(visit, asked.facts, { amountMinor, provider })
    keepSession(visit)
    return await visit.reply.redirect(redirectUrl, 303)
  } catch (error) {
    // A conflict has a page of its own; a provider that cannot be reached is worth another try.
    if (!(error instanceof Refusal) || error.kind === 'conflict') throw error
    return sendPay(visit, { asked, entered, hasFailed: true, status: 503 })
  }
}

function start(
  visit: Visit,
  facts: Facts,
  { amountMinor, provider }: { amountMinor: number; provider: string | undefined },
) {
  const { deps, tenant, code, words, creditor } = visit
  const place = { publicUrl: deps.services.publicUrl(), settings: tenant.settings }
  return startPayment(deps.checkout, {
    tenantId: tenant.tenantId,
    claims: [{ reference: facts.claimReference, amountMinor }],
    ...(provider === undefined ? {} : { provider }),
    returnUrl: `${linkUrl(place, code)}/payment/{paymentId}`,
    cancelUrl: `${linkUrl(place, code)}/payment/{paymentId}`,
    locale: words.locale,
    description: `${creditor.name}: ${facts.claimReference}`.slice(0, 200),
  })
}

async function whatIsAsked(visit: Visit): Promise<Asked> {
  const facts = await factsOf(visit)
  const standing = await requireOption(visit, facts, 'pay')
  const providers = await providersOf(visit)
  const payableMinor = payableOf(facts, standing)
  const next = standing.nextInstalment?.amountMinor
  const nextMinor = next !== undefined && next < payableMinor ? next : undefined
  return { facts, payableMinor, providers, nextMinor }
}

/** The least that may be paid: what the tenant says, or the whole where that is less. */
function leastOf(visit: Visit, payableMinor: number): number {
  return Math.min(offersOf(visit.tenant.settings).partPaymentMinMinor, payableMinor)
}

function amountOf(visit: Visit, asked: Asked, entered: Entered): number | undefined {
  const { facts, payableMinor, nextMinor } = asked
  if (entered.share === 'next' && nextMinor !== undefined) return nextMinor
  const mayPayPart = offersOf(visit.tenant.settings).partPayments
  if (!mayPayPart || entered.share !== 'part') return payableMinor
  const amount = readAmount(entered.amount, facts.currency)
  const isFit =
    amount !== undefined && amount >= leastOf(visit, payableMinor) && amount <= payableMinor
  return isFit ? amount : undefined
}

function amountProblem(visit: Visit, { facts, payableMinor }: Asked): string {
  const { t, money } = visit.words
  return t('pay.amountWrong', {
    least: money(leastOf(visit, payableMinor), facts.currency),
    most: money(payableMinor, facts.currency),
  })
}

function sendPay(
  visit: Visit,
  view: {
    asked: Asked
    entered: Entered
    problem?: string
    hasFailed?: boolean
    status?: number
  },
): FastifyReply {
  const { asked, entered, problem, hasFailed = false, status = 200 } = view
  return sendLeadingAway(
    visit,
    <PayPage
      page={pageOf(visit, asked.facts.claimReference)}
      {...asked}
      mayPayPart={offersOf(visit.tenant.settings).partPayments}
      entered={entered}
      problem={problem}
      hasFailed={hasFailed}
    />,
    status,
  )
}
