import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type CsvError, parse, type Info } from 'csv-parse'
import { type Encoding, fromLatin1 } from './encoding.ts'

export interface CsvFormat {
  readonly delimiter: string
  readonly encoding: Encoding
}

/** A row of a file by the line on which it begins: its cells, or why it cannot be read. */
export type CsvRow =
  | { readonly line: number; readonly cells: string[] }
  | { readonly line: number; readonly problem: string }

/** Where the reading is, moved along as rows are taken. */
export interface Position {
  /** Bytes of the file that are read. */
  offset: number
  /** The line that comes next. */
  line: number
}

interface Parsed {
  readonly record: string[]
  readonly info: Info
}

// An unclosed quote would otherwise take the rest of the file for one cell.
const recordBytesMax = 256 * 1024
const chunkBytes = 64 * 1024
const lineFeed = 0x0a
const carriageReturn = 0x0d
// All of them everywhere: a file that was put together from several may change its line ends on the way. The longest first.
const lineEnds = ['\r\n', '\n', '\r']
const lineEnd = /\r\n|\n|\r/g

/**
 * Reads the rows of a CSV file as a stream. A row whose quotes do not fit is named, and reading goes on at the next line,
 * so that it takes no other row with it.
 */
export async function* readRows(
  file: string,
  format: CsvFormat,
  position: Position,
): AsyncGenerator<CsvRow> {
  for (;;) {
    const failure = yield* readUntilFailure(file, format, position)
    if (failure === undefined) return
    await skipBlankLines(file, position)
    yield { line: position.line, problem: problemOf(failure) }
    await skipLine(file, position)
  }
}

async function* readUntilFailure(
  file: string,
  format: CsvFormat,
  position: Position,
): AsyncGenerator<CsvRow, CsvError | undefined> {
  const from = position.offset
  const failures: CsvError[] = []
  const parser = openParser(format, {
    isStart: from === 0,
    onFailure: (error) => failures.push(error),
  })
  const source = createReadStream(file, { start: from, highWaterMark: 4 * chunkBytes })
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  let blanks = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const [failure] = failures
      // What the parser made of the text behind a failure is worthless.
      if (failure && info.bytes > bytesOf(failure)) break
      const line = position.line + info.empty_lines - blanks
      blanks = info.empty_lines
      const cells = format.encoding === 'windows-1252' ? record.map(fromLatin1) : record
      position.offset = from + info.bytes
      position.line = line + 1 + lineBreaksIn(record)
      yield { line, cells }
    }
  } finally {
    source.destroy()
    parser.destroy()
  }
  return failures[0]
}

function openParser(
  format: CsvFormat,
  how: { isStart: boolean; onFailure(error: CsvError): void },
) {
  return parse({
    bom: how.isStart,
    delimiter: format.delimiter,
    encoding: format.encoding === 'windows-1252' ? 'latin1' : 'utf8',
    info: true,
    max_record_size: recordBytesMax,
    record_delimiter: lineEnds,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error) how.onFailure(error)
      return undefined
    },
  })
}

// The parser counts them too, but a CRLF within quotes twice.
function lineBreaksIn(cells: readonly string[]): number {
  let count = 0
  for (const cell of cells) {
    if (cell.includes('\n') || cell.includes('\r')) count += cell.match(lineEnd)?.length ?? 0
  }
  return count
}

// The type of the error does not tell that it carries the state of the parser.
const bytesOf = (error: CsvError) => (error as unknown as { bytes: number }).bytes

const problems: Partial<Record<string, string>> = {
  INVALID_OPENING_QUOTE: 'a quote stands within a cell that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'something follows the closing quote of a cell',
  CSV_QUOTE_NOT_CLOSED: 'a quote is never closed',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${recordBytesMax} bytes, or a quote is never closed`,
}

const problemOf = (error: CsvError) => problems[error.code] ?? error.message

/** Moves to the first line that holds anything. */
async function skipBlankLines(file: string, position: Position): Promise<void> {
  await scan(file, position, isLineEnd)
}

/** Moves to the line that comes next. */
async function skipLine(file: string, position: Position): Promise<void> {
  await scan(file, position, (byte, before) => {
    const isEnded = before === lineFeed || (before === carriageReturn && byte !== lineFeed)
    return !isEnded
  })
}

const isLineEnd = (byte: number) => byte === lineFeed || byte === carriageReturn

/** Told the byte before it too, where that was skipped. */
type IsSkipped = (byte: number, before: number | undefined) => boolean

interface Scan {
  readonly position: Position
  readonly isSkipped: IsSkipped
  before?: number
}

/** Moves over bytes as long as they are such, and counts the lines that end among them. */
async function scan(file: string, position: Position, isSkipped: IsSkipped): Promise<void> {
  const handle = await open(file)
  const chunk = Buffer.alloc(chunkBytes)
  const scanning: Scan = { position, isSkipped }
  try {
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, position.offset)
      if (bytesRead === 0 || !isSkippedWhole(chunk.subarray(0, bytesRead), scanning)) return
    }
  } finally {
    await handle.close()
  }
}

function isSkippedWhole(chunk: Buffer, scanning: Scan): boolean {
  const { position, isSkipped } = scanning
  for (const byte of chunk) {
    const { before } = scanning
    if (!isSkipped(byte, before)) return false
    position.offset += 1
    // A line feed after a carriage return ends the same line.
    if (isLineEnd(byte) && !(byte === lineFeed && before === carriageReturn)) position.line += 1
    scanning.before = byte
  }
  return true
}
