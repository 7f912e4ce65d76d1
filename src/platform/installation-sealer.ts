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
  const sealer = createSealer(await loadSecretKey(config))
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

async function openProven(config: KeyConfig, sealed: Buffer): Promise<Sealer> {
  const place = config.secretKey ? 'QUITTANCE_SECRET_KEY' : secretKeyFile(config.dataDir)
  const key = await findSecretKey(config)
  if (key === undefined)
    throw wrongKey(`The secrets of this database are sealed with a key, and ${place} is not there`)
  const sealer = createSealer(key)
  try {
    sealer.open(sealed, context)
    return sealer
  } catch (error) {
    if (!(error instanceof SealError)) throw error
    throw wrongKey(`The secrets of this database are sealed with another key than ${place}`)
  }
}

const wrongKey = (what: string) =>
  new ConfigError([
    `${what}.`,
    'Name the --data-dir of the server that made the database, or give its key in QUITTANCE_SECRET_KEY.',
  ])
