import type { Report } from './jobs.ts'

/** The median over repetitions, and how far they lie apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** One line of the table. */
export interface Row {
  readonly id: string
  readonly name: string
  /** What is divided, and by what; a row without `denominator` is a figure by itself. */
  readonly numerator: Spread
  readonly denominator?: Spread
  readonly denominatorName?: string
  /** Of each repetition by itself, so that a slow minute of the machine does not count. */
  readonly ratio?: Spread
  readonly unit: string
  readonly target?: Target
  /** Why this row does not count. */
  readonly invalid?: string
}

/** A bound for the median: of the ratio, or of the numerator where there is no ratio. */
export interface Target {
  readonly bound: number
  readonly direction: 'at least' | 'at most' | 'below'
}

/** One side of a comparison: runs once and answers how much it did per second. */
export interface Side {
  readonly name: string
  run(): Promise<Report>
}

export interface Run extends Report {
  readonly perSecond: number
}

/** Runs the sides in turns, A B A B …, so that what the machine does meanwhile meets all of them. */
export async function inTurns(sides: readonly Side[], repetitions: number): Promise<Run[][]> {
  const runs: Run[][] = sides.map(() => [])
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    for (const [index, side] of sides.entries()) {
      const report = await side.run()
      runs[index]?.push({ ...report, perSecond: report.done / report.seconds })
    }
  }
  return runs
}

export const rates = (runs: readonly Run[]) => spreadOf(runs.map((run) => run.perSecond))

export function ratios(above: readonly Run[], below: readonly Run[]): Spread {
  return spreadOf(
    above.map((run, index) => run.perSecond / (below[index]?.perSecond ?? Number.NaN)),
  )
}

/** A run in which anything failed says nothing about speed. */
export function problemOf(...sides: readonly Run[][]): { invalid?: string } {
  const spoiled = sides.flat().filter((run) => run.failed > 0)
  const [first] = spoiled
  if (!first) return {}
  const failed = spoiled.reduce((sum, run) => sum + run.failed, 0)
  return {
    invalid: `${spoiled.length} runs with ${failed} failed requests; the first: ${first.failure}`,
  }
}

export function isMet(row: Row): boolean | undefined {
  if (row.invalid !== undefined) return false
  if (!row.target) return undefined
  const { bound, direction } = row.target
  const value = (row.ratio ?? row.numerator).median
  if (direction === 'at least') return value >= bound
  return direction === 'at most' ? value <= bound : value < bound
}
