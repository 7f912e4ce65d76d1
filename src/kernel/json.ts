/**
 * The strict, order-preserving reader of request bodies. `JSON.parse` builds the value; one scan of
 * the text before it refuses what would be stored wrongly and words errors as callers know them.
 */

const code = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  upperE: 0x45,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  lowerE: 0x65,
  lowerF: 0x66,
  lowerN: 0x6e,
  lowerT: 0x74,
  lowerU: 0x75,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  surrogateMin: 0xd800,
  surrogateMax: 0xdfff,
  byteOrderMark: 0xfeff,
  end: -1,
} as const

const depthMaxDefault = 32
/** Any decimal of this many characters survives the way to a double and back. */
const exactLengthMax = 15
const simpleEscapes = '"\\/bfnrt'
/** With the `u` flag a surrogate that has its other half is part of a code point and no match. */
const loneSurrogate = /\p{Surrogate}/u

/** Why a text is not accepted: it is no JSON (`syntax`), or JSON that cannot be kept (`refused`). */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly kind: 'syntax' | 'refused'

  constructor(kind: 'syntax' | 'refused', message: string) {
    super(message)
    this.kind = kind
  }
}

export interface JsonLimits {
  /** How many objects and arrays may lie inside each other; 32 when not given. */
  readonly depthMax?: number
  /** Tolerates a comma before a closing bracket. */
  readonly trailingCommas?: boolean
}

export interface JsonDocument {
  readonly value: unknown
  /** Keys of the outermost object in body order, also `"10","9"`; empty when it is no object. */
  readonly topLevelKeys: readonly string[]
}

interface Scan {
  readonly text: string
  readonly depthMax: number
  readonly trailingCommas: boolean
  at: number
  /** About the string read last. */
  hasEscape: boolean
  hasSurrogate: boolean
  /** Positions of the commas to leave out. */
  readonly cuts: number[]
  readonly topLevelKeys: Set<string>
}

/**
 * Reads one JSON text, in time linear in its length; a byte order mark is skipped.
 *
 * Throws `JsonError` of kind `syntax`, worded as V8 did up to Node 18 ("SyntaxError: Unexpected
 * token } in JSON at position 389", what callers of the Receeve API match on), or `refused` for:
 * nesting deeper than `depthMax`, a key `__proto__`, NUL, half a surrogate pair, a repeated key in
 * the outermost object, and numbers a double would change into another whole number.
 */
export function readJson(text: string, limits: JsonLimits = {}): JsonDocument {
  const scan: Scan = {
    text: text.charCodeAt(0) === code.byteOrderMark ? text.slice(1) : text,
    depthMax: limits.depthMax ?? depthMaxDefault,
    trailingCommas: limits.trailingCommas ?? false,
    at: 0,
    hasEscape: false,
    hasSurrogate: false,
    cuts: [],
    topLevelKeys: new Set(),
  }
  scanValue(scan, 0)
  if (skipSpace(scan) !== code.end) throw unexpected(scan.text, scan.at)
  const value: unknown = JSON.parse(withoutCuts(scan))
  return { value, topLevelKeys: [...scan.topLevelKeys] }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of UTF-8 bytes without a byte order mark. Throws `JsonError` when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new JsonError('refused', 'The body is not valid UTF-8')
  }
}

function scanValue(scan: Scan, depth: number): void {
  const first = skipSpace(scan)
  if (first === code.quote) return scanString(scan)
  if (first === code.openBrace) return scanObject(scan, depth + 1)
  if (first === code.openBracket) return scanArray(scan, depth + 1)
  if (first === code.minus || isDigit(first)) return scanNumber(scan)
  if (first === code.lowerT) return scanWord(scan, 'true')
  if (first === code.lowerF) return scanWord(scan, 'false')
  if (first === code.lowerN) return scanWord(scan, 'null')
  throw unexpected(scan.text, scan.at)
}

function scanObject(scan: Scan, depth: number): void {
  enter(scan, depth)
  if (take(scan, code.closeBrace)) return
  do {
    scanKey(scan, depth)
    if (!take(scan, code.colon)) throw unexpected(scan.text, scan.at)
    scanValue(scan, depth)
  } while (hasNext(scan, code.closeBrace))
}

