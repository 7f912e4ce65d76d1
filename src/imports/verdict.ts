/** What became of a row that was decided. */
export type Verdict = 'imported' | 'unchanged'

/** What became of a row: refused by the book, or invalid before the book was asked. */
export type RowResult = Verdict | 'refused' | 'invalid'

/** One line of the result file. */
export interface RowReport {
  readonly line: number
  readonly reference: string
  readonly result: RowResult
  readonly reason: string
}
