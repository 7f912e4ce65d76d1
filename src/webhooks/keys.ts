import { createPrivateKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { sql, type Kysely } from 'kysely'
import { newId } from '../kernel/id.ts'
import { createBoundedMap } from '../platform/bounded-map.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Tables } from '../platform/tables.ts'
import type { WebhookKey, WebhookKeys } from './schema.ts'

export interface SealedKey {
  readonly keyId: string
  readonly privateSealed: Buffer
}

export interface MadeKey extends SealedKey {
  readonly publicPem: string
}

const algorithm = 'RSASSA-PKCS1-v1_5 with SHA-256'
/** The keys of our own messages; those of other formats are asked for by their id. */
const ownAlgorithm = 'RSA_SHA256'
const foreignAlgorithm = 'ECDSA_P256_SHA256'
const modulusBits = 2048
/** How long a key is listed after another has taken its place. */
export const listedAfterRetirementMs = 48 * 3_600_000
const openKeysMax = 1_000

const generate = promisify(generateKeyPair)

/** Makes a key; takes a tenth of a second and more, so it is made before a transaction. */
export async function makeKey(sealer: Sealer, tenantId: string): Promise<MadeKey> {
  return sealed(sealer, tenantId, await generate('rsa', { modulusLength: modulusBits }))
}

/** Makes and keeps an elliptic key, P-256, that signs notices of the wallee format and is served for good. */
export async function addEllipticKey(tx: Tx, sealer: Sealer): Promise<string> {
  const { tenantId, now, db } = tx
  const made = sealed(sealer, tenantId, generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  await db
    .insertInto('webhook_key')
    .values({
      tenant_id: tenantId,
      key_id: made.keyId,
      public_pem: made.publicPem,
      private_sealed: made.privateSealed,
      created_at: now,
      retired_at: null,
      algorithm: foreignAlgorithm,
    })
    .execute()
  return made.keyId
}

function sealed(
  sealer: Sealer,
  tenantId: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject },
): MadeKey {
  const keyId = newId()
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' })
  return {
    keyId,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateSealed: sealer.seal(secret, sealContext(tenantId, keyId)),
  }
}

/** Opens sealed keys, and keeps those that were used last. */
export function createKeyOpener(sealer: Sealer): (tenantId: string, key: SealedKey) => KeyObject {
  const opened = createBoundedMap<string, KeyObject>(openKeysMax)
  return (tenantId, { keyId, privateSealed }) => {
    const known = opened.get(keyId)
    if (known) return known
    const secret = sealer.open(privateSealed, sealContext(tenantId, keyId))
    const key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' })
    opened.set(keyId, key)
    return key
  }
}

/** The key that signs now; undefined as long as none was needed. */
export async function signingKey(tx: Tx): Promise<SealedKey | undefined> {
  const row = await tx.db
    .selectFrom('webhook_key')
    .select(['key_id', 'private_sealed'])
    .where('tenant_id', '=', tx.tenantId)
    .where('retired_at', 'is', null)
    .where('algorithm', '=', ownAlgorithm)
    .executeTakeFirst()
  return row && { keyId: row.key_id, privateSealed: row.private_sealed }
}

/** Lets the tenant have a signing key, if it has none. */
export async function ensureKey(
  db: Kysely<Tables>,
  sealer: Sealer,
  { tenantId, now }: { tenantId: string; now: Date },
): Promise<void> {
  const unit = { tenantId, now }
  const known = await inTransaction(db, { ...unit, isReadOnly: true }, signingKey)
  if (known) return
  const made = await makeKey(sealer, tenantId)
  await inTransaction(db, unit, async (tx) => {
    // Of two that made one, the first counts.
    await sql`insert into webhook_key (tenant_id, key_id, public_pem, private_sealed, created_at)
      values (${tenantId}, ${made.keyId}, ${made.publicPem}, ${made.privateSealed}, ${now})
      on conflict (tenant_id) where retired_at is null and algorithm = 'RSA_SHA256' do nothing`.execute(
      tx.db,
    )
  })
}

/** Lets a new key sign from now on. The one before is listed for 48 hours more. */
export async function rotateKey(tx: Tx, made: MadeKey): Promise<WebhookKey> {
  const { tenantId, now, db } = tx
  await db
    .selectFrom('tenant')
    .select('tenant_id')
    .where('tenant_id', '=', tenantId)
    .forNoKeyUpdate()
    .execute()
  await db
    .updateTable('webhook_key')
    .set({ retired_at: now })
    .where('tenant_id', '=', tenantId)
    .where('algorithm', '=', ownAlgorithm)
    .where('retired_at', 'is', null)
    .execute()
  await db
    .insertInto('webhook_key')
    .values({
      tenant_id: tenantId,
      key_id: made.keyId,
      public_pem: made.publicPem,
      private_sealed: made.privateSealed,
      created_at: now,
      retired_at: null,
    })
    .execute()
  return keyView({
    key_id: made.keyId,
    public_pem: made.publicPem,
    created_at: now,
    retired_at: null,
  })
}

/** The public keys that a receiver should accept now, the one that signs first. */
export async function listKeys(tx: Tx): Promise<WebhookKeys> {
  const retiredAfter = new Date(tx.now.getTime() - listedAfterRetirementMs)
  const rows = await tx.db
    .selectFrom('webhook_key')
    .select(['key_id', 'public_pem', 'created_at', 'retired_at'])
    .where('tenant_id', '=', tx.tenantId)
    .where('algorithm', '=', ownAlgorithm)
    .where((is) => is.or([is('retired_at', 'is', null), is('retired_at', '>', retiredAfter)]))
    .orderBy((is) => is('retired_at', 'is', null), 'desc')
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute()
  return { items: rows.map(keyView) }
}

function keyView(row: {
  key_id: string
  public_pem: string
  created_at: Date
  retired_at: Date | null
}): WebhookKey {
  const { retired_at: retiredAt } = row
  return {
    keyId: row.key_id,
    algorithm,
    publicKey: row.public_pem,
    isSigning: retiredAt === null,
    createdAt: row.created_at.toISOString(),
    retiredAt: retiredAt?.toISOString() ?? null,
    listedUntil: retiredAt && new Date(retiredAt.getTime() + listedAfterRetirementMs).toISOString(),
  }
}

const sealContext = (tenantId: string, keyId: string) => `webhook_key/${tenantId}/${keyId}`
