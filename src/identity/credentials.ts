import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Secrets here are 122 to 256 bits of chance, which nobody guesses: a slow hash would only slow us down. */
export function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}

/** Whether `text` is the secret behind `hash`; takes equally long for every wrong one. */
export function isSecretOf(text: string, hash: Buffer): boolean {
  const given = sha256(text)
  return given.length === hash.length && timingSafeEqual(given, hash)
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
const clientIdLength = 26
// Bytes from here on would make the first letters likelier than the others.
const fairBytes = 256 - (256 % alphabet.length)

/** A name for an OAuth client, in the form in which Cognito gives them. */
export function newClientId(): string {
  let id = ''
  while (id.length < clientIdLength) {
    const letters = [...randomBytes(clientIdLength)]
      .filter((byte) => byte < fairBytes)
      .map((byte) => alphabet.charAt(byte % alphabet.length))
    id = (id + letters.join('')).slice(0, clientIdLength)
  }
  return id
}

/** What a door's secret is sealed for: moved to another row, it does not open. */
export function doorSecretContext(credential: {
  tenantId: string
  door: string
  keyId: string
}): string {
  return `door_credential/${credential.tenantId}/${credential.door}/${credential.keyId}`
}
