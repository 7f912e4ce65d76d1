import { Agent, request } from 'undici'
import { TargetRefused, type Targets } from './targets.ts'

export interface Outgoing {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** What came of an attempt: the status of the answer, or why there was none. */
export interface Sent {
  readonly status: number | null
  readonly error: string | null
}

export interface Sender {
  /** Posts a message once. Never rejects: a failure is what it answers. */
  send(message: Outgoing): Promise<Sent>
  close(): Promise<void>
}

export interface SenderOptions {
  readonly targets: Targets
  readonly timeoutMs?: number
}

const timeoutDefaultMs = 10_000
const answerBytesMax = 64 * 1024
const endpointConnectionsMax = 8
const idleMs = 10_000
const errorLengthMax = 200

/** Posts to addresses that may be reached and to no other. A redirect is an answer like any other: never followed. */
export function createSender({ targets, timeoutMs = timeoutDefaultMs }: SenderOptions): Sender {
  const agent = new Agent({
    connect: { lookup: targets.lookup, timeout: timeoutMs },
    connections: endpointConnectionsMax,
    pipelining: 1,
    keepAliveTimeout: idleMs,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  return {
    async send({ url, body, headers }) {
      try {
        // An address that stands in the URL itself never comes to the lookup.
        targets.requireUrl(url)
        const signal = AbortSignal.timeout(timeoutMs)
        const answer = await request(url, {
          method: 'POST',
          dispatcher: agent,
          headers: { ...headers, 'content-type': 'application/json' },
          body,
          signal,
        })
        // Read and thrown away, so that the connection can be used again.
        await answer.body.dump({ limit: answerBytesMax, signal }).catch(() => undefined)
        const status = answer.statusCode
        return { status, error: isSuccess(status) ? null : `answered ${status}` }
      } catch (error) {
        return { status: null, error: wordsOf(error, timeoutMs) }
      }
    },
    close: () => agent.destroy(),
  }
}

/** D-101: any 2xx. */
export function isSuccess(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300
}

function wordsOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'failed'
  if (error instanceof TargetRefused) return `not called: ${error.message}`
  if (error.name === 'TimeoutError' || /TIMEOUT/.test(codeOf(error))) {
    return `no answer within ${timeoutMs / 1_000} s`
  }
  const words = error.message === '' ? codeOf(error) : error.message
  return words.slice(0, errorLengthMax)
}

const codeOf = (error: Error) => ('code' in error ? String(error.code) : error.name)
