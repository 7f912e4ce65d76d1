import { crc32 } from 'node:zlib'

/** A ZIP whose entries are stored as they are: enough of one to be an office document. */
export function storedZip(entries: readonly (readonly [name: string, text: string])[]): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of entries) {
    const content = Buffer.from(text)
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt32LE(crc(content), 10)
    shared.writeUInt32LE(content.length, 14)
    shared.writeUInt32LE(content.length, 18)
    shared.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), content])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\0'), shared, tail, Buffer.from(name))
    bodies.push(local)
    offset += local.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, index, end])
}

/** Node has it since 20.15; types know it later. */
const crc = (bytes: Buffer) => (crc32 as (bytes: Buffer) => number)(bytes)

const openXml = 'application/vnd.openxmlformats-officedocument'
const openDocument = 'application/vnd.oasis.opendocument'
const word = `${openXml}.wordprocessingml.document`
const sheet = `${openXml}.spreadsheetml.sheet`

const contentTypes = (part: string, type: string) =>
  `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="${part}" ContentType="${type}.main+xml"/></Types>`
const office = (folder: string, type: string) =>
  storedZip([
    ['[Content_Types].xml', contentTypes(`/${folder}/document.xml`, type)],
    [`${folder}/document.xml`, '<a/>'],
  ])
const openOffice = (type: string) =>
  storedZip([
    ['mimetype', type],
    ['content.xml', '<a/>'],
  ])

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const webp = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64')
const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex')
const tiff = Buffer.from('49492a00080000000000000000000000', 'hex')
export const pdf = Buffer.from(
  '%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n',
  'latin1',
)
const mail =
  'From: a@example.com\r\nTo: b@example.com\r\nSubject: Re: invoice\r\n\r\n<b>Hello</b>\r\n'
const camt =
  '<?xml version="1.0" encoding="UTF-8"?>\n<!-- bank -->\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt/></Document>'

/** One file of every type that is kept: its name, the type that is sent along, the type that it has, its bytes. */
export const samples: readonly (readonly [
  name: string,
  sent: string,
  type: string,
  bytes: Buffer,
])[] = [
  ['a.pdf', 'application/pdf', 'application/pdf', pdf],
  ['a.png', 'image/png', 'image/png', png],
  ['a.jpg', 'image/jpeg', 'image/jpeg', jpeg],
  ['a.gif', 'image/gif', 'image/gif', gif],
  ['a.webp', 'image/webp', 'image/webp', webp],
  ['a.tif', 'image/tiff', 'image/tiff', tiff],
  ['a.docx', word, word, office('word', word)],
  ['a.xlsx', sheet, sheet, office('xl', sheet)],
  ['a.odt', `${openDocument}.text`, `${openDocument}.text`, openOffice(`${openDocument}.text`)],
  [
    'a.ods',
    'application/octet-stream',
    `${openDocument}.spreadsheet`,
    openOffice(`${openDocument}.spreadsheet`),
  ],
  ['a.csv', 'text/csv', 'text/csv', Buffer.from('a;b\n1;2\n')],
  ['b.csv', 'application/vnd.ms-excel', 'text/csv', Buffer.from('name;stra\xdfe\n', 'latin1')],
  ['c.csv', 'text/csv; charset=utf-16', 'text/csv', Buffer.from('\ufeffa\tb\n', 'utf16le')],
  ['d.csv', 'text/plain', 'text/csv', Buffer.from('\ufeffname\n', 'utf8')],
  ['a.txt', 'text/plain', 'text/plain', Buffer.from('Dear Sir or Madam,\r\n')],
  ['a.eml', 'message/rfc822', 'message/rfc822', Buffer.from(mail)],
  ['camt.053.xml', 'text/xml', 'application/xml', Buffer.from(camt)],
  ['b.xml', 'application/xml', 'application/xml', Buffer.from('<Document><a/></Document>')],
  ['A.PDF', 'application/octet-stream', 'application/pdf', pdf],
  ['c.PDF', '', 'application/pdf', pdf],
]
