import { stat } from 'node:fs/promises'
import type { Bookkeeper, CallContext, Command, Outcome } from '../book/index.ts'
import { type RowDivider, rowDivider } from './divide-rows.ts'
import type { Mapping } from './mapping.ts'
import { ImportUsageError, RowProblem } from './problems.ts'
import { type CsvRow, type Position, readRows } from './read-rows.ts'
import { type RowReader, rowReader } from './read-values.ts'
import type { ResultFile } from './result-file.ts'
import { commandOf } from './row-command.ts'
import type { RowReport, RowResult, Verdict } from './verdict.ts'

export interface ImportJob {
  readonly file: string
  readonly mapping: Mapping
  /** Books the rows; one that is on a dry run takes everything back. */
  readonly bookkeeper: Bookkeeper
  readonly context: CallContext
  readonly results: ResultFile
  onProgress?(progress: Progress): void
  /** Asked for when the tables have grown by much, so that the planner does not take them for empty. */
  analyse?(): Promise<void>
  /** Ends the import after what is being booked. */
  readonly signal?: AbortSignal | undefined
}

/** How much of a file is in the book: what is read ahead of it does not count. */
export interface Progress {
  readonly rows: number
  readonly bytesDone: number
  readonly bytesTotal: number
}

export interface ImportSummary extends Readonly<Record<RowResult, number>> {
  readonly rows: number
  readonly isComplete: boolean
  /** The first rows that were refused or invalid. */
  readonly problems: readonly RowReport[]
}

// Measured: with 300 an import takes a quarter longer, 2,000 bring nothing but memory.
const groupRows = 1000
// Beside each other they keep both cores busy.
const parts = 2
const windowRows = parts * groupRows
const windowsInFlight = 2
const problemsShownMax = 20
// PostgreSQL does so by itself, a minute too late: until then each statement reads all rows of the tenant.
const analyseFirstAt = windowRows
const analyseFactor = 8

/** A row that waits for its outcome, or one that will never have any. */
interface Pending {
  readonly line: number
  readonly reference: string
  readonly command?: Command<Verdict>
  readonly problem?: string
}

/** Rows that are being booked, and how far into the file they reach. */
interface InFlight {
  readonly reports: Promise<RowReport[]>
  readonly bytesDone: number
}

/**
 * Books a file row by row, in large groups of which each commits at once. What is booked stays booked when the import is
 * broken off; run again, it finds those rows unchanged and goes on with the rest.
 */
export async function runImport(job: ImportJob): Promise<ImportSummary> {
  const bytesTotal = await sizeOf(job.file)
  const position: Position = { offset: 0, line: 1 }
  const rows = readRows(job.file, job.mapping, position)
  const reader = rowReader(job.mapping, await headOf(rows))
  await job.results.begin()
  try {
    const windows = groupsOf(rows, { job, reader })
    const summary = await bookWindows(job, windows, { position, bytesTotal })
    await (summary.isComplete ? job.results.finish() : job.results.abandon())
    return summary
  } catch (error) {
    await job.results.abandon()
    throw error
  }
}

async function bookWindows(
  job: ImportJob,
  windows: AsyncGenerator<Pending[]>,
  { position, bytesTotal }: { readonly position: Position; readonly bytesTotal: number },
): Promise<ImportSummary> {
  const tally = new Tally()
  const divide = rowDivider(parts)
  let analyseAt = analyseFirstAt
  let isComplete = true
  const inFlight: InFlight[] = []
  const settleFirst = async () => {
    const window = inFlight.shift()
    if (window === undefined) return
    const reports = await window.reports
    tally.add(reports)
    await job.results.write(reports)
    job.onProgress?.({ rows: tally.rows, bytesDone: window.bytesDone, bytesTotal })
    if (tally.rows < analyseAt) return
    analyseAt *= analyseFactor
    await job.analyse?.()
  }
  try {
    for await (const window of windows) {
      // How far it reaches is known only now: the next one is read while it is booked.
      const groups = partsOf(window, divide)
      inFlight.push({ reports: bookParts(job.bookkeeper, groups), bytesDone: position.offset })
      if (inFlight.length >= windowsInFlight) await settleFirst()
      isComplete = job.signal?.aborted !== true
      if (!isComplete) break
    }
    while (inFlight.length > 0) await settleFirst()
  } finally {
    // After a failure the others still run; nobody waits for their reports.
    await Promise.allSettled(inFlight.map(({ reports }) => reports))
  }
  return tally.summary(isComplete)
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw new ImportUsageError([`${file} cannot be read: ${(error as Error).message}`])
  })
  if (!found.isFile()) throw new ImportUsageError([`${file} is no file`])
  return found.size
}

