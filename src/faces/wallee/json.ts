export type Json = Record<string, unknown>

/** Whether a value of a request is an object, and no list. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
