const sniffedBytes = 64 * 1024
const escape = 0x1b
const blank = new Set([0x09, 0x0a, 0x0c, 0x0d])
const lowestPrintable = 0x20

/** The first part of a text, or undefined for bytes that are no text. Old spreadsheets write Windows-1252: any high byte may be one. */
export function textHead(bytes: Buffer): string | undefined {
  const wide = wideEncoding(bytes)
  if (wide !== undefined) return wideHead(bytes, wide)
  if (!isNarrowText(bytes)) return undefined
  return bytes.toString('utf8', 0, sniffedBytes).replace(/^\ufeff/, '')
}

/** A loop, not `every`: 25 MB of calls hold up everybody else. */
function isNarrowText(bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    // Mail in old Japanese switches its characters by escapes.
    if (byte < lowestPrintable && !blank.has(byte) && byte !== escape) return false
  }
  return true
}

function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  const mark = bytes.toString('latin1', 0, 2)
  if (mark === '\xff\xfe') return 'utf-16le'
  return mark === '\xfe\xff' ? 'utf-16be' : undefined
}

function wideHead(bytes: Buffer, encoding: string): string | undefined {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    return /[\0-\x08\x0b\x0e-\x1f]/.test(text) ? undefined : text.slice(0, sniffedBytes)
  } catch {
    return undefined
  }
}

// Nothing follows the star, so it never goes back: a pattern that did would take years over a file of comments.
const comments = /^\s*(?:<!--[^]*?-->\s*)*/
const prologue = /^\s*(?:(?:<\?xml\s[^]*?\?>|<!--[^]*?-->)\s*)*/i
// What makes a browser read a text as a page, whatever its name says (WHATWG MIME Sniffing, 7.1), and what a shell runs.
const pageStart =
  /^<(?:!doctype\s+(?:html|svg)|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|img|meta|link|object|embed)[\s/>]/i
const scriptStart = /^(?:#!|@echo off|<\?php|<%)/i

/** Whether a text begins as a page, a picture that runs scripts, or a program. */
export function isActive(head: string): boolean {
  return pageStart.test(head.replace(comments, '')) || scriptStart.test(head)
}

/** Whether a text begins as XML. */
export const isXml = (head: string) => /^\s*<(?:\?xml\s|[a-z_])/i.test(head)

const activeNames = new Set(['html', 'svg', 'script', 'stylesheet', 'transform'])
const rootElement = /^<(?:[\w.-]+:)?([\w.-]+)[\s/>]/
const activeMarks = [
  'http://www.w3.org/1999/xhtml',
  'http://www.w3.org/2000/svg',
  'http://www.w3.org/1999/XSL/Transform',
  '<?xml-stylesheet',
  '<!ENTITY',
]

/** Whether XML is plain data: nothing that a browser shows or runs, and no document type, which readers would follow. */
export function isXmlData(head: string, bytes: Buffer): boolean {
  const root = rootElement.exec(head.replace(prologue, ''))?.[1]
  if (root === undefined || activeNames.has(root.toLowerCase())) return false
  const isWide = wideEncoding(bytes) !== undefined
  return !activeMarks.some((mark) => bytes.includes(mark, 0, isWide ? 'utf16le' : 'utf8'))
}

const mailHeader = /^(?:from|date|received|message-id|return-path|subject|mime-version):/im

/** Whether a text begins with the header of a message (RFC 5322). */
export function isMail(head: string): boolean {
  const header = head.split(/\r?\n\r?\n/, 1)[0] ?? ''
  return /^(?:From \S|[!-9;-~]+:)/.test(header) && mailHeader.test(header)
}