function scanArray(scan: Scan, depth: number): void {
  enter(scan, depth)
  if (take(scan, code.closeBracket)) return
  do scanValue(scan, depth)
  while (hasNext(scan, code.closeBracket))
}

function enter(scan: Scan, depth: number): void {
  if (depth > scan.depthMax) {
    throw refused(`Nesting deeper than ${scan.depthMax} levels`, scan.at)
  }
  scan.at += 1
}

/** Steps over the comma to the next member, or over the closing bracket. */
function hasNext(scan: Scan, close: number): boolean {
  if (take(scan, close)) return false
  const commaAt = scan.at
  if (!take(scan, code.comma)) throw unexpected(scan.text, scan.at)
  if (!scan.trailingCommas || !take(scan, close)) return true
  scan.cuts.push(commaAt)
  return false
}

function scanKey(scan: Scan, depth: number): void {
  if (skipSpace(scan) !== code.quote) throw unexpected(scan.text, scan.at)
  const start = scan.at
  scanString(scan)
  const isTopLevel = depth === 1
  // Most keys are only looked at where they lie: cutting each one out doubles the time of a scan.
  if (!isTopLevel && !scan.hasEscape && !scan.text.startsWith('__proto__"', start + 1)) return
  const key = decodeString(scan, start)
  if (key === '__proto__') throw refused('The key __proto__ is not allowed', start)
  if (!isTopLevel) return
  if (scan.topLevelKeys.has(key)) throw refused('The same key appears twice', start)
  scan.topLevelKeys.add(key)
}

function scanString(scan: Scan): void {
  const { text } = scan
  const start = scan.at
  scan.hasEscape = false
  scan.hasSurrogate = false
  let at = start + 1
  let unit = codeAt(text, at)
  while (unit !== code.quote) {
    if (unit < code.space) throw unexpected(text, at)
    if (unit >= code.surrogateMin && unit <= code.surrogateMax) scan.hasSurrogate = true
    at = unit === code.backslash ? scanEscape(scan, at) : at + 1
    unit = codeAt(text, at)
  }
  scan.at = at + 1
  if (scan.hasSurrogate && loneSurrogate.test(decodeString(scan, start))) {
    throw refused('A string holds half a surrogate pair', start)
  }
}

/** The position behind the escape that begins at `at`. */
function scanEscape(scan: Scan, at: number): number {
  const { text } = scan
  scan.hasEscape = true
  const letter = codeAt(text, at + 1)
  if (letter === code.end) throw unexpected(text, at + 1)
  if (simpleEscapes.includes(text.charAt(at + 1))) return at + 2
  if (letter !== code.lowerU) throw unexpectedToken(text, at + 1)
  let unit = 0
  for (let digitAt = at + 2; digitAt < at + 6; digitAt += 1) {
    const digit = hexValue(codeAt(text, digitAt))
    if (digit < 0) throw unexpected(text, digitAt)
    unit = unit * 16 + digit
  }
  if (unit === 0) throw refused('The character NUL is not allowed', at)
  if (unit >= code.surrogateMin && unit <= code.surrogateMax) scan.hasSurrogate = true
  return at + 6
}

/** The string whose quotes are at `start` and just before the scan. */
function decodeString(scan: Scan, start: number): string {
  if (!scan.hasEscape) return scan.text.slice(start + 1, scan.at - 1)
  return String(JSON.parse(scan.text.slice(start, scan.at)))
}

function scanNumber(scan: Scan): void {
  const { text, at: start } = scan
  let at = codeAt(text, start) === code.minus ? start + 1 : start
  const hasLeadingZero = codeAt(text, at) === code.zero
  at = hasLeadingZero ? at + 1 : skipDigits(text, at)
  if (hasLeadingZero && isDigit(codeAt(text, at))) throw unexpected(text, at)
  if (codeAt(text, at) === code.point) at = skipDigits(text, at + 1)
  const mantissaEnd = at
  if (isExponentMark(codeAt(text, at))) {
    const sign = codeAt(text, at + 1)
    at = skipDigits(text, sign === code.plus || sign === code.minus ? at + 2 : at + 1)
  }
  scan.at = at
  if (at > mantissaEnd || at - start > exactLengthMax) refuseInexact(text.slice(start, at), start)
}

