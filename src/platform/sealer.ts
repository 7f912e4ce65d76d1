import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { ConfigError, type Config } from './config.ts'
import { makeDirectories } from './directories.ts'
import { secretKeyBytes } from './setting.ts'

/** Keeps secrets that must be read again, bound to the place they are kept at. */
export interface Sealer {
  seal(plain: Buffer, context: string): Buffer
  /** Throws `SealError` for another key, another context or changed bytes. */
  open(sealed: Buffer, context: string): Buffer
}

export class SealError extends Error {
  override name = 'SealError'
}

const cipher = 'aes-256-gcm'
const version = 1
const versionBytes = 1
const nonceBytes = 12
const tagBytes = 16
const overheadBytes = versionBytes + nonceBytes + tagBytes

/** Seals with AES-256-GCM; what was sealed in one context does not open in another. */
export function createSealer(key: Buffer): Sealer {
  if (key.length !== secretKeyBytes) throw new SealError(`A key has ${secretKeyBytes} bytes`)
  return {
    seal(plain, context) {
      const nonce = randomBytes(nonceBytes)
      const box = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes })
      box.setAAD(Buffer.from(context, 'utf8'))
      const hidden = Buffer.concat([box.update(plain), box.final()])
      return Buffer.concat([Buffer.of(version), nonce, box.getAuthTag(), hidden])
    },
    open(sealed, context) {
      if (sealed.length < overheadBytes || sealed[0] !== version) {
        throw new SealError('This is nothing that was sealed here')
      }
      const nonce = sealed.subarray(versionBytes, versionBytes + nonceBytes)
      const box = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
      box.setAAD(Buffer.from(context, 'utf8'))
      box.setAuthTag(sealed.subarray(versionBytes + nonceBytes, overheadBytes))
      try {
        return Buffer.concat([box.update(sealed.subarray(overheadBytes)), box.final()])
      } catch {
        throw new SealError(
          `A secret does not open: sealed with another key, or changed (${context})`,
        )
      }
    },
  }
}

/** The installation's own key: QUITTANCE_SECRET_KEY, else the file in the data directory, made at the first need. */
export async function loadSecretKey(
  config: Pick<Config, 'secretKey' | 'dataDir'>,
): Promise<Buffer> {
  const key = await findSecretKey(config)
  return (
    key ?? keyOf(secretKeyFile(config.dataDir), await createKeyFile(secretKeyFile(config.dataDir)))
  )
}

/** The same key, or nothing where none was given or made. */
export async function findSecretKey(
  config: Pick<Config, 'secretKey' | 'dataDir'>,
): Promise<Buffer | undefined> {
  if (config.secretKey !== undefined) return config.secretKey
  const file = secretKeyFile(config.dataDir)
  const text = await readIfPresent(file)
  return text === undefined ? undefined : keyOf(file, text)
}

function keyOf(file: string, text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length === secretKeyBytes) return key
  throw new ConfigError([`${file}: this is no key; give ${secretKeyBytes} bytes in base64`])
}

export function secretKeyFile(dataDir: string): string {
  return path.join(dataDir, 'secret.key')
}

/** Of several processes that start together one creates the file; all read that one. */
async function createKeyFile(file: string): Promise<string> {
  const isRoot = process.getuid?.() === 0
  // The embedded PostgreSQL of root runs as somebody else, who must be able to pass through.
  makeDirectories(path.dirname(file), isRoot ? 0o711 : 0o700)
  const draft = `${file}.${randomUUID()}`
  try {
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(`${randomBytes(secretKeyBytes).toString('base64')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Unlike a rename, a link never replaces a key that is there already.
    await link(draft, file).catch(ignoreExisting)
  } finally {
    await rm(draft, { force: true })
  }
  return readFile(file, 'utf8')
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function ignoreExisting(error: unknown): void {
  if (!hasCode(error, 'EEXIST')) throw error
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
