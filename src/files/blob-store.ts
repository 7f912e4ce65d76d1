import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { isUuid } from '../kernel/id.ts'
import { refuse } from './refusals.ts'

export interface StoredBlob {
  /** The SHA-256 of the bytes, in hexadecimal. */
  readonly key: string
  readonly size: number
}

/** Where the blobs of one tenant are kept. */
export interface BlobStore {
  /** Stores all that the stream gives, durably before it answers; refuses more than `maxBytes` and keeps nothing then. */
  put(stream: Readable, limits: { maxBytes: number }): Promise<StoredBlob>
  /** The bytes under a key. A blob that is not there is a bug, told before the first byte. */
  open(key: string): Promise<Readable>
  /** Removes a blob; one that is not there is removed already. */
  delete(key: string): Promise<void>
}

export interface BlobStores {
  of(tenantId: string): BlobStore
  /** Removes what uploads left behind that died before `before`. */
  removeLeftovers(before: Date): Promise<void>
}

/** `aa/bb/aabb…`: the place of a blob within its tenant's store. Nothing but a hash ever becomes a part of a path. */
export function placeOf(key: string): string[] {
  assert(/^[0-9a-f]{64}$/.test(key), 'a blob is named by its hash')
  return [key.slice(0, 2), key.slice(2, 4), key]
}

/** The tenant as a part of a path. */
export function tenantPlace(tenantId: string): string {
  assert(isUuid(tenantId), 'a tenant is named by its id')
  return tenantId.toLowerCase()
}

/** Passes the chunks of a stream to `take`, in order and within the limit, and answers what they are together. */
export async function readBlob(
  stream: Readable,
  { maxBytes }: { maxBytes: number },
  take: (chunk: Buffer) => Promise<void> | void,
): Promise<StoredBlob> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw refuse('file_too_large')
    hash.update(chunk)
    await take(chunk)
  }
  return { key: hash.digest('hex'), size }
}
