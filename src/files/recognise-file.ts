import { createHash } from 'node:crypto'
import { fileTypeFromBuffer } from 'file-type'
import { extensionOf, safeFileName } from './file-names.ts'
import { type FileType, fileTypes, isCalled, mail, plain, typeCalled, xml } from './file-types.ts'
import { fileBytesMax, refuse } from './refusals.ts'
import { isActive, isMail, isXml, isXmlData, textHead } from './sniff-text.ts'

/** A file as its sender describes it. */
export interface ClaimedFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
}

/** A file of which is known what it is. */
export interface RecognisedFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly sha256: string
}

/** Says what a file is by its bytes, and refuses what is not kept or is not what it is called. */
export async function recogniseFile(claimed: ClaimedFile): Promise<RecognisedFile> {
  const { bytes } = claimed
  if (bytes.length === 0) throw refuse('file_empty')
  if (bytes.length > fileBytesMax) throw refuse('file_too_large')
  const name = safeFileName(claimed.name)
  const extension = extensionOf(name)
  const named = fileTypes.find((type) => type.extensions.includes(extension))
  if (extension !== '' && !named) throw refuse('file_type_refused', `.${extension}`)
  if (!fileTypes.some((type) => isCalled(type, claimed.contentType))) {
    throw refuse('file_type_refused', claimed.contentType.slice(0, 100))
  }
  const head = textHead(bytes)
  const magic = await magicOf(bytes, head)
  const type = magic ?? textType(head, bytes, named ?? typeCalled(claimed.contentType))
  if (named && named !== type) throw refuse('file_type_mismatch')
  if (!isCalled(type, claimed.contentType)) throw refuse('file_type_mismatch')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name, contentType: type.contentType, bytes, sha256 }
}

// Two bytes are a weak mark: a table may begin with these letters, and UTF-16 with what sound begins with.
const weakMarks = new Set(['image/bmp', 'application/x-msdownload', 'audio/mpeg'])

/** The type that the first bytes betray; undefined for texts, which have no such mark. */
async function magicOf(bytes: Buffer, head: string | undefined): Promise<FileType | undefined> {
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  if (found === undefined || found.mime === xml.contentType) return undefined
  if (head !== undefined && weakMarks.has(found.mime)) return undefined
  const known = fileTypes.find((type) => type.contentType === found.mime)
  if (!known) throw refuse('file_type_refused', found.mime)
  return known
}

function textType(head: string | undefined, bytes: Buffer, called: FileType | undefined): FileType {
  if (head === undefined) throw refuse(called ? 'file_type_mismatch' : 'file_type_refused')
  if (isActive(head)) throw refuse('file_type_refused', 'pages and programs')
  const type = called ?? (isXml(head) ? xml : plain)
  if (!type.isText) throw refuse('file_type_mismatch')
  if (isXml(head) !== (type === xml)) throw refuse('file_type_mismatch')
  if (type === xml && !isXmlData(head, bytes)) throw refuse('file_type_refused', 'this kind of XML')
  if (type === mail && !isMail(head)) throw refuse('file_type_mismatch')
  return type
}
