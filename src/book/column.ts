import assert from 'node:assert/strict'

/**
 * Columns of rows as PostgreSQL reads arrays in their binary form (`array_recv` and the `…_recv` of each type). Written as
 * text, with every quote of every document escaped, the rows of a large batch took the server longer than deciding them,
 * and the database longer to read.
 */

/** The bytes of one column while they are written. */
class Bytes {
  private buffer = Buffer.allocUnsafeSlow(leastSpace)
  private length = 0

  byte(value: number): void {
    this.reserve(1)
    this.length = this.buffer.writeUInt8(value, this.length)
  }

  int16(value: number): void {
    this.reserve(2)
    this.length = this.buffer.writeInt16BE(value, this.length)
  }

  int32(value: number): void {
    this.reserve(4)
    this.length = this.buffer.writeInt32BE(value, this.length)
  }

  /** A whole number within ±2^53, in two halves: a bigint for each amount would be garbage for each amount. */
  int64(value: number): void {
    assert(Number.isSafeInteger(value), `${value} is no exact whole number`)
    const high = Math.floor(value / 2 ** 32)
    this.reserve(8)
    this.length = this.buffer.writeInt32BE(high, this.length)
    this.length = this.buffer.writeUInt32BE(value - high * 2 ** 32, this.length)
  }

  bigInt64(value: bigint): void {
    this.reserve(8)
    this.length = this.buffer.writeBigInt64BE(value, this.length)
  }

  uuid(value: string): void {
    assert.equal(value.length, 36, 'a UUID has 36 characters')
    this.reserve(16)
    let seen = 0
    for (const at of digitPairs) {
      const high = digits[value.charCodeAt(at)] ?? -1
      const low = digits[value.charCodeAt(at + 1)] ?? -1
      seen |= high | low
      this.buffer[this.length++] = high * 16 + low
    }
    assert(seen >= 0, 'a UUID is spelled in hexadecimal digits')
  }

  /** A text behind its length in bytes. A document of jsonb is one behind the number of its form, which is 1. */
  text(value: string, form?: number): void {
    this.reserve(5 + 3 * value.length)
    const start = this.length + 4
    let end = start
    if (form !== undefined) end = this.buffer.writeUInt8(form, end)
    end += this.buffer.write(value, end)
    this.buffer.writeInt32BE(end - start, this.length)
    this.length = end
  }

  /** Begins anew, also after a column that ended in an error. */
  clear(): void {
    if (this.buffer.length > mostSpace) this.buffer = Buffer.allocUnsafeSlow(leastSpace)
    this.length = 0
  }

  /** A copy of what was written. */
  copy(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.length))
  }

  private reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

// What one large batch needed is not kept for ever.
const leastSpace = 64 * 1024
const mostSpace = 1024 * 1024

// Where the pairs of digits begin in `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
const digitPairs = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const digits = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  digits[digit.charCodeAt(0)] = value
  digits[digit.toUpperCase().charCodeAt(0)] = value
}

interface ColumnType {
  /** Its number in pg_type, the same in every PostgreSQL. */
  readonly oid: number
  /** Writes the length of an element in bytes and the element. */
  readonly write: (out: Bytes, value: unknown) => void
}

const types = {
  boolean: {
    oid: 16,
    write(out, value) {
      assert(typeof value === 'boolean')
      out.int32(1)
      out.byte(value ? 1 : 0)
    },
  },
  bigint: {
    oid: 20,
    write(out, value) {
      out.int32(8)
      out.int64(numberOf(value))
    },
  },
  smallint: {
    oid: 21,
    write(out, value) {
      out.int32(2)
      out.int16(numberOf(value))
    },
  },
  integer: {
    oid: 23,
    write(out, value) {
      out.int32(4)
      out.int32(numberOf(value))
    },
  },
  text: { oid: 25, write: (out, value) => out.text(textOf(value)) },
  date: {
    oid: 1082,
    write(out, value) {
      out.int32(4)
      out.int32(daysOf(textOf(value)))
    },
  },
  timestamptz: {
    oid: 1184,
    write(out, value) {
      out.int32(8)
      const microseconds = (instantOf(value) - firstInstant) * 1_000
      if (Number.isSafeInteger(microseconds)) out.int64(microseconds)
      else out.bigInt64(BigInt(instantOf(value) - firstInstant) * 1_000n)
    },
  },
  uuid: {
    oid: 2950,
    write(out, value) {
      out.int32(16)
      out.uuid(textOf(value))
    },
  },
  jsonb: { oid: 3802, write: (out, value) => out.text(JSON.stringify(value), 1) },
} satisfies Record<string, ColumnType>

/** The types that a column may have. */
export type ColumnTypeName = keyof typeof types

export const isColumnType = (name: string): name is ColumnTypeName => Object.hasOwn(types, name)

export interface Column {
  readonly name: string
  readonly type: ColumnTypeName
}

const bytes = new Bytes()

/** One column of the rows as the parameter of a statement; what a row leaves out is null. */
export function columnOf(
  { name, type }: Column,
  rows: readonly Readonly<Record<string, unknown>>[],
): Buffer {
  const { oid, write }: ColumnType = types[type]
  bytes.clear()
  writeHeader(oid, rows.length)
  for (const row of rows) {
    const value = row[name]
    if (value === null || value === undefined) bytes.int32(nullLength)
    else write(bytes, value)
  }
  return bytes.copy()
}

const nullLength = -1

/** One dimension, nulls allowed, the type of the elements, how many, the number of the first. */
function writeHeader(oid: number, count: number): void {
  bytes.int32(1)
  bytes.int32(1)
  bytes.int32(oid)
  bytes.int32(count)
  bytes.int32(1)
}

function numberOf(value: unknown): number {
  assert(Number.isInteger(value), `${String(value)} is no whole number`)
  return value as number
}

function textOf(value: unknown): string {
  assert(typeof value === 'string', `${typeof value} where a text belongs`)
  return value
}

// PostgreSQL counts days and instants from the beginning of the year 2000.
const firstInstant = Date.UTC(2000)
const dayMs = 86_400_000

const isoDay = /^\d{4}-\d\d-\d\d$/

function daysOf(date: string): number {
  const day = new Date(date)
  // The 30th of February would silently be a day of March.
  const isDay = isoDay.test(date) && day.getUTCDate() === Number(date.slice(-2))
  assert(isDay && !date.startsWith('0000'), `${date} is no day`)
  return (day.getTime() - firstInstant) / dayMs
}

const lastInstant = { text: '1970-01-01T00:00:00.000Z', ms: 0 }

/** Most of what a batch writes bears the same instant. */
function instantOf(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  const text = textOf(value)
  if (text === lastInstant.text) return lastInstant.ms
  const ms = Date.parse(text)
  assert(Number.isInteger(ms), `${text} is no instant`)
  return Object.assign(lastInstant, { text, ms }).ms
}
