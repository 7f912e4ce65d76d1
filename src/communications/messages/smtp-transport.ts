import { Readable } from 'node:stream'
import type { SmtpPlace } from './smtp-line.ts'
import { createSmtpLines, NoLineError, type SmtpLines } from './smtp-lines.ts'
import type { Outgoing, Transferred, Transport } from './transport.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte. */
  readonly url: string
  readonly timeoutMs?: number
  /** How long a connection is kept for the next mail. */
  readonly restMs?: number
  /** How long a connection that rested may take to say that it is still there. */
  readonly wakeMs?: number
}

const timeoutDefaultMs = 60_000
const restDefaultMs = 10_000
const wakeDefaultMs = 5_000
const smtpPort = 587
const smtpsPort = 465
const permanentFrom = 500
const temporaryFrom = 400
/** RFC 5321, 3.8: the server ends the connection, whatever was asked. */
const serverLeaves = 421

/** Hands mail to an SMTP server, over a few connections that are kept for the next mail. */
export function createSmtpTransport(options: SmtpOptions): Transport {
  const { url, timeoutMs = timeoutDefaultMs, restMs = restDefaultMs } = options
  const { wakeMs = wakeDefaultMs } = options
  const lines = createSmtpLines({ place: readUrl(url), timeoutMs, restMs, wakeMs })
  return {
    name: 'smtp',
    isIdempotent: false,
    send: (message) => transfer(lines, message),
    close: () => lines.close(),
  }
}

function readUrl(text: string): SmtpPlace {
  const url = new URL(text)
  const isSecure = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || (isSecure ? smtpsPort : smtpPort)),
    isSecure,
    auth: user === '' ? undefined : { user, pass: decodeURIComponent(url.password) },
  }
}

async function transfer(lines: SmtpLines, message: Outgoing): Promise<Transferred> {
  const first = await attempt(lines, message, false)
  if (first !== 'line was gone') return first
  const second = await attempt(lines, message, true)
  return second === 'line was gone' ? failureOf(new Error('No connection'), false) : second
}

/**
 * Hands a message over once. Whether a byte of it has left decides what a failure means, so it is watched: a line that had
 * ended while it rested, before the message began, says nothing about the message.
 */
async function attempt(
  lines: SmtpLines,
  { from, to, eml }: Outgoing,
  isNew: boolean,
): Promise<Transferred | 'line was gone'> {
  const body = watched(eml)
  let mayBeGone = false
  try {
    await lines.withLine((line, isUsed) => {
      mayBeGone = isUsed
      return line.send({ from, to }, body.stream)
    }, isNew)
    return { outcome: 'accepted' }
  } catch (error) {
    const code = codeOf(error)
    const isGone = mayBeGone && (code === undefined || code === serverLeaves)
    return isGone && !body.hasBegun() ? 'line was gone' : failureOf(error, body.hasBegun())
  }
}

/** A stream that is read only when the server has asked for the message, and remembers that it was. */
function watched(bytes: Buffer): { stream: Readable; hasBegun: () => boolean } {
  let hasBegun = false
  const stream = new Readable({
    read() {
      hasBegun = true
      this.push(bytes)
      this.push(null)
    },
  })
  return { stream, hasBegun: () => hasBegun }
}

const codeOf = (error: unknown) => (error as { responseCode?: number }).responseCode

function failureOf(error: unknown, hasBegun: boolean): Transferred {
  const responseCode = codeOf(error)
  const words = ((error as Error).message || 'failed').slice(0, 500)
  // A server that refuses us, or our password, has not refused the mail.
  if (error instanceof NoLineError)
    return { outcome: 'temporary', error: words, mayHaveLeft: false }
  if (responseCode !== undefined && responseCode >= permanentFrom)
    return { outcome: 'permanent', error: words }
  if (responseCode !== undefined && responseCode >= temporaryFrom)
    return { outcome: 'temporary', error: words, mayHaveLeft: false }
  if (hasBegun) return { outcome: 'unknown', error: words }
  return { outcome: 'temporary', error: words, mayHaveLeft: false }
}
