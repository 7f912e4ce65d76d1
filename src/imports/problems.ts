/** What one row says cannot be used; the message names the column. */
export class RowProblem extends Error {
  override name = 'RowProblem'
}

/** The file, its mapping or an option cannot be used, and nothing was imported. */
export class ImportUsageError extends Error {
  override name = 'ImportUsageError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? String(problems[0])
        : ['Nothing was imported:', ...problems.map((line) => `  ${line}`)].join('\n'),
    )
    this.problems = problems
  }
}
