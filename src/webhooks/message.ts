import { sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { StoredEvent } from '../events/index.ts'

const signInPool = promisify(
  (key: KeyObject, text: string, done: (error: Error | null, signature: Buffer) => void) =>
    sign('sha256', Buffer.from(text, 'utf8'), key, done),
)

/** The JSON text of a message's payload: what is signed, and what is sent at every attempt. */
export function payloadOf(event: StoredEvent): string {
  const originator = event.metadata['originator']
  return JSON.stringify({
    // D-102: payloads carry the version, subscriptions do not.
    details: { messageType: `${event.type}.v1`, ...event.data },
    messageId: event.messageId,
    timestamp: event.occurredAt.toISOString(),
    user: { originator: typeof originator === 'string' ? originator : 'System' },
  })
}

/**
 * D-101: the body of a message. Put together from the text that was signed, so that `payload` and `payloadAsString`
 * cannot differ. The signature is RSASSA-PKCS1-v1_5 with SHA-256, in base64 (14.2.3).
 */
export async function signedBody(payload: string, key: KeyObject): Promise<string> {
  const signature = (await signInPool(key, payload)).toString('base64')
  return `{"payload":${payload},"payloadAsString":${JSON.stringify(payload)},"signature":"${signature}"}`
}

/** The header that signs a notice of the wallee format: its order and separators are what the SDKs look for. */
export async function signatureHeader(
  body: string,
  keyId: string,
  key: KeyObject,
): Promise<string> {
  const signature = (await signInPool(key, body)).toString('base64')
  return `algorithm=SHA256withECDSA, keyId=${keyId}, signature=${signature}`
}

/** What orders a message among others: its claim, else its account, else nothing. */
export function orderKeyOf(data: Readonly<Record<string, unknown>>): string | null {
  const { claimRef, accountReference } = data
  if (typeof claimRef === 'string') return `claim:${claimRef}`
  return typeof accountReference === 'string' ? `account:${accountReference}` : null
}
