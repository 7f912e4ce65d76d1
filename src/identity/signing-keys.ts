import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JWK,
} from 'jose'
import { sql, type Kysely, type Transaction } from 'kysely'
import { lockNumber } from '../platform/advisory-locks.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Tables } from '../platform/tables.ts'

/** A key as others see it. */
export interface PublicKey {
  keyId: string
  jwk: JWK
  verifies: CryptoKey
}

export interface KeyRing {
  /** The one key that signs, never older than 90 days. */
  signer(): Promise<{ keyId: string; signs: CryptoKey }>
  /** The key a token names, also one that another process has made just now. */
  find(keyId: string): Promise<PublicKey | undefined>
  published(): Promise<PublicKey[]>
  /** Answers the id of the key that signs from now on. */
  rotate(): Promise<string>
  close(): Promise<void>
}

export interface Log {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export interface KeyRingDeps {
  db: Kysely<Tables>
  sealer: Sealer
  now: () => Date
  log: Log
}

export const signingAlgorithm = 'RS256'

const modulusBits = 2048
const reloadMs = 60_000
const reloadAfterFailureMs = 5000
// Any kid can be made up, so a made-up one must not cost a query each time.
const unknownKeyReloadMs = 1000
const signingDaysMax = 90
const dayMs = 86_400_000
// Twice as long as a token lives.
const publishedAfterRetirementMs = 2 * 3_600_000

interface Ring {
  readonly keys: ReadonlyMap<string, PublicKey>
  readonly signer: { keyId: string; signs: CryptoKey; createdAt: Date }
}

/** The signing keys of the installation, read again every minute; makes the first one, and a new one when due. */
export async function createKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  let ring = await loadRing(deps, undefined)
  let reloadAtMs = deps.now().getTime() + reloadMs
  let unknownReloadAtMs = 0
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    try {
      ring = await loadRing(deps, ring)
      reloadAtMs = deps.now().getTime() + reloadMs
    } catch (error) {
      // The keys we know still serve; whoever needs the database besides fails by itself.
      reloadAtMs = deps.now().getTime() + reloadAfterFailureMs
      deps.log.warn({ err: error }, 'The signing keys could not be read again')
    } finally {
      loading = undefined
    }
  }

  function reload(): Promise<void> {
    loading ??= load()
    return loading
  }

  async function current(): Promise<Ring> {
    if (deps.now().getTime() >= reloadAtMs) await reload()
    return ring
  }

  return {
    signer: async () => (await current()).signer,
    published: async () => [...(await current()).keys.values()],
    async find(keyId) {
      const known = (await current()).keys.get(keyId)
      const nowMs = deps.now().getTime()
      if (known !== undefined || nowMs < unknownReloadAtMs) return known
      unknownReloadAtMs = nowMs + unknownKeyReloadMs
      await reload()
      return ring.keys.get(keyId)
    },
    async rotate() {
      const signing = await readSigning(deps.db)
      await replaceSigner(deps, signing?.keyId)
      ring = await loadRing(deps, ring)
      return ring.signer.keyId
    },
    async close() {
      await loading
    },
  }
}

async function loadRing(deps: KeyRingDeps, before: Ring | undefined): Promise<Ring> {
  const signing = await readSigning(deps.db)
  const newestDueAt = deps.now().getTime() - signingDaysMax * dayMs
  if (signing === undefined || signing.createdAt.getTime() < newestDueAt) {
    await replaceSigner(deps, signing?.keyId)
  }
  const rows = await readKeys(deps.db, deps.now())
  const keys = new Map<string, PublicKey>()
  for (const row of rows) {
    const known = before?.keys.get(row.key_id)
    keys.set(row.key_id, known ?? (await importPublicKey(row.key_id, row.public_jwk)))
  }
  const row = rows.find((candidate) => candidate.retired_at === null)
  if (row === undefined) throw new Error('There is no signing key')
  if (row.key_id === before?.signer.keyId) return { keys, signer: before.signer }
  const signs = await openPrivateKey(deps.sealer, row.key_id, row.private_jwk_sealed)
  return { keys, signer: { keyId: row.key_id, signs, createdAt: row.created_at } }
}

async function readKeys(db: Kysely<Tables>, now: Date) {
  const retiredAfter = new Date(now.getTime() - publishedAfterRetirementMs)
  return db
    .selectFrom('signing_key')
    .select(['key_id', 'public_jwk', 'private_jwk_sealed', 'created_at', 'retired_at'])
    .where((is) => is.or([is('retired_at', 'is', null), is('retired_at', '>', retiredAfter)]))
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute()
}

async function readSigning(
  db: Kysely<Tables>,
): Promise<{ keyId: string; createdAt: Date } | undefined> {
  const row = await db
    .selectFrom('signing_key')
    .select(['key_id', 'created_at'])
    .where('retired_at', 'is', null)
    .orderBy('created_at', 'desc')
    .executeTakeFirst()
  return row && { keyId: row.key_id, createdAt: row.created_at }
}

/** Puts a new key in the place of `replaced`, unless another process has just done so. */
async function replaceSigner(deps: KeyRingDeps, replaced: string | undefined): Promise<void> {
  // Made before the transaction: this takes a tenth of a second, and more on a busy machine.
  const made = await makeKey(deps.sealer)
  const isOurs = await deps.db.transaction().execute(async (db) => {
    // Processes that start together make one first key.
    await sql`select pg_advisory_xact_lock(${lockNumber('signing keys')})`.execute(db)
    if ((await readSigning(db))?.keyId !== replaced) return false
    await retireAndInsert(db, made, deps.now())
    return true
  })
  if (isOurs) deps.log.info({ keyId: made.keyId, replaced }, 'A new key signs access tokens')
}

async function retireAndInsert(
  db: Transaction<Tables>,
  made: { keyId: string; publicJwk: JWK; privateJwkSealed: Buffer },
  now: Date,
): Promise<void> {
  await db
    .updateTable('signing_key')
    .set({ retired_at: now })
    .where('retired_at', 'is', null)
    .execute()
  await db
    .insertInto('signing_key')
    .values({
      key_id: made.keyId,
      public_jwk: JSON.stringify(made.publicJwk),
      private_jwk_sealed: made.privateJwkSealed,
      created_at: now,
      retired_at: null,
    })
    .execute()
}

async function makeKey(sealer: Sealer) {
  const options = { modulusLength: modulusBits, extractable: true }
  const pair = await generateKeyPair(signingAlgorithm, options)
  const bare = await exportJWK(pair.publicKey)
  const keyId = await calculateJwkThumbprint(bare)
  const secret = JSON.stringify(await exportJWK(pair.privateKey))
  return {
    keyId,
    publicJwk: { ...bare, kid: keyId, alg: signingAlgorithm, use: 'sig' },
    privateJwkSealed: sealer.seal(Buffer.from(secret), sealContext(keyId)),
  }
}

async function importPublicKey(keyId: string, jwk: JWK): Promise<PublicKey> {
  return { keyId, jwk, verifies: asKey(await importJWK(jwk, signingAlgorithm)) }
}

async function openPrivateKey(sealer: Sealer, keyId: string, sealed: Buffer): Promise<CryptoKey> {
  const text = sealer.open(sealed, sealContext(keyId)).toString('utf8')
  return asKey(await importJWK(JSON.parse(text) as JWK, signingAlgorithm))
}

function asKey(key: CryptoKey | Uint8Array): CryptoKey {
  if (key instanceof Uint8Array) throw new TypeError('A signing key is an RSA key')
  return key
}

function sealContext(keyId: string): string {
  return `signing_key/${keyId}`
}
