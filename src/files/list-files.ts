import { refuse as refuseByBook } from '../book/index.ts'
import { isUuid } from '../kernel/id.ts'
import type { Reader } from '../platform/reader.ts'
import { refuse } from './refusals.ts'
import type { File, FilePage } from './schema.ts'

export interface FilesWanted {
  readonly accountReference: string
  readonly limit: number
  readonly cursor?: string | undefined
}

interface FileRow extends Omit<File, 'uploadedAt'> {
  readonly uploadedAt: Date
}

const selectAccount = `select account_id as "accountId" from account where tenant_id = $1 and reference = $2`

// Ids ascend with time, so they are the order too.
const selectFiles = `
select f.file_id as "fileId", a.reference as "accountReference", c.reference as "claimReference",
  f.product_reference as "productReference", f.document_type as "documentType", f.name as "fileName",
  f.content_type as "contentType", f.size_bytes as size, f.sha256, f.uploaded_at as "uploadedAt"
from account a join file f on f.tenant_id = a.tenant_id and f.account_id = a.account_id
left join claim c on c.tenant_id = f.tenant_id and c.claim_id = f.claim_id
where a.tenant_id = $1 and a.reference = $2 and ($3::uuid is null or f.file_id < $3)
order by f.file_id desc limit $4`

/** A page of the files of an account, the newest first. */
export async function listFiles(
  reader: Reader,
  tenantId: string,
  wanted: FilesWanted,
): Promise<FilePage> {
  const { accountReference, limit, cursor = null } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const named = [tenantId, accountReference]
  const [accounts, rows] = await Promise.all([
    reader.read(tenantId, { name: 'files_account', text: selectAccount, values: named }),
    reader.read<FileRow>(tenantId, {
      name: 'files_of_account',
      text: selectFiles,
      values: [...named, cursor, limit + 1],
    }),
  ])
  if (accounts.length === 0) throw refuseByBook('account_not_found')
  const items = rows
    .slice(0, limit)
    .map((row) => ({ ...row, uploadedAt: row.uploadedAt.toISOString() }))
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.fileId ?? null) : null }
}
