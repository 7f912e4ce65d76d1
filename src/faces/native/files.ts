import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { Reference } from '../../accounts/schema.ts'
import { attachmentOf, type BlobStores, listFiles, openFile } from '../../files/index.ts'
import { FilePage } from '../../files/schema.ts'
import { Id } from '../../kernel/schema.ts'
import type { Services } from '../../platform/services.ts'
import type { NativeOperation } from './operation.ts'

interface Deps {
  readonly services: Services
  readonly stores: BlobStores
}

const FilePath = Type.Object({ fileId: Id })
const FilesQuery = Type.Object({
  accountReference: Reference,
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
})
const limitDefault = 50

export const fileOperations: readonly NativeOperation[] = [
  {
    id: 'files.list',
    method: 'GET',
    path: '/files',
    tag: 'Files',
    summary: 'The files of an account, the newest first',
    params: Type.Object({}),
    query: FilesQuery,
    answer: FilePage,
    status: 200,
  },
  {
    id: 'files.content',
    method: 'GET',
    path: '/files/{fileId}/content',
    tag: 'Files',
    summary: 'The content of a file as an attachment, in its own content type',
    params: FilePath,
    status: 200,
  },
]

/** Mounts what reads files. The tenant of a request is known by then. */
export function mountFiles(scope: FastifyInstance, deps: Deps): void {
  scope.get('/files', { schema: { querystring: FilesQuery } }, (request) => {
    const { limit = limitDefault, ...rest } = request.query as Static<typeof FilesQuery>
    return listFiles(deps.services.reader, request.tenant.tenantId, { limit, ...rest })
  })
  scope.get('/files/:fileId/content', { schema: { params: FilePath } }, (request, reply) =>
    sendContent(deps, request, reply),
  )
}

/** Somebody else chose these bytes and their name: nothing may show, run or guess at them. */
async function sendContent(
  { services: { reader }, stores }: Deps,
  { tenant, params }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { fileId } = params as Static<typeof FilePath>
  const file = await openFile({ reader, stores }, tenant.tenantId, fileId)
  void reply.headers({
    'content-type': file.contentType,
    'content-length': file.size,
    'content-disposition': attachmentOf(file.name),
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; sandbox`,
    'cache-control': 'private, no-store',
  })
  return reply.send(file.content)
}
