import { randomBytes } from 'node:crypto'

const hexDigits = '0123456789abcdef'
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const uuidLength = 36
const counterMax = 0xfff
const secretBytes = 32

// Ids are made by the hundred thousand; one call to the system's randomness serves 512 of them.
const poolBytes = 4096
const idRandomBytes = 8

// One sequence per process is the point of these: ids of one process ascend.
const sequence = { ms: 0, counter: 0 }
const pool = { bytes: Buffer.alloc(0), at: 0 }
const characters = Buffer.alloc(uuidLength, '-')

/**
 * A new UUID, version 7 (RFC 9562). Those made by one process ascend strictly, also within one
 * millisecond and when the clock steps back.
 */
export function newId(): string {
  advance(wallClockMs())
  const [high, low] = takeRandom()
  writeHex(0, 8, Math.floor(sequence.ms / 0x10000))
  writeHex(9, 4, sequence.ms % 0x10000)
  writeHex(14, 4, 0x7000 | sequence.counter)
  writeHex(19, 4, 0x8000 | ((high >>> 16) & 0x3fff))
  writeHex(24, 4, high & 0xffff)
  writeHex(28, 8, low)
  return characters.toString('latin1')
}

/** Whether `text` is a UUID of any version, in lower or upper case. */
export function isUuid(text: string): boolean {
  return text.length === uuidLength && uuidPattern.test(text)
}

/** `bytes` random bytes as base64url text, fit for secrets. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** A secret of 256 bits as 43 characters of base64url. */
export function newSecret(): string {
  return randomToken(secretBytes)
}

/** Ids carry the machine's time, never a tenant's test clock: they order what was really done. */
function wallClockMs(): number {
  return Date.now()
}

function advance(now: number): void {
  if (now > sequence.ms) {
    sequence.ms = now
    sequence.counter = 0
    return
  }
  sequence.counter += 1
  if (sequence.counter <= counterMax) return
  sequence.ms += 1
  sequence.counter = 0
}

function takeRandom(): readonly [number, number] {
  if (pool.at + idRandomBytes > pool.bytes.length) {
    pool.bytes = randomBytes(poolBytes)
    pool.at = 0
  }
  const { bytes, at } = pool
  pool.at += idRandomBytes
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
}

function writeHex(at: number, length: number, value: number): void {
  let rest = value
  for (let i = at + length - 1; i >= at; i -= 1) {
    characters[i] = hexDigits.charCodeAt(rest & 0xf)
    rest >>>= 4
  }
}
