import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BlobStores } from '../../files/index.ts'
import type { Bookkeeper } from '../../book/index.ts'
import type { CheckoutDeps } from '../../checkout/index.ts'
import type { Tenant, TenantFinder } from '../../identity/index.ts'
import { findLink, gateOf } from '../../links/index.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import { defineRefusals, Refusal } from '../../platform/refusal.ts'
import type { Sealer } from '../../platform/sealer.ts'
import type { Services } from '../../platform/services.ts'
import { type Creditor, creditorOf } from './creditor.ts'
import {
  isOurForm,
  newSession,
  readSession,
  type Session,
  type SessionKeeper,
  writeSession,
} from './session.ts'
import type { PageContext } from './views/layout.tsx'
import { preferredLocale, type Words, wordsOf } from './words.ts'

export interface PortalDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly stores: BlobStores
  readonly checkout: CheckoutDeps
  readonly sealer: Sealer
  readonly tenants: TenantFinder
}

/** One request to the page of a claim. */
export interface Visit {
  readonly deps: PortalDeps
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly code: string
  readonly claimId: string
  readonly tenant: Tenant
  readonly creditor: Creditor
  readonly now: Date
  session: Session
  readonly words: Words
  /** The overview's address as seen from this one; relative, so that a proxy may put the page anywhere. */
  readonly base: string
}

export const refuse = defineRefusals({
  page_not_found: { kind: 'not_found', message: 'There is no such page' },
  option_gone: { kind: 'conflict', message: 'This is not offered (any more)' },
  session_over: { kind: 'forbidden', message: 'This form is not from a page that is still open' },
})

/** Opens the page that a request names; without a session of its own it begins one. */
export async function openVisit(
  deps: PortalDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visit> {
  const { code } = request.params as { code: string }
  const link = await findLink(deps.services.db, code)
  const tenant = link && (await deps.tenants.tenantOf(link.tenantId))
  if (!link || !tenant) throw refuse('page_not_found')
  requireRate(deps, tenant)
  const session =
    readSession(keeperOf(deps), request, code) ??
    newSession(code, preferredLocale(request.headers['accept-language']))
  return {
    deps,
    request,
    reply,
    code,
    claimId: link.claimId,
    tenant,
    creditor: creditorOf(tenant),
    now: deps.services.clocks.nowOf(tenant.tenantId),
    session,
    words: wordsOf(session.locale, request.headers['accept-language']),
    base: baseOf(request, code),
  }
}

function requireRate({ services }: PortalDeps, tenant: Tenant): void {
  const taken = services.limiter.take(`page ${tenant.tenantId}`, services.clock().getTime())
  if (taken.isAllowed) return
  throw new Refusal('too_many_requests', 'too_many', 'Too Many Requests', taken.retryAfterSeconds)
}

/** `/c/{code}` and what lies beneath it, whatever stands before. */
function baseOf(request: FastifyRequest, code: string): string {
  const path = request.url.split('?')[0] ?? ''
  const below = path.slice(path.indexOf(code) + code.length)
  return `${'../'.repeat(below.split('/').length - 1)}${code}`
}

/** Refuses a form that this browser was not given, or was given too long ago. */
export function requireOurForm(visit: Visit, csrf: string | undefined): void {
  const hasSession = readSession(keeperOf(visit.deps), visit.request, visit.code) !== undefined
  if (!hasSession || !isOurForm(visit.session, csrf)) throw refuse('session_over')
}

/** Whether the visitor answered everything that the tenant asks for today. */
export async function isLetIn(visit: Visit): Promise<boolean> {
  const gate = await inVisit(visit, (tx) => gateOf(tx, visit.claimId))
  if (!gate) throw refuse('page_not_found')
  const { passed } = visit.session
  return gate.wanted.every((field) => passed?.includes(field))
}

/** One transaction of the tenant whose page it is. */
export function inVisit<R>(visit: Visit, work: (tx: Tx) => Promise<R>): Promise<R> {
  const unit = { tenantId: visit.tenant.tenantId, now: visit.now }
  return inTransaction(visit.deps.services.db, unit, work)
}

/** What the views know of this visit; before the identity check, no reference. */
export function pageOf(visit: Visit, reference?: string): PageContext {
  const { words, base, session, creditor } = visit
  return { words, base, csrf: session.csrf, creditor, reference }
}

const keeperOf = ({ sealer, services }: PortalDeps): SessionKeeper => ({
  sealer,
  clock: services.clock,
})

/** Gives the browser the session as it is now. */
export function keepSession(visit: Visit): void {
  writeSession(keeperOf(visit.deps), visit.reply, visit.session)
}

/** Keeps the session, and goes to another of the page's addresses: `''` is the overview. */
export function goTo(visit: Visit, path = ''): FastifyReply {
  keepSession(visit)
  return visit.reply.redirect(`${visit.base}${path}`, 303)
}
