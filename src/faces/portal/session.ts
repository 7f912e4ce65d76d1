import '@fastify/cookie'
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IdentityField } from '../../links/index.ts'
import { newSecret } from '../../kernel/id.ts'
import { SealError, type Sealer } from '../../platform/sealer.ts'

/** What a visitor's browser keeps for us, sealed: it can be neither read nor changed there. */
export interface Session {
  readonly code: string
  /** In every form of the page; a form of another page does not have it. */
  readonly csrf: string
  readonly locale: string
  /** The identity fields that were answered; undefined: none was. */
  readonly passed?: readonly IdentityField[] | undefined
  /** Shown once, on the next page. */
  readonly notice?: Notice | undefined
  /** That the full page was shown is told once. */
  readonly isAnnounced?: boolean | undefined
}

export interface Notice {
  readonly key: string
  readonly values: Readonly<Record<string, string>>
}

const lifeMs = 30 * 60_000
const context = 'portal session'
const valueLengthMax = 4_000

/** A session of nobody known yet. */
export function newSession(code: string, locale: string): Session {
  return { code, locale, csrf: newSecret() }
}

/** Several pages may be open in one browser, each in its own cookie; its name tells nothing of the address. */
function cookieName(code: string): string {
  return `page_${createHash('sha256').update(code).digest('hex').slice(0, 12)}`
}

export interface SessionKeeper {
  readonly sealer: Sealer
  /** The machine's time: how long somebody is away has nothing to do with a tenant's test clock. */
  readonly clock: () => Date
}

/** The session that a request brings for this page, unless it is over. */
export function readSession(
  { sealer, clock }: SessionKeeper,
  request: FastifyRequest,
  code: string,
): Session | undefined {
  const value = request.cookies[cookieName(code)]
  if (value === undefined || value.length > valueLengthMax) return undefined
  try {
    const plain = sealer.open(Buffer.from(value, 'base64url'), context)
    const { session, endsAtMs } = JSON.parse(plain.toString()) as {
      session: Session
      endsAtMs: number
    }
    return session.code === code && endsAtMs > clock().getTime() ? session : undefined
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

/** Gives the browser the session for another half hour. */
export function writeSession(
  { sealer, clock }: SessionKeeper,
  reply: FastifyReply,
  session: Session,
): void {
  const endsAtMs = clock().getTime() + lifeMs
  const plain = Buffer.from(JSON.stringify({ session, endsAtMs }))
  void reply.setCookie(
    cookieName(session.code),
    sealer.seal(plain, context).toString('base64url'),
    {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: reply.request.protocol === 'https',
      maxAge: lifeMs / 1000,
    },
  )
}

/** Whether a form is one that we gave to this browser. */
export function isOurForm(session: Session, given: string | undefined): boolean {
  const wanted = Buffer.from(session.csrf)
  const found = Buffer.from(given ?? '')
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}
