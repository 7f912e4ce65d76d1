import { randomUUID } from 'node:crypto'
import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWK, type JWTPayload } from 'jose'
import { sql, type Kysely } from 'kysely'
import { createBoundedMap } from '../platform/bounded-map.ts'
import type { Tables } from '../platform/tables.ts'
import { isSecretOf, sha256 } from './credentials.ts'
import { createKeyRing, signingAlgorithm, type KeyRing, type KeyRingDeps } from './signing-keys.ts'

export interface AccessToken {
  access_token: string
  expires_in: number
  token_type: 'Bearer'
}

export interface TokenOwner {
  tenantId: string
  clientId: string
}

export interface TokenService {
  /** Undefined for a wrong secret and for an unknown or revoked client, after equal work. */
  issueToken(clientId: string, clientSecret: string): Promise<AccessToken | undefined>
  /** Who presents the token; undefined when it is none of ours, expired, or its client was revoked a minute ago. */
  verifyToken(token: string): Promise<TokenOwner | undefined>
  jwks(): Promise<{ keys: JWK[] }>
  /** Lets a new key sign at once; tokens of the old one stay good. Answers the new key's id. */
  rotateKeys(): Promise<string>
  close(): Promise<void>
}

export interface TokenServiceDeps extends KeyRingDeps {
  issuer: string
}

interface Verified {
  token: string
  trustedUntilMs: number
  owner: Promise<TokenOwner>
}

const lifetimeSeconds = 3600
const tokensMax = 10_000
const tokenLengthMax = 4096
const clientIdLengthMax = 128
// Below the minute after which a revoked client must be out.
const trustMs = 50_000
// 192 bits of the signature find a token in the cache: hashing all of it takes thrice as long.
const tailLength = 32
const secretOfNobody = sha256('')

/** Issues and checks the access tokens of `/v1`; ready when the signing keys are loaded. */
export async function createTokenService(deps: TokenServiceDeps): Promise<TokenService> {
  const ring = await createKeyRing(deps)
  const verified = createBoundedMap<string, Verified>(tokensMax)
  const checking = new Map<string, Promise<TokenOwner | undefined>>()

  async function check(token: string): Promise<TokenOwner | undefined> {
    const nowMs = deps.now().getTime()
    const claims = await readToken(deps, ring, token)
    if (claims === undefined) return undefined
    const client = await findClient(deps.db, claims.clientId)
    if (client === undefined) return undefined
    const owner = { tenantId: client.tenantId, clientId: claims.clientId }
    const trustedUntilMs = Math.min(claims.expiresAtMs, nowMs + trustMs)
    verified.set(tailOf(token), { token, trustedUntilMs, owner: Promise.resolve(owner) })
    return owner
  }

  return {
    async issueToken(clientId, clientSecret) {
      const client = await findClient(deps.db, clientId)
      const isRight = isSecretOf(clientSecret, client?.secretSha256 ?? secretOfNobody)
      if (client === undefined || !isRight) return undefined
      return signToken(deps, ring, clientId)
    },
    verifyToken(token) {
      const known = verified.get(tailOf(token))
      const isTrusted =
        known !== undefined && deps.now().getTime() < known.trustedUntilMs && known.token === token
      if (isTrusted) return known.owner
      // Those who come with one token while it is being checked wait for the one check.
      const running = checking.get(token)
      if (running !== undefined) return running
      const started = check(token).finally(() => checking.delete(token))
      checking.set(token, started)
      return started
    },
    async jwks() {
      const keys = await ring.published()
      return { keys: keys.map((key) => key.jwk) }
    },
    rotateKeys: () => ring.rotate(),
    close: () => ring.close(),
  }
}

function tailOf(token: string): string {
  return token.slice(-tailLength)
}

async function signToken(
  deps: TokenServiceDeps,
  ring: KeyRing,
  clientId: string,
): Promise<AccessToken> {
  const { keyId, signs } = await ring.signer()
  const issuedAt = Math.floor(deps.now().getTime() / 1000)
  // The claims of the published sample and no other, in its order: there are clients that look inside.
  const claims = {
    sub: clientId,
    token_use: 'access',
    scope: 'default/Default',
    auth_time: issuedAt,
    iss: deps.issuer,
    exp: issuedAt + lifetimeSeconds,
    iat: issuedAt,
    version: 2,
    jti: randomUUID(),
    client_id: clientId,
  }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ kid: keyId, alg: signingAlgorithm })
    .sign(signs)
  return { access_token: token, expires_in: lifetimeSeconds, token_type: 'Bearer' }
}

interface Claims {
  clientId: string
  expiresAtMs: number
}

async function readToken(
  deps: TokenServiceDeps,
  ring: KeyRing,
  token: string,
): Promise<Claims | undefined> {
  const keyId = keyIdOf(token)
  const key = keyId === undefined ? undefined : await ring.find(keyId)
  if (key === undefined) return undefined
  try {
    const { payload } = await jwtVerify(token, key.verifies, {
      algorithms: [signingAlgorithm],
      issuer: deps.issuer,
      requiredClaims: ['exp', 'client_id'],
      currentDate: deps.now(),
    })
    return readClaims(payload)
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

function readClaims(payload: JWTPayload): Claims | undefined {
  const { client_id: clientId, token_use: use, exp } = payload
  if (typeof clientId !== 'string' || use !== 'access' || exp === undefined) return undefined
  return { clientId, expiresAtMs: exp * 1000 }
}

function keyIdOf(token: string): string | undefined {
  if (token.length > tokenLengthMax) return undefined
  try {
    const header = decodeProtectedHeader(token)
    return header.alg === signingAlgorithm ? header.kid : undefined
  } catch {
    // Whatever it is, it is no token.
    return undefined
  }
}

async function findClient(
  db: Kysely<Tables>,
  clientId: string,
): Promise<{ tenantId: string; secretSha256: Buffer } | undefined> {
  // What cannot be a client's id is looked up as the empty one, which costs the same and finds none.
  const isPossible = clientId.length <= clientIdLengthMax && !clientId.includes('\0')
  const { rows } = await sql<{ tenant_id: string; secret_sha256: Buffer }>`
    select tenant_id, secret_sha256 from find_oauth_client(${isPossible ? clientId : ''})`.execute(
    db,
  )
  const row = rows[0]
  // Two clients of one id cannot be told apart, so neither gets in.
  if (row === undefined || rows.length > 1) return undefined
  return { tenantId: row.tenant_id, secretSha256: row.secret_sha256 }
}
