import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { callContext } from '../../book/index.ts'
import { moneyText } from '../../communications/index.ts'
import {
  findPaymentLink,
  isPlaceTaken,
  type OpenLink,
  openPaymentLink,
  type Payer,
  usePaymentLink,
} from '../../invoices/index.ts'
import type { Tenant } from '../../identity/index.ts'
import { dateIn } from '../../kernel/dates.ts'
import { linkOf, linkUrl } from '../../links/index.ts'
import { inTransaction } from '../../platform/db.ts'
import { logFailure } from '../../platform/http.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { WalleeDeps } from './call.ts'
import { failureOf } from './errors.ts'
import { formPage, gonePage } from './payment-page-words.ts'

/** Mounts the pages that payment links lead to: `/l/{code}` says what is paid for and asks who pays. */
export function mountPaymentPage(app: FastifyInstance, deps: WalleeDeps): void {
  void app.register((scope, _options, done) => {
    void scope.register(formbody, { bodyLimit: bodyMax })
    scope.setErrorHandler((error, request, reply) => {
      const status = statusOf(error)
      if (status >= 500) logFailure(request, error)
      return send(reply, status, gonePage(request.headers['accept-language'] ?? 'en'))
    })
    scope.get('/l/:code', (request, reply) => visit(deps, { request, reply }))
    scope.post('/l/:code', (request, reply) => visit(deps, { request, reply }))
    done()
  })
}

const bodyMax = 16_384

/** What a visitor is told of what went wrong: nothing but whose fault it was. */
function statusOf(error: unknown): number {
  if (error instanceof Refusal) return failureOf(error, 2).status
  const { statusCode = 500 } = error as { statusCode?: number }
  return statusCode
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

async function visit(deps: WalleeDeps, { request, reply }: Exchange): Promise<FastifyReply> {
  const found = await openLink(deps, request)
  if (!found) return send(reply, 404, gonePage(request.headers['accept-language'] ?? 'en'))
  const { tenant, link } = found
  const said = fieldsOf(link.addressMode === 'REQUIRED_IN_URL' ? request.query : request.body)
  const isAnswer = request.method === 'POST' || link.addressMode === 'REQUIRED_IN_URL'
  const payer = isAnswer ? payerOf(link, said) : undefined
  if (payer && request.method === 'POST') return payBy(deps, { request, reply }, payer)
  const amount = moneyText(link.amountMinor, link.currency, link.language ?? 'en')
  const isWrong = isAnswer && payer === undefined
  const page = formPage({ link, creditor: tenant.name, amount, isWrong, said })
  return send(reply, isWrong ? 422 : 200, page)
}

async function openLink(deps: WalleeDeps, request: FastifyRequest) {
  const { code = '' } = request.params as { code?: string }
  const found = await findPaymentLink(deps.services.db, code)
  const tenant = found && (await deps.tenants.tenantOf(found.tenantId))
  if (!found || !tenant) return undefined
  const { accessKey } = request.query as { accessKey?: unknown }
  const now = deps.services.clocks.nowOf(found.tenantId)
  try {
    const link = await inTransaction(deps.services.db, { tenantId: found.tenantId, now }, (tx) =>
      openPaymentLink(tx, {
        id: found.id,
        accessKey: typeof accessKey === 'string' ? accessKey : undefined,
      }),
    )
    return { tenant, link }
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

type Said = Readonly<Record<string, string>>
const textMax = 200

function fieldsOf(given: unknown): Said {
  if (typeof given !== 'object' || given === null) return {}
  return Object.fromEntries(
    Object.entries(given)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, text]) => [
        name,
        text
          .replaceAll(/\p{Cc}/gu, ' ')
          .trim()
          .slice(0, textMax),
      ]),
  )
}

/** Who pays, if enough was said of them. */
function payerOf(link: OpenLink, said: Said): Payer | undefined {
  const { givenName = '', familyName = '', country = '', emailAddress = '' } = said
  const { street = '', postcode = '', city = '' } = said
  const isNamed = givenName !== '' && familyName !== '' && /^[A-Z]{2}$/.test(country)
  const isReached = emailAddress === '' || /^[^\s@]+@[^\s@]+$/.test(emailAddress)
  const isAddressed =
    link.addressMode === 'NOT_REQUIRED' || (street !== '' && postcode !== '' && city !== '')
  if (!isNamed || !isReached || !isAddressed) return undefined
  const given = (text: string) => (text === '' ? undefined : text)
  return {
    firstName: givenName,
    lastName: familyName,
    country,
    email: given(emailAddress),
    street: given(street),
    postcode: given(postcode),
    city: given(city),
  }
}

// Each time that a place is taken somebody else got one: so many do not come at once.
const attemptsMax = 20

/** Opens the visitor's own claim and leads to its page, where it is paid. */
async function payBy(
  deps: WalleeDeps,
  { request, reply }: Exchange,
  payer: Payer,
): Promise<FastifyReply> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const found = await openLink(deps, request)
    if (!found) break
    try {
      return reply.redirect(await claimPage(deps, found, payer), 303)
    } catch (error) {
      if (!isPlaceTaken(error)) throw error
    }
  }
  return send(reply, 404, gonePage(request.headers['accept-language'] ?? 'en'))
}

async function claimPage(
  { services, bookkeeper }: WalleeDeps,
  { tenant, link }: { tenant: Tenant; link: OpenLink },
  payer: Payer,
): Promise<string> {
  const { tenantId, timeZone, settings } = tenant
  const now = services.clocks.nowOf(tenantId)
  const context = callContext(tenant, { originator: 'LandingPage' })
  const today = dateIn(now, timeZone)
  const { reference, commands, options } = usePaymentLink(context, { link, payer, today, now })
  const [outcome] = await bookkeeper.submitGroup(commands, options)
  if (!outcome) throw new Error('the bookkeeper decided nothing')
  if ('refusal' in outcome) throw outcome.refusal
  const code = await inTransaction(services.db, { tenantId, now }, async (tx) => {
    const { claim_id: claimId } = await tx.db
      .selectFrom('claim')
      .select('claim_id')
      .where('tenant_id', '=', tenantId)
      .where('reference', '=', reference)
      .executeTakeFirstOrThrow()
    return linkOf(tx, claimId)
  })
  return linkUrl({ publicUrl: services.publicUrl(), settings }, code)
}

function send(reply: FastifyReply, status: number, html: string): FastifyReply {
  return (
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer')
      .header('x-robots-tag', 'noindex')
      // Where the form leads may be the creditor's own page, so where forms lead is not said.
      .header(
        'content-security-policy',
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      )
      .type('text/html; charset=utf-8')
      .send(html)
  )
}
