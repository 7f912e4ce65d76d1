import { createTransport, type SendMailOptions } from 'nodemailer'
import type { Channel } from '../../contacts/schema.ts'
import { isEmailAddress } from '../gate/index.ts'
import type { Rendered } from './texts.ts'

/** From whom a tenant's mail comes. */
export interface MailSender {
  readonly address: string
  readonly name: string | undefined
  readonly replyTo: string | undefined
}

export interface Composing {
  readonly messageId: string
  readonly channel: Channel
  readonly recipient: string
  readonly rendered: Rendered
  readonly sender: MailSender
  readonly date: Date
  readonly unsubscribeUrl: string
  readonly bundleName: string
}

/** The domain that no mail comes from: for messages that only the outbox sees. */
export const nowhereAddress = 'outbox@quittance.invalid'

/** An address that mail is not trusted to. */
export class AddressError extends Error {
  override name = 'AddressError'
}

/** A text that can be neither a header nor an address of its own. */
const oneLine = (text: string) => text.replaceAll(/\p{C}+/gu, ' ').trim()

/** The bytes of a message as it leaves and as it is kept: RFC 5322, lines that end in CRLF. */
export async function composeEml(input: Composing): Promise<Buffer> {
  const { messageId, channel, sender, date } = input
  const domain = sender.address.split('@').at(-1) ?? 'quittance.invalid'
  const common: SendMailOptions = {
    messageId: `<${messageId}@${domain}>`,
    date,
    // What is composed here names no file and no URL for its content.
    disableFileAccess: true,
    disableUrlAccess: true,
    textEncoding: 'quoted-printable',
  }
  const parts = { email: mailParts, sms: smsParts, letter: letterParts }[channel](input)
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const { message } = await composer.sendMail({ ...common, ...parts })
  const bytes = message as Buffer
  const end = Buffer.from('\r\n')
  return bytes.subarray(-end.length).equals(end) ? bytes : Buffer.concat([bytes, end])
}

function mailParts({ recipient, rendered, sender, unsubscribeUrl }: Composing): SendMailOptions {
  // A group, a list or a line break in an address would be recipients of their own.
  for (const address of [recipient, sender.address, sender.replyTo]) {
    if (address !== undefined && !isEmailAddress(address))
      throw new AddressError(
        `${JSON.stringify(address)} is no address that mail is sent to or from`,
      )
  }
  const { subject, html, text } = rendered
  const name = oneLine(sender.name ?? '')
  return {
    from: name === '' ? sender.address : { name, address: sender.address },
    to: { name: '', address: recipient },
    envelope: { from: sender.address, to: [recipient] },
    ...(sender.replyTo === undefined ? {} : { replyTo: { name: '', address: sender.replyTo } }),
    subject: oneLine(subject ?? ''),
    text,
    ...(html === undefined ? {} : { html }),
    headers: {
      // RFC 8058
      'List-Unsubscribe': { prepared: true, value: `<${unsubscribeUrl}>` },
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'Auto-Submitted': 'auto-generated',
    },
  }
}

/** Kept only: what leaves is the text (D-98). */
function smsParts({ recipient, rendered }: Composing): SendMailOptions {
  return { text: rendered.text, headers: { 'X-Quittance-To': oneLine(recipient) } }
}

function letterParts({ recipient, rendered, bundleName }: Composing): SendMailOptions {
  const { pdf } = rendered
  return {
    subject: oneLine(rendered.subject ?? bundleName),
    text: rendered.text,
    headers: { 'X-Quittance-To': oneLine(recipient) },
    ...(pdf === undefined
      ? {}
      : {
          attachments: [{ filename: 'letter.pdf', content: pdf, contentType: 'application/pdf' }],
        }),
  }
}
