import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { makeDirectories } from '../platform/directories.ts'
import { type BlobStores, placeOf, readBlob, type StoredBlob, tenantPlace } from './blob-store.ts'

const privateDirectory = 0o700
const privateFile = 0o600

/**
 * Blobs as files: `<root>/<tenant>/aa/bb/<sha256>`. A blob is written beside its place, flushed, and moved there whole, so
 * whoever finds it finds all of it, also after the power failed.
 */
export function createDiskStores(root: string): BlobStores {
  const incoming = path.join(root, 'incoming')
  return {
    of(tenantId) {
      const home = path.join(root, tenantPlace(tenantId))
      const pathOf = (key: string) => path.join(home, ...placeOf(key))
      return {
        async put(stream, limits) {
          const draft = path.join(incoming, randomUUID())
          try {
            await makeDirectory(incoming)
            const blob = await writeDraft(draft, stream, limits)
            await settle(draft, pathOf(blob.key))
            return blob
          } catch (error) {
            await rm(draft, { force: true })
            throw error
          }
        },
        async open(key) {
          const handle = await open(pathOf(key), 'r')
          return handle.createReadStream()
        },
        delete: (key) => rm(pathOf(key), { force: true }),
      }
    },
    removeLeftovers: (before) => removeDrafts(incoming, before),
  }
}

async function writeDraft(
  draft: string,
  stream: Readable,
  limits: { maxBytes: number },
): Promise<StoredBlob> {
  const handle = await open(draft, 'wx', privateFile)
  try {
    const blob = await readBlob(stream, limits, (chunk) => handle.appendFile(chunk))
    await handle.sync()
    return blob
  } finally {
    await handle.close()
  }
}

async function settle(draft: string, place: string): Promise<void> {
  await makeDirectory(path.dirname(place))
  await rename(draft, place)
  await flushDirectory(path.dirname(place))
}

/** Makes a directory and flushes the entries that lead to it: else the way to a blob may be lost though the blob is not. */
async function makeDirectory(directory: string): Promise<void> {
  const topmost = makeDirectories(directory, privateDirectory)
  if (topmost === undefined) return
  const end = path.dirname(topmost)
  for (let at = path.dirname(directory); at.length >= end.length; at = path.dirname(at)) {
    await flushDirectory(at)
    if (at === end) return
  }
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeDrafts(incoming: string, before: Date): Promise<void> {
  for (const name of await namesIn(incoming)) {
    const draft = path.join(incoming, name)
    // Another process may have finished or removed it meanwhile.
    const found = await stat(draft).catch(() => undefined)
    if (found && found.mtime < before) await rm(draft, { force: true })
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
