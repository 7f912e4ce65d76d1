import { checkIdentity, gateOf, type IdentityField, identityFields } from '../../links/index.ts'
import type { FastifyReply } from 'fastify'
import { announce, announceIn } from './events.ts'
import { fieldsOf } from './fields.ts'
import { sendPage } from './send-page.ts'
import { goTo, inVisit, pageOf, refuse, requireOurForm, type Visit } from './visit.ts'
import { IdentityPage } from './views/identity.tsx'
import { MessagePage } from './views/message.tsx'
import { newSession } from './session.ts'

/** Shows what stands between the visitor and the page. */
export async function askWho(visit: Visit): Promise<FastifyReply> {
  const gate = await inVisit(visit, (tx) => gateOf(tx, visit.claimId))
  if (!gate) throw refuse('page_not_found')
  switch (gate.status) {
    case 'locked':
      return sendLocked(visit, gate.until)
    case 'unanswerable':
      return sendUnanswerable(visit)
    case 'ready':
      return sendPage(
        visit,
        <IdentityPage page={pageOf(visit)} wanted={gate.wanted} isFailed={false} />,
      )
  }
}

/** Takes what somebody says of themselves. Whatever was wrong with it, the answer is the same. */
export async function answerIdentity(visit: Visit): Promise<FastifyReply> {
  const fields = fieldsOf(visit.request)
  requireOurForm(visit, fields.get('csrf'))
  const given = givenIn(fields)
  const verdict = await inVisit(visit, async (tx) => {
    const verdict = await checkIdentity(tx, visit.claimId, given)
    if (verdict?.status === 'passed')
      await announceIn(tx, visit, { event: 'Verification.succeeded' })
    return verdict
  })
  if (!verdict) throw refuse('page_not_found')
  switch (verdict.status) {
    case 'passed': {
      const { locale } = visit.session
      visit.session = { ...newSession(visit.code, locale), passed: verdict.wanted }
      return goTo(visit)
    }
    case 'locked':
      return sendLocked(visit, verdict.until)
    case 'unanswerable':
      return sendUnanswerable(visit)
    case 'failed':
      return sendFailed(visit)
  }
}

async function sendFailed(visit: Visit): Promise<FastifyReply> {
  const gate = await inVisit(visit, (tx) => gateOf(tx, visit.claimId))
  const wanted = gate?.wanted ?? []
  return sendPage(visit, <IdentityPage page={pageOf(visit)} wanted={wanted} isFailed />, 422)
}

function givenIn(fields: ReadonlyMap<string, string>): Partial<Record<IdentityField, string>> {
  const texts = identityFields.map((field) => [field, fields.get(field) ?? ''] as const)
  const [year = '', month = '', day = ''] = ['year', 'month', 'day'].map((part) =>
    (fields.get(`birthday-${part}`) ?? '').trim(),
  )
  const birthday = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return { ...Object.fromEntries(texts), birthday }
}

function sendLocked(visit: Visit, until: Date): FastifyReply {
  const { words, tenant } = visit
  const text = words.t('locked.text', { time: words.time(until, tenant.timeZone) })
  const seconds = Math.max(1, Math.ceil((until.getTime() - visit.now.getTime()) / 1000))
  void visit.reply.header('retry-after', seconds)
  return sendPage(
    visit,
    <MessagePage page={pageOf(visit)} title={words.t('locked.title')} text={text} />,
    429,
  )
}

async function sendUnanswerable(visit: Visit): Promise<FastifyReply> {
  const { t } = visit.words
  if (visit.session.isAnnounced !== true) await announce(visit, 'GetVerificationFields.failed')
  visit.session = { ...visit.session, isAnnounced: true }
  return sendPage(
    visit,
    <MessagePage
      page={pageOf(visit)}
      title={t('unanswerable.title')}
      text={t('unanswerable.text')}
    />,
    403,
  )
}
