import { type Column, columnOf, isColumnType } from './column.ts'
import type { Json } from './model.ts'

/** A statement over lists of rows that are sent column by column. */
export interface Statement {
  readonly text: string
  readonly lists: readonly (readonly Column[])[]
}

/**
 * A statement over rows `r` of the given columns, a list of `name type`. They travel as one array for each column: reading
 * the same rows from one JSON list cost the database twice as much.
 */
export function over(columns: string, textOf: (rows: string) => string): Statement {
  const list = columnsOf(columns)
  return { text: textOf(sourceOf(list, 'r', 1)), lists: [list] }
}

/** A statement over several such lists by name, each of which the text takes as a source of rows `w`. */
export function overLists<Name extends string>(
  lists: Readonly<Record<Name, string>>,
  textOf: (sources: Readonly<Record<Name, string>>) => string,
): Statement {
  const columns: Column[][] = []
  const sources = {} as Record<Name, string>
  for (const name of Object.keys(lists) as Name[]) {
    const list = columnsOf(lists[name])
    sources[name] = sourceOf(list, 'w', columns.flat().length + 1)
    columns.push(list)
  }
  return { text: textOf(sources), lists: columns }
}

/** The instant of a column, in milliseconds since 1970. */
export const msOf = (column: string) => `(extract(epoch from ${column}) * 1000)::bigint`

/** The parameters of such a statement for its lists of rows in their order; what a row leaves out is null. */
export function valuesOf({ lists }: Statement, ...rows: readonly (readonly Json[])[]): Buffer[] {
  return lists.flatMap((list, index) => list.map((column) => columnOf(column, rows[index] ?? [])))
}

function columnsOf(declarations: string): Column[] {
  return declarations.split(',').map((declaration) => {
    const [name = '', type = ''] = declaration.trim().split(/\s+/)
    if (!isColumnType(type)) throw new Error(`a column cannot be ${type}`)
    return { name, type }
  })
}

function sourceOf(columns: readonly Column[], alias: string, first: number): string {
  const arrays = columns.map(({ type }, index) => `$${first + index}::${type}[]`)
  const names = columns.map(({ name }) => name)
  return `unnest(${arrays.join(', ')}) as ${alias}(${names.join(', ')})`
}
