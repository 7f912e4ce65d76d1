import {
  askableStates,
  dateTime,
  type Field,
  idField,
  long,
  oneOf,
  refersTo,
  shown,
  switchable,
  text,
  type Values,
  versionField,
  writable,
} from '../entity.ts'
import { refuse } from '../refusals.ts'
import { scopeId } from './installation.ts'

/** What the three kinds of user have in common. */
export const userFields = {
  ...idField,
  ...versionField,
  plannedPurgeDate: shown(dateTime, { column: 't.planned_purge_at' }),
  scope: shown(long, { column: `${scopeId}::bigint` }),
  state: writable(switchable()),
  userType: shown(oneOf('HUMAN_USER', 'SINGLE_SIGNON_USER', 'APPLICATION_USER')),
}

/** The account that a user belongs to. */
export const primaryAccount = (create: 'optional' | 'required'): Field => ({
  type: refersTo('Account', { v1: 'id', v2: 'id' }),
  create,
})

/** What people are called, and in which language they are spoken to. */
export const personFields = {
  firstname: writable(text(100)),
  language: writable(text(20)),
  lastname: writable(text(100)),
  timeZone: writable(text(64, { format: 'timeZone' })),
}

/** What a caller may make of a state, where the field itself does not say so; deleting is an operation of its own. */
export function requireAskable({ state }: Values): void {
  if (state === undefined || askableStates.some((one) => one === state)) return
  throw refuse('unprocessable', `state is one of ${askableStates.join(', ')}`)
}
