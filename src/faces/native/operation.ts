import type { TSchema } from 'typebox'

/** What the published contract says of an operation of this door. */
export interface NativeOperation {
  readonly id: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly params: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  readonly answer?: TSchema
  readonly status: number
  /** False for a POST that changes nothing, and so may be repeated without one. */
  readonly takesIdempotencyKey?: false
}
