import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a version 1 request is signed with (a.1). */
export interface SignedRequest {
  readonly userId: string
  readonly timestamp: string
  readonly method: string
  /** Path and query as they came, percent-encoding and all. */
  readonly target: string
}

/** The signature of a request whose path and query are worded as in `resource`. */
export function macOf(key: Buffer, request: SignedRequest, resource: string): Buffer {
  const { userId, timestamp, method } = request
  const secured = ['1', userId, timestamp, method.toUpperCase(), resource].join('|')
  return createHmac('sha512', key).update(secured, 'utf8').digest()
}

/**
 * Whether a signature belongs to a request. The SDKs sign the query in their own encoding, not in the one their HTTP
 * library sends; every candidate decodes to the same values, so no other request is let in.
 */
export function isSigned(key: Buffer, request: SignedRequest, signature: string): boolean {
  const given = Buffer.from(signature, 'base64')
  return candidatesOf(request.target).some((resource) => {
    const expected = macOf(key, request, resource)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}

/** The wordings of a path and its query that a client may have signed, all with the same decoded values in their order. */
export function candidatesOf(target: string): string[] {
  const [path, query] = splitAtFirst(target, '?')
  if (query === undefined) return [target]
  const pairs = query.split('&').map((pair) => {
    const [name, value] = splitAtFirst(pair, '=')
    return [decode(name), value === undefined ? undefined : decode(value)] as const
  })
  const worded = (encode: (text: string) => string) =>
    pairs
      .map(([name, value]) =>
        value === undefined ? encode(name) : `${encode(name)}=${encode(value)}`,
      )
      .join('&')
  const encodings = [encodeURIComponent, formEncoded, dotNetEncoded]
  return [...new Set([target, ...encodings.map((encode) => `${path}?${worded(encode)}`)])]
}

export function splitAtFirst(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

/** A `+` is a space, as forms write it; what cannot be decoded is taken as it is. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** As Python's urlencode words it. */
function formEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** As .NET's HttpUtility words it: hexadecimal in lower case, and fewer characters escaped. */
function dotNetEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll("'", '%27')
    .replaceAll('~', '%7e')
    .replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())
}
