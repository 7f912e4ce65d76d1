import pg from 'pg'
import { refuse } from './refusals.ts'

const notNullViolation = '23502'
const foreignKeyViolation = '23503'
const uniqueViolation = '23505'

/** A constraint that a caller ran into is a refusal. */
export function wordedViolation(error: unknown): never {
  if (!(error instanceof pg.DatabaseError)) throw error
  if (error.code === foreignKeyViolation) throw refuse('in_use')
  if (error.code === uniqueViolation) throw refuse('unprocessable', 'there is one like it already')
  if (error.code === notNullViolation)
    throw refuse('unprocessable', `${error.column ?? 'a field'} cannot be empty`)
  throw error
}
