/** The members of an object by their names in lower case: callers write them either way (§6). */
export type Fields = ReadonlyMap<string, unknown>

/** The members of whatever came; what is no object has none. */
export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map()
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]))
}

/** The elements of whatever came; what is no list has none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
