import { type CrmDeps, pageMax, refuseCrm, type Session } from '../../crm/index.ts'
import { type Given, wholeOf } from './parameters.ts'

/** A call of a known user with what it says. */
export interface Call {
  readonly deps: CrmDeps
  readonly session: Session
  readonly given: Given
}

export interface CrmOperation {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly tag: string
  readonly summary: string
  /** Parameters beside token and fields_set, for the published contract; `!` marks the mandatory ones. */
  readonly parameters: readonly string[]
  handle(call: Call): Promise<unknown>
}

const manyMax = 1_000
const offsetMax = 1_000_000_000

/** The part of a list that is wanted. */
export const pageOf = (given: Given) => ({
  offset: wholeOf(given, 'offset', { least: 0, most: offsetMax }) ?? 0,
  limit: wholeOf(given, 'number_of_results', { least: 1, most: pageMax }) ?? pageMax,
})

/** How many of the latest are wanted. */
export function latestOf(given: Given): number {
  const number = wholeOf(given, 'number', { least: 1, most: manyMax })
  if (number === undefined) throw refuseCrm('mandatory_missing', 'number')
  return number
}
