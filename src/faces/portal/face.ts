import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendTrouble } from './trouble.tsx'
import { announce } from './events.ts'
import { answerIdentity, askWho } from './identity.tsx'
import { askContact, saveContact } from './contact.tsx'
import { askDispute, makeDispute } from './dispute.tsx'
import { askPay, beginPayment } from './pay.tsx'
import { askPromise, cancelPromise, makePromise } from './promise.tsx'
import { askPlan, confirmPlan, reviewPlan } from './plan.tsx'
import { createUploadReader, uploadBytesMax } from './read-upload.ts'
import { showOverview } from './overview.tsx'
import { showPayment } from './payment.tsx'
import { showTransfer } from './transfer.tsx'
import { pageHeaders } from './send-page.ts'
import { goTo, isLetIn, openVisit, type PortalDeps, refuse, type Visit } from './visit.ts'
import { knownLocale } from './words.ts'

type Step = (visit: Visit) => Promise<FastifyReply>

const formBytesMax = 64 * 1024
const uploadOverheadBytes = 64 * 1024

/** Mounts the debtor's page at `/c/{code}`: forms and pages, no script. */
export function mountPortal(app: FastifyInstance, deps: PortalDeps): void {
  void app.register(
    async (scope) => {
      await scope.register(cookie)
      await scope.register(formbody, { bodyLimit: formBytesMax })
      scope.addHook('onRequest', async (_request, reply) => {
        void reply.headers(pageHeaders)
      })
      scope.setErrorHandler(sendTrouble)
      scope.setNotFoundHandler(() => {
        throw refuse('page_not_found')
      })
      mountPages(scope, deps)
      await scope.register((inner) => mountUploads(inner, deps))
    },
    { prefix: '/c' },
  )
}

function mountPages(scope: FastifyInstance, deps: PortalDeps): void {
  const show = (path: string, step: Step) =>
    scope.get(`/:code${path}`, (request, reply) => answer(deps, { request, reply }, shown(step)))
  const take = (path: string, step: Step) =>
    scope.post(`/:code${path}`, (request, reply) => answer(deps, { request, reply }, letIn(step)))
  scope.get('/:code', (request, reply) =>
    // A reply is a promise of its own: it must not be awaited to decide what is answered.
    answer(
      deps,
      { request, reply },
      inLanguage(async (visit) => ((await isLetIn(visit)) ? showOverview(visit) : askWho(visit))),
    ),
  )
  scope.post('/:code', (request, reply) => answer(deps, { request, reply }, answerIdentity))
  show('/pay', askPay)
  take('/pay', beginPayment)
  show('/payment/:paymentId', showPayment)
  show('/transfer', showTransfer)
  show('/promise', askPromise)
  take('/promise', makePromise)
  take('/promise/cancel', cancelPromise)
  show('/plan', askPlan)
  take('/plan', reviewPlan)
  take('/plan/confirm', confirmPlan)
  show('/dispute', askDispute)
  show('/contact', askContact)
  take('/contact', saveContact)
}

/** Forms with a file have a reader of their own. */
async function mountUploads(scope: FastifyInstance, deps: PortalDeps): Promise<void> {
  // A file that is too large gets a page that says so, not an error of the parser.
  await scope.register(multipart, { throwFileSizeLimit: false })
  const readUpload = createUploadReader()
  const step = letIn((visit) => makeDispute(visit, readUpload))
  scope.post(
    '/:code/dispute',
    { bodyLimit: uploadBytesMax + uploadOverheadBytes },
    (request, reply) => answer(deps, { request, reply }, step),
  )
}

async function answer(
  deps: PortalDeps,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  step: Step,
): Promise<FastifyReply> {
  return step(await openVisit(deps, request, reply))
}

const shown = (step: Step): Step => inLanguage(letIn(step))

/** Whoever was not let in is led to the identity check, whatever they asked for. */
const letIn =
  (step: Step): Step =>
  async (visit) =>
    (await isLetIn(visit)) ? step(visit) : goTo(visit)

/** `?lang=` on any page: the same page in another language, from now on. */
const inLanguage =
  (step: Step): Step =>
  async (visit) => {
    const { lang } = visit.request.query as { lang?: unknown }
    const locale = knownLocale(typeof lang === 'string' ? lang : undefined)
    if (locale === undefined || locale === visit.session.locale) return step(visit)
    visit.session = { ...visit.session, locale }
    await announce(visit, 'Language.changed', { locale })
    const path = visit.request.url.split('?')[0] ?? ''
    return goTo(visit, path.slice(path.indexOf(visit.code) + visit.code.length))
  }
