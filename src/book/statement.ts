import type { Json } from './model.ts'

/** A statement over rows that are sent column by column. */
export interface Statement {
  readonly text: string
  readonly columns: readonly Column[]
}

interface Column {
  readonly name: string
  readonly isJson: boolean
}

/**
 * A statement over rows `r` of the given columns, a list of `name type`. They travel as one array for each column: reading
 * the same rows from one JSON list cost the database twice as much.
 */
export function over(columns: string, textOf: (rows: string) => string): Statement {
  const typed = columns.split(',').map((column) => column.trim().split(/\s+/))
  const arrays = typed.map(([, type = ''], index) => `$${index + 1}::${type}[]`)
  const names = typed.map(([name]) => name)
  return {
    text: textOf(`unnest(${arrays.join(', ')}) as r(${names.join(', ')})`),
    columns: typed.map(([name = '', type]) => ({ name, isJson: type === 'jsonb' })),
  }
}

/** The parameters of such a statement for some rows; what a row leaves out is null. */
export function valuesOf({ columns }: Statement, rows: readonly Json[]): unknown[][] {
  return columns.map(({ name, isJson }) =>
    rows.map((row) => {
      const value = row[name] ?? null
      if (value === null) return null
      if (isJson) return JSON.stringify(value)
      return value instanceof Date ? value.toISOString() : value
    }),
  )
}
