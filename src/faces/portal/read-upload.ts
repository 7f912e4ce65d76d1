import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { ClaimedFile } from '../../files/index.ts'
import { Refusal } from '../../platform/refusal.ts'

/** A form with a file, as far as it could be read. */
export interface Upload {
  readonly fields: ReadonlyMap<string, string>
  /** Undefined: the visitor chose none. */
  readonly file: ClaimedFile | undefined
  /** The file was larger than may be sent here; it was not kept. */
  readonly isTooLarge: boolean
}

export const uploadBytesMax = 10 * 1024 * 1024
const fieldsMax = 10
const fieldBytesMax = 20_000
const deadlineMs = 120_000
// Each holds its file in memory until it ends.
const uploadsAtOnceMax = 8

const malformed = () => new Refusal('malformed_form', 'invalid', 'The form could not be read')

/** Reads forms with a file, a few at a time. */
export function createUploadReader(): (request: FastifyRequest) => Promise<Upload> {
  let running = 0
  return async (request) => {
    if (running >= uploadsAtOnceMax)
      throw new Refusal('uploads_full', 'unavailable', 'Too much is being uploaded', 5)
    running += 1
    try {
      return await readUpload(request)
    } finally {
      running -= 1
    }
  }
}

async function readUpload(request: FastifyRequest): Promise<Upload> {
  const type = request.headers['content-type'] ?? ''
  if (!request.isMultipart() || !/;\s*boundary=(?:"[^"]+"|[^\s";]+)/i.test(type)) throw malformed()
  const timer = setTimeout(() => request.raw.destroy(), deadlineMs)
  try {
    const limits = {
      files: 1,
      fields: fieldsMax,
      parts: fieldsMax + 1,
      fieldSize: fieldBytesMax,
      fileSize: uploadBytesMax,
    }
    return await collect(request.parts({ limits }))
  } catch (error) {
    // What is still on its way is read and forgotten, so that the visitor comes to read the answer.
    request.raw.unpipe()
    request.raw.resume()
    throw refusalOf(error)
  } finally {
    clearTimeout(timer)
  }
}

async function collect(parts: AsyncIterable<Multipart>): Promise<Upload> {
  const fields = new Map<string, string>()
  let file: ClaimedFile | undefined
  let isTooLarge = false
  for await (const part of parts) {
    if (part.type === 'file') {
      const bytes = await readFile(part)
      isTooLarge = bytes === undefined
      // A browser sends a part without name and content where nothing was chosen.
      const isChosen = bytes !== undefined && bytes.length > 0
      file = isChosen ? { name: part.filename ?? '', contentType: part.mimetype, bytes } : undefined
      continue
    }
    const { value } = part
    const isText = typeof value === 'string' && !part.valueTruncated && !value.includes('\0')
    if (isText) fields.set(part.fieldname, value)
  }
  return { fields, file, isTooLarge }
}

/** The bytes of a file, or undefined where they are too many. */
async function readFile(part: MultipartFile): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of part.file as AsyncIterable<Buffer>) chunks.push(chunk)
  return part.file.truncated ? undefined : Buffer.concat(chunks)
}

/** The parser's complaints are the sender's mistakes. Whatever else is thrown is a bug of ours. */
function refusalOf(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error
  const isParsers = error.name === 'Error' || error.name === 'FastifyError'
  return isParsers ? malformed() : error
}
