import type { FastifyRequest } from 'fastify'
import { sql } from 'kysely'
import { doorSecretContext } from '../../identity/index.ts'
import type { Caller, WalleeDeps } from './call.ts'
import { isFor, isTokenOf, readToken } from './jwt.ts'
import { isSigned } from './mac.ts'
import { refuse } from './refusals.ts'

/** The application user who signed a request of either version; `unauthorized` for everybody else. */
export async function authenticate(
  deps: WalleeDeps,
  version: 1 | 2,
  request: FastifyRequest,
): Promise<Caller> {
  const signed = version === 1 ? readMac(request) : readBearer(request)
  const { clock, config } = deps.services
  const windowMs = config.walleeWindowSeconds * 1_000
  if (Math.abs(clock().getTime() - signed.atSeconds * 1_000) > windowMs)
    throw refuse('unauthorized', 'its time is too far from ours')
  for (const key of await findKeys(deps, signed.userId)) {
    if (signed.isBy(key.secret))
      return { userId: signed.userId, homeId: key.tenantId, keyId: key.keyId }
  }
  throw refuse('unauthorized')
}

interface Signed {
  readonly userId: number
  readonly atSeconds: number
  isBy(secret: Buffer): boolean
}

function readMac(request: FastifyRequest): Signed {
  const header = (name: string) => String(request.headers[`x-mac-${name}`] ?? '')
  const userId = header('userid')
  const timestamp = header('timestamp')
  const value = header('value')
  if (header('version') !== '1' || value === '') throw refuse('unauthorized', 'it has no signature')
  const { method, raw } = request
  const signed = { userId, timestamp, method, target: raw.url ?? '' }
  return {
    userId: userIdOf(userId),
    atSeconds: /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : 0,
    isBy: (secret) => isSigned(secret, signed, value),
  }
}

function readBearer(request: FastifyRequest): Signed {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const claims = token === undefined ? undefined : readToken(token)
  if (!claims) throw refuse('unauthorized', 'it has no token')
  const target = { method: request.method, target: request.raw.url ?? '' }
  if (!isFor(claims, target)) throw refuse('unauthorized', 'its token is for another request')
  return {
    userId: userIdOf(claims.userId),
    atSeconds: claims.issuedAtSeconds,
    isBy: (secret) => isTokenOf(secret, claims),
  }
}

function userIdOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw refuse('unauthorized')
  return Number(text)
}

interface Key {
  readonly tenantId: string
  readonly keyId: string
  readonly secret: Buffer
}

/** All keys that a user may sign with; several while one is being replaced. */
async function findKeys({ services, sealer }: WalleeDeps, userId: number): Promise<Key[]> {
  const { rows } = await sql<{ tenantId: string; keyId: string; sealed: Buffer }>`
    select tenant_id as "tenantId", key_id as "keyId", secret_sealed as sealed
    from find_wallee_keys(${userId})`.execute(services.db)
  return rows.map(({ tenantId, keyId, sealed }) => {
    const context = doorSecretContext({ tenantId, door: 'wallee', keyId })
    return { tenantId, keyId, secret: sealer.open(sealed, context) }
  })
}
