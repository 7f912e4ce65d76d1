import { columnOf, type Entity, type Field, type FieldType } from './entity.ts'
import { refuse } from './refusals.ts'

/** How values of a field are compared. */
export type Compared =
  'text' | 'enum' | 'bigint' | 'boolean' | 'numeric' | 'date' | 'timestamptz' | 'jsonb'

export interface FieldPath {
  readonly field: Field
  readonly type: FieldType
  readonly compared: Compared
  /** The column, and the keys inside it where it is a document. */
  readonly column: string
  readonly keys: readonly string[]
}

/**
 * The field that a query names, dots leading into it (`address.city`, `metaData.colour`, `customer.id`). Only described
 * fields are ever found, so no word of a caller reaches a statement as anything but a bound value.
 */
export function findPath(entity: Entity, name: string, version: 1 | 2): FieldPath {
  const [first = '', ...rest] = name.split('.')
  const field = Object.hasOwn(entity.fields, first) ? entity.fields[first] : undefined
  const isHere = field !== undefined && (field.only === undefined || field.only === version)
  if (!isHere || field.isHidden || field.filter === false) throw unknown(entity, name)
  const column = columnOf(first, field)
  const { type } = field
  if (rest.length === 0) return { field, type, column, keys: [], compared: comparedOf(type) }
  if (type.kind === 'reference' && !type.isList && rest.length === 1 && rest[0] === 'id')
    return { field, type, column, keys: [], compared: 'bigint' }
  if (type.kind === 'map') return { field, type, column, keys: [rest.join('.')], compared: 'text' }
  if (type.kind === 'object' && rest.length === 1) {
    const inner = Object.hasOwn(type.fields, rest[0] ?? '') ? type.fields[rest[0] ?? ''] : undefined
    if (inner)
      return { field, type: inner.type, column, keys: rest, compared: comparedOf(inner.type) }
  }
  throw unknown(entity, name)
}

/** Whether values of the kind have an order. */
export function isOrdered({ compared }: FieldPath): boolean {
  return compared !== 'jsonb' && compared !== 'boolean'
}

function comparedOf(type: FieldType): Compared {
  switch (type.kind) {
    case 'text':
      return 'text'
    case 'enum':
      return 'enum'
    case 'long':
    case 'integer':
      return 'bigint'
    case 'boolean':
      return 'boolean'
    case 'decimal':
      return 'numeric'
    case 'date':
      return 'date'
    case 'dateTime':
      return 'timestamptz'
    case 'reference':
      return type.isList ? 'jsonb' : 'bigint'
    case 'map':
    case 'texts':
    case 'longs':
    case 'object':
    case 'list':
    case 'json':
      return 'jsonb'
  }
}

const unknown = (entity: Entity, name: string) =>
  refuse('invalid_parameter', `${entity.name} has no field ${name} to search or sort by`)
