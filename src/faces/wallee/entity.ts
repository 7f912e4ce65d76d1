import type { Call } from './call.ts'
import type { Group } from './groups.ts'
import type { Json } from './json.ts'

/**
 * What an entity is. One description is served by both doors, validates what comes in, words queries over it, publishes
 * it and is walked by the generic tests (README.md tells how to add one).
 */
export interface Entity {
  /** The name of the model, as the SDKs have it. */
  readonly name: string
  /** Whose permissions it needs. */
  readonly group: Group
  /** Where its rows are: in the space that a request names, or with the account of who asks. */
  readonly scope: Scope
  readonly fields: Fields
  readonly store: TableStore | ListStore
  /** The field that names one in a path; `id` unless told. */
  readonly key?: string
  readonly v1?: V1Face
  readonly v2?: V2Face
  /** Hand-written writing; the engine's own SQL otherwise. */
  readonly create?: (call: Call, values: Values) => Promise<number>
  readonly update?: (call: Call, change: Change) => Promise<void>
  readonly remove?: (call: Call, id: number) => Promise<void>
  /** What the answer to a create says besides, this once. */
  readonly createdMore?: (call: Call, id: number) => Promise<Json>
  readonly actions?: readonly Action[]
}

export type Scope = 'space' | 'account'

export type V1Verb = 'create' | 'read' | 'update' | 'delete' | 'search' | 'count' | 'all' | 'export'
export type V2Verb =
  | 'list'
  | 'get'
  | 'search'
  | 'create'
  | 'update'
  | 'delete'
  | 'export'
  | 'createMany'
  | 'updateMany'
  | 'deleteMany'

export interface V1Face {
  /** Below `/api`, for example `/customer`. */
  readonly path: string
  readonly verbs: readonly V1Verb[]
}

export interface V2Face {
  /** Below `/api/v2.0`; `{customerId}` names the parent. */
  readonly path: string
  readonly verbs: readonly V2Verb[]
  /** Its list has no pages: it is short, and clients take it as a whole. */
  readonly isWhole?: boolean
  /** The field that holds the id that the path's parameter gives. */
  readonly parent?: { readonly param: string; readonly field: string; readonly entity: string }
}

export type Fields = Readonly<Record<string, Field>>

export interface Field {
  readonly type: FieldType
  /** Whether a create may or must give it; not writable unless told. */
  readonly create?: 'optional' | 'required'
  readonly update?: 'optional' | 'required'
  /** The SQL expression it is read by; the name in snake case unless told. */
  readonly column?: string
  /** False: it cannot be searched or sorted by. */
  readonly filter?: boolean
  /** The only version that has it. */
  readonly only?: 1 | 2
  /** Taken from callers, checked, and not written by the engine. */
  readonly isDerived?: boolean
  /** Kept, and given to hooks, but never shown. */
  readonly isHidden?: boolean
}

export type TextFormat = 'ascii' | 'email' | 'currency' | 'country' | 'timeZone' | 'url'

export type FieldType =
  | {
      readonly kind: 'text'
      readonly min?: number
      readonly max?: number
      readonly format?: TextFormat
    }
  | {
      readonly kind: 'enum'
      readonly values: readonly string[]
      /** Those that a caller may write; all of them unless told. */
      readonly writable?: readonly string[]
    }
  | { readonly kind: 'long'; readonly min?: number; readonly max?: number }
  | { readonly kind: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'decimal' }
  | { readonly kind: 'date' }
  | { readonly kind: 'dateTime' }
  /** Texts by key, or objects of these fields. */
  | { readonly kind: 'map'; readonly of?: Fields }
  | { readonly kind: 'texts'; readonly max?: number }
  | { readonly kind: 'longs' }
  | { readonly kind: 'object'; readonly fields: Fields }
  | { readonly kind: 'list'; readonly fields: Fields; readonly max?: number }
  | ReferenceType
  /** Shown as it is kept; never written by callers. */
  | { readonly kind: 'json' }

/** Another entity, kept as its id: each version shows the bare id or the object, collapsed to its id unless expanded. */
export interface ReferenceType {
  readonly kind: 'reference'
  readonly entity: string
  readonly v1: 'id' | 'object'
  readonly v2: 'id' | 'object'
  /** A list of them. */
  readonly isList?: boolean
  /** How a caller writes it in a list: bare ids, or objects with an id. */
  readonly writes?: 'id' | 'object'
}

/** Rows of the database. The tenant's own rows only: every statement names `tenant_id`. */
export interface TableStore {
  readonly kind: 'table'
  /** The table that the engine's own writing goes to. */
  readonly table: string
  /** What reading selects from; the table under the name `t` unless told. The tenant is `t.tenant_id`. */
  readonly from?: string | ((call: Call) => string)
  readonly id?: string
  /** A condition that every row that exists fulfils. */
  readonly where?: string
  /** Columns that the engine fills in itself. */
  readonly atCreate?: (call: Call) => Readonly<Record<string, unknown>>
  readonly atUpdate?: (call: Call) => Readonly<Record<string, unknown>>
  /** How a delete ends: the row goes, or stays in state DELETED with a planned purge date. */
  readonly deletes?: 'row' | 'state'
}

