export { addCollected } from './add-collected.ts'
export { attachDocument, type NewDocument } from './attach-document.ts'
export { caseWork } from './case-work.ts'
export {
  caseSources,
  conditions,
  conditionTypes,
  failures,
  manualAgency,
  manualCollectorId,
  receiptSourceId,
} from './catalogues.ts'
export { deleteCase, updateCase } from './change-case.ts'
export { closeCase } from './close-case.ts'
export type { Actor, CaseDeps } from './context.ts'
export { createCase } from './create-case.ts'
export { caseSubscriber } from './follow-cases.ts'
export { markPrepared, markReviewed } from './mark-case.ts'
export { refuse } from './refusals.ts'
export { transitions } from './states.ts'
