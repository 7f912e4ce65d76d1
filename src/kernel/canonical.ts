import { createHash } from 'node:crypto'

/**
 * The JSON text of a value with the keys of every object sorted by UTF-16 code unit, so that equal
 * values have equal texts. Members that are undefined are left out. Throws `TypeError` for what
 * JSON cannot say: other undefineds, functions, bigints, NaN, infinities, instances of classes.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) {
    // Unlike `map`, this also visits holes.
    return `[${Array.from(value, (item: unknown) => canonicalJson(item)).join(',')}]`
  }
  if (isPlainObject(value)) return canonicalObject(value)
  const isScalar =
    value === null ||
    typeof value === 'boolean' ||
    typeof value === 'string' ||
    Number.isFinite(value)
  if (!isScalar) throw new TypeError(`JSON has no way to say a ${typeof value} such as this`)
  return JSON.stringify(value)
}

/** The SHA-256 of the UTF-8 bytes of `text`, 64 lower-case hexadecimal digits. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function canonicalObject(value: Record<string, unknown>): string {
  const members: string[] = []
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`)
  }
  return `{${members.join(',')}}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
