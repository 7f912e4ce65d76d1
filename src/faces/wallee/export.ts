import { type Entity, fieldsIn } from './entity.ts'
import { isObject, type Json } from './json.ts'
import { refuse } from './refusals.ts'

/** The most lines that an export gives. */
export const exportMax = 10_000
const columnsMax = 100

/** Objects as lines of comma-separated values, one column for each property path. */
export function csvOf(
  entity: Entity,
  asked: { names: unknown; version: 1 | 2 },
  objects: readonly Json[],
): string {
  const names = requireNames(entity, asked)
  const lines = objects.map((object) =>
    names.map((name) => cellOf(valueAt(object, name))).join(','),
  )
  return `${[names.map(cellOf).join(','), ...lines].join('\r\n')}\r\n`
}

function requireNames(
  entity: Entity,
  { names, version }: { names: unknown; version: 1 | 2 },
): string[] {
  if (!Array.isArray(names) || names.length === 0 || names.length > columnsMax)
    throw refuse('invalid_parameter', `an export names 1 to ${columnsMax} properties`)
  const known = new Set(fieldsIn(entity.fields, version).map(([name]) => name))
  return names.map((name: unknown) => {
    const [first = ''] = typeof name === 'string' ? name.split('.') : []
    if (typeof name === 'string' && known.has(first)) return name
    throw refuse('invalid_parameter', `${entity.name} has no property ${String(name)}`)
  })
}

function valueAt(object: Json, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), object)
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  const plain = typeof value === 'string' ? value : JSON.stringify(value)
  // A spreadsheet would run what begins like a formula; a phone number is none.
  const isFormula = /^[=+\-@\t\r]/.test(plain) && !/^[+-]?[\d ()./-]*$/.test(plain)
  const text = isFormula ? `'${plain}` : plain
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
