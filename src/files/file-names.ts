const nameLengthMax = 200
const extensionLengthMax = 10
// Control characters, invisible ones that turn the reading direction, halves of pairs, line separators.
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
// What a file system or a header would read as something else.
const special = /["<>|:*?\\/]/g

/** A name to show and to save under: one line without a path, of bounded length, never empty. */
export function safeFileName(given: string): string {
  const last = given.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const shown = last.replaceAll(invisible, '').replaceAll(special, '_')
  const name = shown.replaceAll(/^[\s.]+|[\s.]+$/g, '')
  if (name === '') return 'file'
  if (name.length <= nameLengthMax) return name
  const extension = extensionOf(name)
  const end = extension === '' ? '' : `.${extension}`
  return `${Array.from(name)
    .slice(0, (nameLengthMax - end.length) / 2)
    .join('')}${end}`
}

/** What stands behind the last dot, in lower case, where it is short enough to be meant as a type. */
export function extensionOf(name: string): string {
  const found = /\.([a-z0-9]+)$/i.exec(name)?.[1] ?? ''
  // `scan 12.03.2026` has none.
  const isType = found.length <= extensionLengthMax && /[a-z]/i.test(found)
  return isType ? found.toLowerCase() : ''
}

/** The Content-Disposition of a download (RFC 6266): plain ASCII for old clients, UTF-8 (RFC 8187) for all others. */
export function attachmentOf(fileName: string): string {
  const name = safeFileName(fileName)
  const plain = name.replaceAll(/[^\x20-\x7e]|%/g, '_')
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}