async function headOf(rows: AsyncGenerator<CsvRow>): Promise<string[]> {
  const first = await rows.next()
  if (first.done === true) throw new ImportUsageError(['The file is empty'])
  if ('problem' in first.value)
    throw new ImportUsageError([`The head of the file cannot be read: ${first.value.problem}`])
  return first.value.cells
}

interface Preparing {
  readonly job: ImportJob
  readonly reader: RowReader
}

async function* groupsOf(
  rows: AsyncGenerator<CsvRow>,
  preparing: Preparing,
): AsyncGenerator<Pending[]> {
  let group: Pending[] = []
  for await (const row of rows) {
    group.push(prepare(row, preparing))
    if (group.length < windowRows) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

function prepare(row: CsvRow, { job, reader }: Preparing): Pending {
  const { line } = row
  if ('problem' in row) return { line, reference: '', problem: row.problem }
  const reference = reader.referenceOf(row.cells)
  try {
    const values = reader.read(row.cells)
    return { line, reference, command: commandOf(values, { ...job, kind: job.mapping.kind }) }
  } catch (error) {
    if (error instanceof RowProblem) return { line, reference, problem: error.message }
    throw error
  }
}

function partsOf(window: readonly Pending[], divide: RowDivider): Pending[][] {
  const groups: Pending[][] = Array.from({ length: parts }, () => [])
  const partOf = divide(window.map(({ command }) => command?.needs))
  window.forEach((pending, row) => groups[partOf[row] ?? 0]?.push(pending))
  return groups
}

/** Books the parts of a window beside each other and reports in the order of the file. */
async function bookParts(
  bookkeeper: Bookkeeper,
  groups: readonly Pending[][],
): Promise<RowReport[]> {
  const reports = await Promise.all(groups.map((group) => book(bookkeeper, group)))
  return reports.flat().sort((a, b) => a.line - b.line)
}

async function book(bookkeeper: Bookkeeper, group: readonly Pending[]): Promise<RowReport[]> {
  const commands = group.flatMap(({ command }) => command ?? [])
  const outcomes = commands.length === 0 ? [] : await bookkeeper.submitGroup(commands)
  let next = 0
  return group.map(({ line, reference, command, problem = '' }) => {
    if (command === undefined) return { line, reference, result: 'invalid', reason: problem }
    const outcome = outcomes[next]
    next += 1
    return { line, reference, ...verdictOf(outcome) }
  })
}

function verdictOf(outcome: Outcome<Verdict> | undefined): Pick<RowReport, 'result' | 'reason'> {
  if (outcome === undefined) throw new Error('a row was not decided')
  if ('refusal' in outcome) return { result: 'refused', reason: outcome.refusal.message }
  return { result: outcome.result, reason: '' }
}

class Tally {
  readonly #counts: Record<RowResult, number> = {
    imported: 0,
    unchanged: 0,
    refused: 0,
    invalid: 0,
  }
  readonly #problems: RowReport[] = []
  rows = 0

  add(reports: readonly RowReport[]): void {
    this.rows += reports.length
    for (const report of reports) {
      this.#counts[report.result] += 1
      const isProblem = report.result === 'refused' || report.result === 'invalid'
      if (isProblem && this.#problems.length < problemsShownMax) this.#problems.push(report)
    }
  }

  summary(isComplete: boolean): ImportSummary {
    return { rows: this.rows, ...this.#counts, isComplete, problems: this.#problems }
  }
}
