import type { Readable } from 'node:stream'
import type { Reader } from '../platform/reader.ts'
import type { BlobStores } from './blob-store.ts'
import { refuse } from './refusals.ts'

export interface OpenedFile {
  readonly name: string
  readonly contentType: string
  readonly size: number
  readonly content: Readable
}

interface Row extends Omit<OpenedFile, 'content'> {
  readonly sha256: string
}

const selectFile = `select name, content_type as "contentType", size_bytes as size, sha256
from file where tenant_id = $1 and file_id = $2`

/** A file of a tenant with its content, which whoever asked must read or destroy. */
export async function openFile(
  { reader, stores }: { reader: Reader; stores: BlobStores },
  tenantId: string,
  fileId: string,
): Promise<OpenedFile> {
  const values = [tenantId, fileId]
  const [row] = await reader.read<Row>(tenantId, { name: 'file_by_id', text: selectFile, values })
  if (!row) throw refuse('file_not_found')
  const { sha256, ...file } = row
  return { ...file, content: await stores.of(tenantId).open(sha256) }
}