/** Reference data in memory, the same for everybody. */
export interface ListStore {
  readonly kind: 'list'
  readonly rows: (language: string) => readonly Row[]
}

/** An object by the names of its fields, before it is shown. */
export type Row = Readonly<Record<string, unknown>>
/** What a caller gave, checked: JSON-like, dates as text, decimals as text, references as ids; null clears. */
export type Values = Readonly<Record<string, unknown>>

export interface Change {
  readonly id: number
  readonly version: number
  readonly values: Values
}

/** A transition or a question that no verb covers. */
export interface Action {
  /** As the documentation calls it. */
  readonly name: string
  readonly needs: 'read' | 'write'
  readonly v1?: ActionDoor
  readonly v2?: ActionDoor
  /** What its path and query give. */
  readonly params?: Readonly<Record<string, Param>>
  /** The fields of its body, if it has one. */
  readonly body?: Fields
  readonly run: (call: Call, input: ActionInput) => Promise<Answer>
}

export interface ActionDoor {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Complete below the mount point. */
  readonly path: string
  readonly status?: number
  /** Overrides the entity's scope. `in-account` and `in-space`: rows of the home, rights in the place that is named. */
  readonly scope?: Scope | 'in-account' | 'in-space'
  /** How this version calls a parameter, where not by its name. */
  readonly rename?: Readonly<Record<string, string>>
}

export interface Param {
  readonly type: FieldType
  readonly isRequired?: boolean
  /** The only version that takes it. */
  readonly only?: 1 | 2
}

export interface ActionInput {
  readonly params: Values
  readonly body: Values
  /** Which parameters the query gave as text, unread. */
  readonly query: Readonly<Record<string, string>>
}

export type Answer =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'object'; readonly entity: string; readonly id: number | string }
  | { readonly kind: 'objects'; readonly entity: string; readonly ids: readonly number[] }
  | { readonly kind: 'rows'; readonly entity: string; readonly rows: readonly Row[] }
  | { readonly kind: 'pageOf'; readonly entity: string; readonly ids: readonly number[] }
  /** A page without more: `{data, hasMore, limit}`. */
  | { readonly kind: 'page'; readonly data: readonly unknown[]; readonly hasMore?: boolean }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly contentType?: string }

export const nothing: Answer = { kind: 'nothing' }

/** The short words in which descriptions are written. */
export const text = (
  max?: number,
  more: { min?: number; format?: TextFormat } = {},
): FieldType => ({ kind: 'text', ...(max === undefined ? {} : { max }), ...more })
export const oneOf = (...values: readonly string[]): FieldType => ({ kind: 'enum', values })
export const long: FieldType = { kind: 'long' }
export const integer: FieldType = { kind: 'integer' }
export const boolean: FieldType = { kind: 'boolean' }
export const decimal: FieldType = { kind: 'decimal' }
export const date: FieldType = { kind: 'date' }
export const dateTime: FieldType = { kind: 'dateTime' }
export const map: FieldType = { kind: 'map' }
export const texts: FieldType = { kind: 'texts' }
export const longs: FieldType = { kind: 'longs' }
export const object = (fields: Fields): FieldType => ({ kind: 'object', fields })
export const refersTo = (
  entity: string,
  shown: { v1: 'id' | 'object'; v2: 'id' | 'object' } = { v1: 'object', v2: 'object' },
): FieldType => ({ kind: 'reference', entity, ...shown })

/** Read only. */
export const shown = (type: FieldType, more: Partial<Field> = {}): Field => ({ type, ...more })
/** May be given at create and update. */
export const writable = (type: FieldType, more: Partial<Field> = {}): Field => ({
  type,
  create: 'optional',
  update: 'optional',
  ...more,
})

/** A state that a caller may switch, but not to deleted: deleting is an operation of its own. */
export const switchable = (): FieldType => ({
  kind: 'enum',
  values: creationStates,
  writable: askableStates,
})

export const creationStates = ['CREATE', 'ACTIVE', 'INACTIVE', 'DELETING', 'DELETED'] as const

/** States that a caller may ask for. */
export const askableStates = ['CREATE', 'ACTIVE', 'INACTIVE'] as const

/** The fields that nearly every entity has. */
export const idField: Fields = { id: shown(long, { column: 't.id' }) }
export const versionField: Fields = {
  version: { type: { kind: 'integer', min: 0 }, update: 'required', column: 't.version' },
}

/** The column of a field where its description names none. */
export function columnOf(name: string, field: Field): string {
  return field.column ?? `t.${snakeCase(name)}`
}

export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The fields that a version has. */
export function fieldsIn(fields: Fields, version: 1 | 2): [string, Field][] {
  return Object.entries(fields).filter(
    ([, field]) => field.only === undefined || field.only === version,
  )
}