/** Fractions may round (0.1 does); what reads back as a whole number must have been that number. */
function refuseInexact(token: string, position: number): void {
  const value = Number(token)
  if (Number.isFinite(value) && !Number.isInteger(value)) return
  if (!Number.isSafeInteger(value)) throw refused('A number is too large', position)
  const said = significantDigits(token)
  const kept = significantDigits(String(value))
  const isExact = said.digits === kept.digits && (said.digits === '' || said.power === kept.power)
  if (!isExact) throw refused('A number has more digits than can be kept', position)
}

/** A decimal as `digits × 10^power`, the digits without zeros at either end; none for zero. */
function significantDigits(token: string): { digits: string; power: number } {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = whole + fraction
  let from = 0
  while (codeAt(all, from) === code.zero) from += 1
  let to = all.length
  while (to > from && codeAt(all, to - 1) === code.zero) to -= 1
  const power = Number(exponent) - fraction.length + all.length - to
  return { digits: all.slice(from, to), power }
}

function scanWord(scan: Scan, word: string): void {
  const start = scan.at
  for (let i = 1; i < word.length; i += 1) {
    if (codeAt(scan.text, start + i) !== word.charCodeAt(i)) throw unexpected(scan.text, start + i)
  }
  scan.at = start + word.length
}

/** Moves to the next character that is no white space and returns its code, or `code.end`. */
function skipSpace(scan: Scan): number {
  const { text } = scan
  let { at } = scan
  let unit = codeAt(text, at)
  while (isSpace(unit)) {
    at += 1
    unit = codeAt(text, at)
  }
  scan.at = at
  return unit
}

/** Steps over `wanted` if it comes next. */
function take(scan: Scan, wanted: number): boolean {
  if (skipSpace(scan) !== wanted) return false
  scan.at += 1
  return true
}

function skipDigits(text: string, start: number): number {
  if (!isDigit(codeAt(text, start))) throw unexpected(text, start)
  let at = start + 1
  while (isDigit(codeAt(text, at))) at += 1
  return at
}

function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : code.end
}

function isDigit(unit: number): boolean {
  return unit >= code.zero && unit <= code.nine
}

function isExponentMark(unit: number): boolean {
  return unit === code.lowerE || unit === code.upperE
}

function isSpace(unit: number): boolean {
  if (unit > code.space) return false
  return (
    unit === code.space ||
    unit === code.lineFeed ||
    unit === code.carriageReturn ||
    unit === code.tab
  )
}

function hexValue(unit: number): number {
  if (isDigit(unit)) return unit - code.zero
  const lower = unit | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}

function withoutCuts(scan: Scan): string {
  const { text, cuts } = scan
  if (cuts.length === 0) return text
  let from = 0
  const parts: string[] = []
  for (const cut of cuts) {
    parts.push(text.slice(from, cut))
    from = cut + 1
  }
  parts.push(text.slice(from))
  return parts.join('')
}

function unexpected(text: string, at: number): JsonError {
  const unit = codeAt(text, at)
  if (unit === code.end) return new JsonError('syntax', 'SyntaxError: Unexpected end of JSON input')
  if (unit === 0) return refused('The character NUL is not allowed', at)
  if (unit === code.quote) return unexpectedWhat('string', at)
  if (unit === code.minus || isDigit(unit)) return unexpectedWhat('number', at)
  return unexpectedToken(text, at)
}

function unexpectedToken(text: string, at: number): JsonError {
  const token = String.fromCodePoint(text.codePointAt(at) ?? 0)
  // The message goes out as UTF-8, which has no word for half a pair.
  return unexpectedWhat(`token ${token.replace(loneSurrogate, '\uFFFD')}`, at)
}

function unexpectedWhat(what: string, at: number): JsonError {
  return new JsonError('syntax', `SyntaxError: Unexpected ${what} in JSON at position ${at}`)
}

function refused(what: string, at: number): JsonError {
  return new JsonError('refused', `${what} (at position ${at})`)
}
