import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CheckoutDeps, refreshPayment } from '../../checkout/index.ts'
import {
  advanceSandbox,
  chooseInSandbox,
  type SandboxChoice,
  type SandboxCheckout,
  tenantOfSandbox,
} from '../../gateways/index.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { CheckoutFaceDeps } from './deps.ts'
import { messagePage, payPage, pageHeaders } from './sandbox-page.ts'

interface Visit {
  readonly deps: CheckoutDeps
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

const referenceLengthMax = 100
const cardLengthMax = 40

/** Mounts the page on which somebody pays, declines or leaves a sandbox payment. Knowing its address is the right to. */
export function mountSandboxPay(
  app: FastifyInstance,
  { checkout: deps, sendError }: CheckoutFaceDeps,
): void {
  void app.register(async (scope) => {
    await scope.register(formbody)
    scope.setErrorHandler((error, request, reply) => {
      if (error instanceof Refusal && error.kind === 'not_found') return sendUnknown(reply)
      if (error instanceof Refusal && error.kind !== 'unavailable') {
        return sendHtml(reply, messagePage('This payment is over', error.message), 409)
      }
      return sendError(error, request, reply)
    })
    scope.get('/sandbox-pay/:reference', (request, reply) => show({ deps, request, reply }))
    scope.post('/sandbox-pay/:reference', (request, reply) => choose({ deps, request, reply }))
  })
}

async function show(visit: Visit): Promise<FastifyReply> {
  const checkout = await within(visit, advanceSandbox)
  if (!checkout) return sendUnknown(visit.reply)
  return sendCheckout(visit.reply, checkout)
}

async function choose(visit: Visit): Promise<FastifyReply> {
  const choice = choiceOf(visit.request.body)
  if (!choice) return show(visit)
  try {
    const checkout = await within(visit, (tx, reference) => chooseInSandbox(tx, reference, choice))
    if (!checkout) return sendUnknown(visit.reply)
    await tell(visit, checkout)
    const isBack = choice.outcome === 'leave'
    return await visit.reply.redirect(isBack ? checkout.cancelUrl : checkout.returnUrl, 303)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'card_unknown') throw error
    const checkout = await within(visit, advanceSandbox)
    if (!checkout) return sendUnknown(visit.reply)
    return sendHtml(visit.reply, payPage(checkout, { problem: error.message }), 400)
  }
}

/** A real provider would send a notice now. What is not taken in at once is asked for later. */
async function tell({ deps, request }: Visit, checkout: SandboxCheckout): Promise<void> {
  const tenantId = tenantOfSandbox(checkout.reference)
  if (tenantId === undefined) return
  try {
    await refreshPayment(deps, { tenantId, paymentId: checkout.paymentId })
  } catch (error) {
    request.log.warn({ err: error }, 'a sandbox payment was not taken in at once')
  }
}

/** Does something with the checkout of a visit, in its tenant; undefined for what names none. */
async function within<R>(
  { deps, request }: Visit,
  work: (tx: Tx, reference: string) => Promise<R>,
): Promise<R | undefined> {
  const { reference } = request.params as { reference: string }
  const tenantId = reference.length > referenceLengthMax ? undefined : tenantOfSandbox(reference)
  if (tenantId === undefined) return undefined
  const unit = { tenantId, now: deps.nowOf(tenantId) }
  return inTransaction(deps.db, unit, (tx) => work(tx, reference))
}

function choiceOf(body: unknown): SandboxChoice | undefined {
  const { outcome, card } = (body ?? {}) as { outcome?: unknown; card?: unknown }
  switch (outcome) {
    case 'pay':
      return {
        outcome,
        card: typeof card === 'string' && card !== '' ? card.slice(0, cardLengthMax) : undefined,
      }
    case 'decline':
    case 'leave':
      return { outcome }
    default:
      return undefined
  }
}

function sendCheckout(reply: FastifyReply, checkout: SandboxCheckout): FastifyReply {
  if (checkout.state === 'open') return sendHtml(reply, payPage(checkout), 200)
  const page = messagePage('This payment is over', `It is ${checkout.state}.`, checkout.returnUrl)
  return sendHtml(reply, page, 200)
}

function sendUnknown(reply: FastifyReply): FastifyReply {
  return sendHtml(reply, messagePage('Not found', 'There is no such payment.'), 404)
}

// oxlint-disable-next-line max-params -- a reply with its two parts
function sendHtml(reply: FastifyReply, html: string, status: number): FastifyReply {
  return reply.code(status).headers(pageHeaders).type('text/html; charset=utf-8').send(html)
}
