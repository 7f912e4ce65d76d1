import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CompiledQuery } from 'kysely'
import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import { type BlobStores, recogniseFile, type Upload, uploadFile } from '../../../files/index.ts'
import {
  keyedRequest,
  releaseKey,
  type Reservation,
  reserveKey,
  storeAnswer,
} from '../../../platform/idempotency.ts'
import { Refusal } from '../../../platform/refusal.ts'
import type { Services } from '../../../platform/services.ts'
import { type ActionResponse, ActionResponseSchema } from '../batch.ts'
import { type Form, readForm } from '../read-form.ts'
import { type Allowances, createAllowances } from '../upload-allowance.ts'
import { coded, processed } from '../words.ts'

export interface UploadDoor {
  readonly services: Services
  readonly stores: BlobStores
  readonly allowances: Allowances
}

const mebibyte = 1024 * 1024
const textLengthMax = 255

/** What all uploads of this server share. */
export function openUploads(services: Services, stores: BlobStores): UploadDoor {
  const allowances = createAllowances({ all: 256 * mebibyte, tenant: 100 * mebibyte })
  return { services, stores, allowances }
}

const Query = Type.Object({
  triggerName: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  minorVersion: Type.Optional(Type.String({ maxLength: 255 })),
})

/** What the contract says of the operation. */
export const uploadFiles = {
  id: 'upload_files',
  method: 'POST' as const,
  tag: 'Files',
  summary: 'Upload a file that belongs to a claim or a product of an account',
  query: Query,
  form: Type.Object({
    file: Type.String({ format: 'binary' }),
    accountId: Reference,
    documentType: Type.Optional(Type.String({ maxLength: textLengthMax })),
    externalClaimRef: Type.Optional(Reference),
    productReference: Type.Optional(Reference),
    ProductReference: Type.Optional(Reference),
  }),
  answer: Type.Record(Type.String(), ActionResponseSchema),
}

/** Mounts the operation in a scope whose requests know their tenant. */
export function mountUpload(scope: FastifyInstance, door: UploadDoor): void {
  void scope.register(async (inner) => {
    await inner.register(multipart)
    inner.route({
      method: 'POST',
      url: `/:clientId/${uploadFiles.id}`,
      schema: {
        params: Type.Object({ clientId: Type.String({ format: 'uuid' }) }),
        querystring: Query,
      },
      handler: (request, reply) => answerUpload(door, { request, reply }),
    })
  })
}

async function answerUpload(
  door: UploadDoor,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<FastifyReply> {
  const { services, allowances } = door
  const allowance = allowances.of(request.tenant.tenantId)
  try {
    const upload = await uploadOf(request, await readForm(request, allowance))
    const keyed = keyedRequest(identityOf(request, upload), upload.tenantId)
    const reserved = keyed && (await reserveKey(services, keyed, services.clock()))
    void reply.type('application/json')
    if (reserved && 'first' in reserved) {
      void reply.code(reserved.first.status).header('idempotent-replayed', 'true')
      return await reply.send(reserved.first.answer)
    }
    return await reply.send(await keep(door, upload, reserved?.reservation))
  } finally {
    allowance.end()
  }
}

/** What makes two uploads the same: their fields and the bytes of their file, on either path. */
function identityOf(request: FastifyRequest, { file, ...upload }: Upload) {
  const { accountReference, claimReference, productReference, documentType } = upload
  const given = { accountReference, claimReference, productReference, documentType }
  const fields = Object.entries(given).filter(([, value]) => value !== undefined)
  const { name, contentType, sha256 } = file
  const { method, url, headers } = request
  const body = { ...Object.fromEntries(fields), file: { name, contentType, sha256 } }
  return { method, url: url.replace(/^\/files/, ''), headers, body }
}

/** Keeps the file and answers in the words of the door; what the books refuse is an answer, too (D-7, 3.3.3). */
async function keep(
  { services, stores }: UploadDoor,
  upload: Upload,
  reservation: Reservation | undefined,
): Promise<string> {
  const { db, clock, clocks } = services
  const nowOf = (tenantId: string) => clocks.nowOf(tenantId)
  const key = upload.accountReference
  const doneText = (fileId: string) =>
    answerText(key, { success: true, messages: [processed], messageIds: [fileId] })
  try {
    const fileId = await uploadFile({ db, stores, nowOf }, upload, async (tx, id) => {
      if (!reservation) return
      const { text, values } = storeAnswer(reservation, { status: 200, answer: doneText(id) })
      await tx.db.executeQuery(CompiledQuery.raw(text, values))
    })
    return doneText(fileId)
  } catch (error) {
    if (reservation) await releaseKey(db, reservation, clock()).catch(() => undefined)
    if (!(error instanceof Refusal) || !businessRefusals.has(error.code)) throw error
    return answerText(key, { success: false, messages: [coded(error)], messageIds: [] })
  }
}

const businessRefusals = new Set([
  'account_not_found',
  'claim_not_found',
  'claim_deleted',
  'product_not_found',
])

/** A computed key, not an assignment: an account may be called `__proto__`. */
const answerText = (key: string, answer: ActionResponse) => JSON.stringify({ [key]: answer })

async function uploadOf(request: FastifyRequest, { fields, file }: Form): Promise<Upload> {
  if (!file) throw invalid(` should have required property 'file'`)
  const accountReference = textOf(fields, 'accountId')
  if (accountReference === undefined) throw invalid(` should have required property 'accountId'`)
  const claimReference = textOf(fields, 'externalClaimRef')
  // D-99: a newer text of the vendor spells it with a capital.
  const productReference = textOf(fields, 'productReference') ?? textOf(fields, 'ProductReference')
  const isTwice = fields.has('productReference') && fields.has('ProductReference')
  if (isTwice || (claimReference === undefined) === (productReference === undefined)) {
    throw invalid(' should match exactly one schema in oneOf')
  }
  const documentType = fields.get('documentType') || undefined
  requireLength('documentType', documentType ?? '')
  const { triggerName, minorVersion } = request.query as {
    triggerName?: string
    minorVersion?: string
  }
  return {
    tenantId: request.tenant.tenantId,
    accountReference,
    claimReference,
    productReference,
    documentType,
    file: await recogniseFile(file),
    triggerName,
    // D-21
    metadata: { originator: 'ClientAPI', ...(minorVersion === undefined ? {} : { minorVersion }) },
  }
}

function textOf(fields: ReadonlyMap<string, string>, name: string): string | undefined {
  const value = fields.get(name)
  if (value === '') throw invalid(`/['${name}'] should NOT have fewer than 1 characters`)
  requireLength(name, value ?? '')
  return value
}

function requireLength(name: string, value: string): void {
  if (Array.from(value).length <= textLengthMax) return
  throw invalid(`/['${name}'] should NOT have more than ${textLengthMax} characters`)
}

const invalid = (words: string) => new Refusal('invalid_form', 'invalid', `body${words}`)
