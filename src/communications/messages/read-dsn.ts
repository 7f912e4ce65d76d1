import PostalMime, { type Attachment } from 'postal-mime'
import { isUuid } from '../../kernel/id.ts'
import { refuseMessage } from './refusals.ts'
import type { BounceKind, NewBounce } from './schema.ts'

const diagnosticLengthMax = 2_000
const idPattern = /<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@/i

/** What a delivery status notification (RFC 3464) says of a message of ours; refuses anything else. */
export async function readDsn(bytes: Buffer): Promise<NewBounce> {
  const mail = await PostalMime.parse(bytes, {
    attachmentEncoding: 'arraybuffer',
    forceRfc822Attachments: true,
  }).catch(() => undefined)
  if (!mail) throw refuseMessage('not_a_bounce')
  const report = textOf(mail.attachments, /^message\/(?:global-)?delivery-status$/)
  const returned = textOf(
    mail.attachments,
    /^(?:message\/(?:global|rfc822)(?:-headers)?|text\/rfc822-headers)$/,
  )
  const messageId = messageIdIn(returned ?? '')
  const kind = report === undefined ? undefined : kindOf(report)
  if (!messageId || !kind || report === undefined) throw refuseMessage('not_a_bounce')
  const diagnostic = fieldOf(report, 'Diagnostic-Code') ?? fieldOf(report, 'Status')
  return {
    messageId,
    kind,
    ...(diagnostic === undefined
      ? {}
      : { diagnostic: printable(diagnostic).slice(0, diagnosticLengthMax) }),
  }
}

/** No database keeps NUL, and nobody reads the rest of them. */
const printable = (text: string) => text.replaceAll(/\p{C}+/gu, ' ')

function textOf(attachments: readonly Attachment[], type: RegExp): string | undefined {
  const found = attachments.find(({ mimeType }) => type.test(mimeType.toLowerCase()))
  if (!found) return undefined
  const { content } = found
  return typeof content === 'string'
    ? content
    : Buffer.from(content as ArrayBuffer).toString('utf8')
}

function messageIdIn(headers: string): string | undefined {
  const id = idPattern.exec(fieldOf(headers, 'Message-ID') ?? '')?.[1]
  return id !== undefined && isUuid(id) ? id.toLowerCase() : undefined
}

/** Only what says that it failed is hard; a delay is not, and anything but failures and delays is no bounce. */
function kindOf(report: string): BounceKind | undefined {
  const action = fieldOf(report, 'Action')?.toLowerCase()
  const status = fieldOf(report, 'Status') ?? ''
  if (action === 'delayed') return 'soft'
  if (action !== 'failed') return undefined
  return status.startsWith('4') ? 'soft' : 'hard'
}

/** The first header field of a name, its folded lines joined. */
function fieldOf(text: string, name: string): string | undefined {
  const unfolded = text.replaceAll(/\r?\n[ \t]+/g, ' ')
  const line = unfolded
    .split(/\r?\n/)
    .find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`))
  const value = line?.slice(name.length + 1).trim()
  return value === '' ? undefined : value
}
