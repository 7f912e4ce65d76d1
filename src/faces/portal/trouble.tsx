import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../../platform/refusal.ts'
import { sendHtml } from './send-page.ts'
import { MessagePage } from './views/message.tsx'
import { knownLocale, preferredLocale, wordsOf } from './words.ts'

interface Trouble {
  readonly key: string
  readonly status: number
  /** Whether the page may work when it is opened again. */
  readonly canReopen?: boolean
}

const notFound: Trouble = { key: 'notFound', status: 404 }
const conflict: Trouble = { key: 'conflict', status: 409, canReopen: true }
const tooMany: Trouble = { key: 'tooMany', status: 429 }
const broken: Trouble = { key: 'broken', status: 500 }

/** Answers what went wrong in the visitor's language and tells nothing else. Bugs are logged here, once. */
export function sendTrouble(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const trouble = troubleOf(error)
  if (trouble === broken) request.log.error({ err: error }, 'a page failed')
  if (error instanceof Refusal && error.retryAfterSeconds !== undefined)
    void reply.header('retry-after', error.retryAfterSeconds)
  const { lang } = request.query as { lang?: unknown }
  const locale =
    knownLocale(typeof lang === 'string' ? lang : undefined) ??
    preferredLocale(request.headers['accept-language'])
  const words = wordsOf(locale, request.headers['accept-language'])
  const { t } = words
  const page = { words, base: '', csrf: '' }
  const next = trouble.canReopen
    ? { href: overviewFrom(request), label: t('stale.again') }
    : undefined
  return sendHtml(
    reply,
    <MessagePage
      page={page}
      title={t(`${trouble.key}.title`)}
      text={t(`${trouble.key}.text`)}
      next={next}
    />,
    trouble.status,
  )
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Refusal) return troubleOfRefusal(error)
  const { statusCode = 500 } = error as Partial<FastifyError>
  if (statusCode === 413) return { ...conflict, status: 413 }
  return statusCode < 500 ? { ...notFound, status: statusCode } : broken
}

function troubleOfRefusal({ code, kind }: Refusal): Trouble {
  if (code === 'session_over') return { key: 'stale', status: 403, canReopen: true }
  switch (kind) {
    case 'not_found':
      return notFound
    case 'too_many':
      return tooMany
    case 'unavailable':
      return { key: 'tooMany', status: 503 }
    case 'unauthenticated':
    case 'forbidden':
      return { ...notFound, status: 403 }
    case 'too_large':
      return { ...conflict, status: 413 }
    case 'invalid':
      return { ...conflict, status: 400 }
    case 'conflict':
    case 'mismatch':
      return conflict
  }
}

/** The overview's address as seen from the one that was asked for. */
function overviewFrom(request: FastifyRequest): string {
  const { code } = request.params as { code?: string }
  const path = request.url.split('?')[0] ?? ''
  if (!code || !/^\w+$/.test(code)) return '.'
  const below = path.slice(path.indexOf(code) + code.length)
  return `${'../'.repeat(below.split('/').length - 1)}${code}`
}
