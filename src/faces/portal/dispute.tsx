import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Contest, openDispute } from '../../disputes/index.ts'
import { recogniseFile, type RecognisedFile, uploadFile } from '../../files/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import { requireOption } from './options.ts'
import { factsOf } from './overview.tsx'
import type { Facts } from './read-facts.ts'
import type { Upload } from './read-upload.ts'
import { sendPage } from './send-page.ts'
import { goTo, inVisit, pageOf, requireOurForm, type Visit } from './visit.ts'
import { metadata } from './events.ts'
import {
  DisputePage,
  type DisputeProblems,
  disputeReasons,
  disputeTextMax,
} from './views/dispute.tsx'

const documentType = 'Dispute'
const contentTypes: ReadonlySet<string> = new Set([
  'application/pdf',
  'image/jpeg',
  'image/png',
  'image/webp',
  'image/gif',
  'image/tiff',
])

export async function askDispute(visit: Visit): Promise<FastifyReply> {
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'dispute')
  return sendDispute(visit, { facts, entered: { reason: '', text: '' }, problems: {} })
}

/** Notes that the debtor contests the claim, together with the document that shows it. */
export async function makeDispute(
  visit: Visit,
  readUpload: (request: FastifyRequest) => Promise<Upload>,
): Promise<FastifyReply> {
  const upload = await readUpload(visit.request)
  requireOurForm(visit, upload.fields.get('csrf'))
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'dispute')
  const entered = {
    reason: upload.fields.get('reason') ?? '',
    // Browsers send two characters for the end of a line and count one.
    text: (upload.fields.get('text') ?? '').replaceAll('\r\n', '\n').trim(),
  }
  const file = await fileOf(upload)
  const problems = {
    reason: !disputeReasons.some((reason) => reason === entered.reason),
    text: entered.text === '' || entered.text.length > disputeTextMax,
    file: file === 'unusable',
  }
  if (file === 'unusable' || problems.reason || problems.text)
    return sendDispute(visit, { facts, entered, problems })
  await contest(visit, facts, {
    contest: { claimId: facts.claimId, by: 'DEBTOR', ...entered },
    file,
  })
  visit.session = { ...visit.session, notice: { key: 'notice.disputed', values: {} } }
  return goTo(visit)
}

async function contest(
  visit: Visit,
  facts: Facts,
  { contest, file }: { contest: Contest; file: RecognisedFile | undefined },
): Promise<void> {
  if (file === undefined) {
    await inVisit(visit, (tx) => openDispute(tx, contest))
    return
  }
  const { services, stores } = visit.deps
  const upload = {
    tenantId: visit.tenant.tenantId,
    accountReference: facts.accountReference,
    claimReference: facts.claimReference,
    documentType,
    file,
    metadata,
  }
  const deps = { db: services.db, stores, nowOf: () => visit.now }
  await uploadFile(deps, upload, async (tx, fileId) => {
    await openDispute(tx, { ...contest, fileIds: [fileId] })
  })
}

async function fileOf({
  file,
  isTooLarge,
}: Upload): Promise<RecognisedFile | undefined | 'unusable'> {
  if (isTooLarge) return 'unusable'
  if (file === undefined) return undefined
  try {
    const recognised = await recogniseFile(file)
    return contentTypes.has(recognised.contentType) ? recognised : 'unusable'
  } catch (error) {
    if (error instanceof Refusal) return 'unusable'
    throw error
  }
}

function sendDispute(
  visit: Visit,
  view: {
    facts: Facts
    entered: { reason: string; text: string }
    problems: DisputeProblems
  },
): FastifyReply {
  const { facts, entered, problems } = view
  const isWrong = Object.values(problems).includes(true)
  return sendPage(
    visit,
    <DisputePage
      page={pageOf(visit, facts.claimReference)}
      entered={entered}
      problems={problems}
    />,
    isWrong ? 422 : 200,
  )
}
