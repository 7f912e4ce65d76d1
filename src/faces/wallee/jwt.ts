import { createHmac, timingSafeEqual } from 'node:crypto'
import { isObject, type Json } from './json.ts'
import { decode, splitAtFirst } from './mac.ts'

/** What the token of a version 2 request claims (a.2). */
export interface Claims {
  readonly userId: string
  readonly issuedAtSeconds: number
  readonly path: string
  readonly method: string
  /** What the signature covers. */
  readonly signed: string
  readonly signature: string
}

const tokenLengthMax = 16 * 1024 * 1024

/** The claims of a compact token, unverified; undefined for what is none of ours. */
export function readToken(token: string): Claims | undefined {
  if (token.length > tokenLengthMax) return undefined
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  const head = readPart(header)
  const claims = readPart(payload)
  if (more.length > 0 || !head || !claims) return undefined
  // The algorithm is ours to say, never the token's.
  const isOurs = head['alg'] === 'HS256' && ['undefined', '1'].includes(String(head['ver']))
  const { sub, iat, requestPath, requestMethod } = claims
  const isComplete = typeof requestPath === 'string' && typeof requestMethod === 'string'
  if (!isOurs || !isComplete || typeof iat !== 'number') return undefined
  return {
    userId: String(sub),
    issuedAtSeconds: iat,
    path: requestPath,
    method: requestMethod,
    signed: `${header}.${payload}`,
    signature,
  }
}

/** Whether a token was signed with the key. */
export function isTokenOf(key: Buffer, { signed, signature }: Claims): boolean {
  const given = Buffer.from(signature, 'base64url')
  const expected = createHmac('sha256', key).update(signed, 'utf8').digest()
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Whether a token is for a request: the same path and the same query once decoded, in the same order. */
export function isFor({ path, method }: Claims, request: { method: string; target: string }) {
  if (method.toUpperCase() !== request.method) return false
  return path === request.target || decoded(path) === decoded(request.target)
}

function decoded(target: string): string {
  const [path, query] = splitAtFirst(target, '?')
  const pairs = (query ?? '').split('&').map((pair) => {
    const [name, value = ''] = splitAtFirst(pair, '=')
    return [decode(name), decode(value)]
  })
  return JSON.stringify([decode(path.replaceAll('+', '%2B')), pairs])
}

function readPart(part: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
