import type { Multipart, MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { type ClaimedFile, fileBytesMax, refuse } from '../../files/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import type { Allowance } from './upload-allowance.ts'

/** A multipart body: its text fields, each once, and its one file. */
export interface Form {
  readonly fields: ReadonlyMap<string, string>
  readonly file: ClaimedFile | undefined
}

const fieldsMax = 20
const fieldBytesMax = 4_000
const nameLengthMax = 100
const headersMax = 20
const formBytesMax = fileBytesMax + 256 * 1024
const deadlineMs = 120_000

const limits = {
  files: 1,
  fields: fieldsMax,
  parts: fieldsMax + 1,
  fieldSize: fieldBytesMax,
  fileSize: fileBytesMax,
  headerPairs: headersMax,
}

const malformed = (why: string) => new Refusal('malformed_form', 'invalid', `body${why}`)

/** Reads a multipart body into memory, as far as its limits and the allowance go. */
export async function readForm(request: FastifyRequest, allowance: Allowance): Promise<Form> {
  if (!request.isMultipart()) throw malformed(' should be multipart/form-data')
  // The parser takes an empty one, and every line that begins with two dashes for it.
  const type = request.headers['content-type'] ?? ''
  if (!/;\s*boundary=(?:"[^"]+"|[^\s";]+)/i.test(type)) throw malformed(' should name its boundary')
  endInTime(request)
  try {
    if (Number(request.headers['content-length'] ?? 0) > formBytesMax) {
      throw refuse('file_too_large')
    }
    return await collect(request.parts({ limits }), allowance)
  } catch (error) {
    // What is still on its way is read and forgotten, so that the caller comes to read the answer.
    request.raw.unpipe()
    request.raw.resume()
    throw refusalOf(error)
  }
}

/** A body that does not end would hold what it has brought. */
function endInTime({ raw }: FastifyRequest): void {
  const timer = setTimeout(() => raw.destroy(), deadlineMs)
  timer.unref()
  for (const event of ['end', 'close']) raw.once(event, () => clearTimeout(timer))
}

async function collect(parts: AsyncIterable<Multipart>, allowance: Allowance): Promise<Form> {
  const fields = new Map<string, string>()
  let file: ClaimedFile | undefined
  for await (const part of parts) {
    if (part.type === 'file') {
      if (part.fieldname !== 'file') throw malformed(` should have its file in 'file'`)
      file = await readFile(part, allowance)
      continue
    }
    const { value } = part
    // The parser gives a part without a name, whatever its types say, and shortens no name.
    const fieldname = (part.fieldname as string | undefined) ?? ''
    if (fieldname.length > nameLengthMax) {
      throw malformed(` should NOT have field names longer than ${nameLengthMax} characters`)
    }
    if (part.valueTruncated) {
      throw malformed(` should NOT have fields longer than ${fieldBytesMax} bytes`)
    }
    if (fields.has(fieldname)) throw malformed(` should NOT have the field '${fieldname}' twice`)
    if (typeof value !== 'string') throw malformed(`/['${fieldname}'] should be string`)
    if (value.includes('\0')) throw malformed(`/['${fieldname}'] should NOT contain NUL`)
    fields.set(fieldname, value)
  }
  return { fields, file }
}

async function readFile(part: MultipartFile, allowance: Allowance): Promise<ClaimedFile> {
  const chunks: Buffer[] = []
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    allowance.take(chunk.length)
    chunks.push(chunk)
  }
  if (part.file.truncated) throw refuse('file_too_large')
  // A name that is missing is none; what is in it is looked at where the file is recognised.
  return { name: part.filename ?? '', contentType: part.mimetype, bytes: Buffer.concat(chunks) }
}

/** The parser's complaints are the caller's mistakes. Whatever else is thrown is a bug of ours. */
function refusalOf(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error
  const { code } = error as { code?: string }
  if (code === 'FST_REQ_FILE_TOO_LARGE') return refuse('file_too_large')
  if (code === 'FST_FILES_LIMIT') return malformed(' should NOT have more than 1 file')
  if (code === 'FST_FIELDS_LIMIT' || code === 'FST_PARTS_LIMIT') {
    return malformed(` should NOT have more than ${fieldsMax} fields`)
  }
  const isParsers = error.name === 'Error' || error.name === 'FastifyError'
  return isParsers ? malformed(` is not well-formed: ${error.message}`) : error
}
