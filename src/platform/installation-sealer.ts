import type pg from 'pg'
import { ConfigError, type Config } from './config.ts'
import { schemaName } from './db.ts'
import {
  createSealer,
  findSecretKey,
  loadSecretKey,
  SealError,
  type Sealer,
  secretKeyFile,
} from './sealer.ts'

const context = 'seal_check'
const proof = Buffer.from('quittance')

type KeyConfig = Pick<Config, 'secretKey' | 'dataDir'>

/**
 * The sealer with the key that the secrets of this database are sealed with. A key is made only where nothing is sealed
 * yet: a second one would seal what no server with the first can open. Throws `ConfigError` without the right key.
 */
export async function openSealer(config: KeyConfig, ownerPool: pg.Pool): Promise<Sealer> {
  const sealed = await findProof(ownerPool)
  if (sealed !== undefined) return openProven(config, sealed)
  const sealer = (await openOlder(config, ownerPool)) ?? createSealer(await loadSecretKey(config))
  await ownerPool.query(
    `insert into ${schemaName}.seal_check (sealed) values ($1) on conflict do nothing`,
    [sealer.seal(proof, context)],
  )
  // Somebody else with another key may have been first.
  return openProven(config, (await findProof(ownerPool)) ?? Buffer.alloc(0))
}

/** Throws `ConfigError` if the database is sealed with another key than ours, or with one that is not here. */
export async function checkSealer(config: KeyConfig, ownerPool: pg.Pool): Promise<void> {
  const sealed = await findProof(ownerPool)
  if (sealed !== undefined) await openProven(config, sealed)
}

async function findProof(ownerPool: pg.Pool): Promise<Buffer | undefined> {
  const { rows } = await ownerPool.query<{ sealed: Buffer }>(
    `select sealed from ${schemaName}.seal_check`,
  )
  return rows[0]?.sealed
}

interface SealedKey {
  readonly context: string
  readonly sealed: Buffer
}

/** Of a database from before there was a proof: with a key that opens one of its signing keys, or none where it has none. */
async function openOlder(config: KeyConfig, ownerPool: pg.Pool): Promise<Sealer | undefined> {
  const { rows } = await ownerPool.query<SealedKey>(
    `select 'signing_key/' || key_id as context, private_jwk_sealed as sealed from ${schemaName}.signing_key`,
  )
  if (rows.length === 0) return undefined
  const sealer = createSealer(await presentKey(config))
  if (rows.some(({ context, sealed }) => isOpened(sealer, context, sealed))) return sealer
  throw otherKey(config)
}

function isOpened(sealer: Sealer, context: string, sealed: Buffer): boolean {
  try {
    sealer.open(sealed, context)
    return true
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    return false
  }
}

async function openProven(config: KeyConfig, sealed: Buffer): Promise<Sealer> {
  const sealer = createSealer(await presentKey(config))
  if (isOpened(sealer, context, sealed)) return sealer
  throw otherKey(config)
}

const placeOf = (config: KeyConfig) =>
  config.secretKey ? 'QUITTANCE_SECRET_KEY' : secretKeyFile(config.dataDir)

async function presentKey(config: KeyConfig): Promise<Buffer> {
  const key = await findSecretKey(config)
  if (key) return key
  throw wrongKey(
    `The secrets of this database are sealed with a key, and ${placeOf(config)} is not there`,
  )
}

const otherKey = (config: KeyConfig) =>
  wrongKey(`The secrets of this database are sealed with another key than ${placeOf(config)}`)

const wrongKey = (what: string) =>
  new ConfigError([
    `${what}.`,
    'Name the --data-dir of the server that made the database, or give its key in QUITTANCE_SECRET_KEY.',
  ])
