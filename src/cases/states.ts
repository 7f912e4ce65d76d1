import type { CaseState } from './schema.ts'

/** Which states a case may go to from each; what is not listed is refused. */
export const transitions: Readonly<Record<CaseState, readonly CaseState[]>> = {
  CREATE: ['PREPARING', 'REVIEWING', 'PENDING', 'CLOSED'],
  PREPARING: ['REVIEWING', 'PENDING', 'CLOSED'],
  REVIEWING: ['PENDING', 'CLOSED'],
  PENDING: ['PROCESSING', 'CLOSED', 'FAILED'],
  PROCESSING: ['PROCESSING', 'CLOSED', 'FAILED'],
  CLOSED: [],
  FAILED: [],
}

/** A caller may still change or delete what nobody has reviewed. */
export const draftStates: readonly CaseState[] = ['CREATE', 'PREPARING', 'REVIEWING']
/** Money may come as soon as the case waits for its collector. */
export const collectingStates: readonly CaseState[] = ['PENDING', 'PROCESSING']
export const openStates: readonly CaseState[] = [...draftStates, ...collectingStates]
