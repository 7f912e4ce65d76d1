import path from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../platform/config.ts'
import type { BlobStores } from './blob-store.ts'
import { createDiskStores } from './disk-stores.ts'
import { createS3Stores } from './s3-stores.ts'

/** The blob stores that the settings name. Nothing is made or called before the first upload. */
export function openStores(
  { dataDir, files }: Pick<Config, 'dataDir' | 'files'>,
  log: Pick<Logger, 'warn'>,
): BlobStores {
  if (files.kind === 's3') return createS3Stores(files, log)
  return createDiskStores(path.join(dataDir, 'files'))
}
