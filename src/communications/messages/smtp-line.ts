import { isIP, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'

/** Where an SMTP server is, and as whom we are there. */
export interface SmtpPlace {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
}

export interface Envelope {
  readonly from: string
  readonly to: string
}

type Done = (error?: Error | null) => void

const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** A connection to an SMTP server, greeted and logged in, for one mail after another. */
export class SmtpLine {
  readonly #connection: SMTPConnection
  /** Rejects when the connection ends: whichever step waits for it then has failed. */
  readonly #ended: Promise<never>
  #mails = 0

  private constructor({ host, port, isSecure, auth }: SmtpPlace, timeoutMs: number) {
    const connection = new SMTPConnection({
      host,
      port,
      secure: isSecure,
      requireTLS: auth !== undefined && !isLoopback(host),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
    })
    this.#connection = connection
    this.#ended = new Promise<never>((_resolve, reject) => {
      connection.on('error', reject)
      // A moment later: the answer that made it end is told after the end.
      connection.once('end', () =>
        setImmediate(() => reject(new Error('The connection was closed'))),
      )
    })
    this.#ended.catch(() => undefined)
  }

  /** Passwords go only through TLS, but for the machine itself. */
  static async open(place: SmtpPlace, timeoutMs: number): Promise<SmtpLine> {
    const line = new SmtpLine(place, timeoutMs)
    const { auth: credentials } = place
    try {
      await line.#step((done) => line.#connection.connect(done))
      if (credentials) await line.#step((done) => line.#connection.login({ credentials }, done))
      return line
    } catch (error) {
      line.close()
      throw error
    }
  }

  /** How many mails it was given. */
  get mails(): number {
    return this.#mails
  }

  get isOpen(): boolean {
    return !this.#connection.destroyed
  }

  /** Hands a mail over. `body` is read only when the server has asked for it. */
  send({ from, to }: Envelope, body: Readable): Promise<void> {
    this.#mails += 1
    return this.#step((done) => this.#connection.send({ from, to: [to] }, body, done))
  }

  /** Takes it up again after a rest: rejects where the server is not there any more, or does not say so in time. */
  async wake(timeoutMs: number): Promise<void> {
    this.#socket()?.ref()
    await this.#step((done) => {
      const silence = () => done(new Error('The server is silent'))
      const timer = setTimeout(silence, timeoutMs).unref()
      this.#connection.reset((error) => {
        clearTimeout(timer)
        done(error)
      })
    })
  }

  /** Keeps nobody from ending until it is taken up again. */
  rest(): void {
    this.#socket()?.unref()
  }

  /** Says goodbye. */
  quit(): void {
    if (!this.isOpen) return
    this.rest()
    this.#connection.quit()
  }

  /** Ends it without a word. */
  close(): void {
    this.#connection.close()
  }

  #step(work: (done: Done) => void): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      work((error) => (error ? reject(error) : resolve()))
    })
    return Promise.race([this.#ended, done])
  }

  #socket(): Socket | undefined {
    return this.#connection._socket || undefined
  }
}
