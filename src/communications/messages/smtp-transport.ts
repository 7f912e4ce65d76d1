import { isIP } from 'node:net'
import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Outgoing, Transferred, Transport } from './transport.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:port`, or `smtps://` for TLS from the first byte. */
  readonly url: string
  readonly timeoutMs?: number
}

interface SmtpPlace {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
}

const timeoutDefaultMs = 60_000
const smtpPort = 587
const smtpsPort = 465
const permanentFrom = 500
const temporaryFrom = 400

/** Hands mail to an SMTP server, one connection for each. Passwords go only through TLS, but for the machine itself. */
export function createSmtpTransport({ url, timeoutMs = timeoutDefaultMs }: SmtpOptions): Transport {
  const place = readUrl(url)
  return {
    name: 'smtp',
    isIdempotent: false,
    send: (message) => transfer(place, message, timeoutMs),
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

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** Whether a byte of the message has left decides what a failure means, so it is watched. */
async function transfer(
  place: SmtpPlace,
  message: Outgoing,
  timeoutMs: number,
): Promise<Transferred> {
  const { host, port, isSecure, auth } = place
  const body = watched(message.eml)
  const connection = new SMTPConnection({
    host,
    port,
    secure: isSecure,
    requireTLS: auth !== undefined && !isLoopback(host),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  })
  // An error of the whole connection reaches whichever step waits for it.
  const failed = new Promise<never>((_resolve, reject) => {
    connection.on('error', reject)
    connection.once('end', () => reject(new Error('The connection was closed')))
  })
  failed.catch(() => undefined)
  const step = (work: (done: (error?: Error | null) => void) => void) =>
    Promise.race([
      failed,
      new Promise<void>((resolve, reject) => {
        work((error) => (error ? reject(error) : resolve()))
      }),
    ])
  try {
    await step((done) => connection.connect(done))
    if (auth) await step((done) => connection.login({ credentials: auth }, done))
    const envelope = { from: message.from, to: [message.to] }
    await step((done) => connection.send(envelope, body.stream, done))
    connection.quit()
    return { outcome: 'accepted' }
  } catch (error) {
    connection.close()
    return failureOf(error, body.hasBegun())
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

function failureOf(error: unknown, hasBegun: boolean): Transferred {
  const { responseCode, message } = error as { responseCode?: number; message?: string }
  const words = (message ?? 'failed').slice(0, 500)
  if (responseCode !== undefined && responseCode >= permanentFrom)
    return { outcome: 'permanent', error: words }
  if (responseCode !== undefined && responseCode >= temporaryFrom)
    return { outcome: 'temporary', error: words, mayHaveLeft: false }
  if (hasBegun) return { outcome: 'unknown', error: words }
  return { outcome: 'temporary', error: words, mayHaveLeft: false }
}
