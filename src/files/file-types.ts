/** A type of file that is kept, under the names that callers give it. */
export interface FileType {
  readonly contentType: string
  readonly extensions: readonly string[]
  /** Other content types that programs send for it. */
  readonly alsoCalled: readonly string[]
  readonly isText: boolean
}

const binary = (
  contentType: string,
  extensions: string[],
  alsoCalled: string[] = [],
): FileType => ({
  contentType,
  extensions,
  alsoCalled,
  isText: false,
})
const text = (contentType: string, extensions: string[], alsoCalled: string[] = []): FileType => ({
  contentType,
  extensions,
  alsoCalled,
  isText: true,
})

const openXml = 'application/vnd.openxmlformats-officedocument'
const openDocument = 'application/vnd.oasis.opendocument'

export const csv = text(
  'text/csv',
  ['csv'],
  // Windows names the program that opens it.
  ['application/csv', 'text/x-csv', 'text/comma-separated-values', 'application/vnd.ms-excel'],
)
export const plain = text('text/plain', ['txt'])
export const mail = text('message/rfc822', ['eml'])
export const xml = text('application/xml', ['xml'], ['text/xml'])

/** All that is kept; everything else is refused. Documents with macros, archives and pages are left out on purpose. */
export const fileTypes: readonly FileType[] = [
  binary('application/pdf', ['pdf'], ['application/x-pdf']),
  binary('image/png', ['png']),
  binary('image/jpeg', ['jpg', 'jpeg'], ['image/jpg', 'image/pjpeg']),
  binary('image/gif', ['gif']),
  binary('image/webp', ['webp']),
  binary('image/tiff', ['tif', 'tiff']),
  binary(`${openXml}.wordprocessingml.document`, ['docx']),
  binary(`${openXml}.spreadsheetml.sheet`, ['xlsx']),
  binary(`${openDocument}.text`, ['odt']),
  binary(`${openDocument}.spreadsheet`, ['ods']),
  csv,
  plain,
  mail,
  xml,
]

// What clients send who do not know, and what a part without a type has (RFC 7578, 4.4).
const saysNothing = new Set([
  '',
  'text/plain',
  'application/octet-stream',
  'binary/octet-stream',
  'application/x-download',
  'application/force-download',
])

/** Whether a content type that a caller sent can mean this type. */
export function isCalled(type: FileType, contentType: string): boolean {
  const bare = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  return saysNothing.has(bare) || type.contentType === bare || type.alsoCalled.includes(bare)
}

/** The only type that a content type means; undefined where it says nothing. */
export function typeCalled(contentType: string): FileType | undefined {
  const bare = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  return fileTypes.find((type) => type.contentType === bare && !saysNothing.has(bare))
}
