import { Agent, request } from 'undici'
import type { Outgoing, Transferred, Transport } from './transport.ts'

export interface SmsOptions {
  readonly url: string
  readonly token: string | undefined
  readonly timeoutMs?: number
}

const timeoutDefaultMs = 20_000
const answerBytesMax = 64 * 1024
const tooEarly = 425
const tooMany = 429
const timedOut = 408

/**
 * Hands text messages to a provider: `POST {to, text, reference}` as JSON, with the message's id as Idempotency-Key and
 * the token as Bearer. Any 2xx means taken; the provider takes a key once.
 */
export function createSmsTransport(options: SmsOptions): Transport {
  const { timeoutMs = timeoutDefaultMs } = options
  const agent = new Agent({ connect: { timeout: timeoutMs }, keepAliveTimeout: 1_000 })
  return {
    name: 'sms',
    isIdempotent: true,
    send: (message) => post(options, agent, message),
  }
}

async function post(
  { url, token, timeoutMs = timeoutDefaultMs }: SmsOptions,
  dispatcher: Agent,
  { messageId, to, text }: Outgoing,
): Promise<Transferred> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': messageId,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ to, text, reference: messageId }),
      signal,
    })
    await answer.body.dump({ limit: answerBytesMax, signal }).catch(() => undefined)
    return judged(answer.statusCode)
  } catch (error) {
    const words = error instanceof Error ? error.message : 'failed'
    return { outcome: 'temporary', error: words.slice(0, 500), mayHaveLeft: true }
  }
}

function judged(status: number): Transferred {
  if (status >= 200 && status < 300) return { outcome: 'accepted' }
  const error = `The provider answered ${status}`
  const isTemporary = status >= 500 || [timedOut, tooEarly, tooMany].includes(status)
  if (!isTemporary) return { outcome: 'permanent', error }
  return { outcome: 'temporary', error, mayHaveLeft: status >= 500 || status === timedOut }
}
