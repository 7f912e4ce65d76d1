import { existsSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import type { Config } from '../platform/config.ts'
import { checkSealer } from '../platform/installation-sealer.ts'
import { findSecretKey, secretKeyFile } from '../platform/sealer.ts'
import { bad, good, type Check } from './doctor-check.ts'

const nodeMajorLeast = 20
const nodeMinorLeast = 19

export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = major > nodeMajorLeast || (major === nodeMajorLeast && minor >= nodeMinorLeast)
  if (isNew) return good('node', version)
  return bad('node', `${version} is too old; 20.19 is the oldest that works`)
}

export async function checkDataDir(dataDir: string): Promise<Check> {
  // What is not there yet is made in the nearest directory that is.
  let directory = dataDir
  while (!existsSync(directory)) directory = path.dirname(directory)
  await access(directory, constants.W_OK | constants.X_OK)
  const isThere = directory === dataDir
  return good('data directory', isThere ? dataDir : `${dataDir} can be made in ${directory}`)
}

export async function checkSecretKey(config: Config): Promise<Check> {
  const name = 'secret key'
  const file = secretKeyFile(config.dataDir)
  if (config.secretKey !== undefined) return good(name, 'given by QUITTANCE_SECRET_KEY')
  if ((await findSecretKey(config)) === undefined)
    return good(name, 'none yet; the first start on a new database makes it')
  const isOpen = process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0
  return isOpen ? bad(name, `others may read ${file}; chmod 600 '${file}'`) : good(name, file)
}

/** Whether the secrets in the database open with our key. */
export async function checkSeal(config: Config, ownerPool: pg.Pool): Promise<Check> {
  await checkSealer(config, ownerPool)
  return good('sealed secrets', 'sealed with this key')
}
