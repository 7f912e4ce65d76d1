export {
  acceptPlan,
  type Acceptance,
  type AcceptanceWork,
  type AcceptDeps,
  prepareAcceptance,
} from './accept-plan.ts'
export { cancelPlan } from './cancel-plan.ts'
export {
  changeDefinition,
  createDefinition,
  deleteDefinition,
  findDefinition,
  listDefinitions,
} from './definitions.ts'
export { planSubscriber, planWork } from './judge-plans.ts'
export { previewPlans, type PreviewDeps, type PreviewWanted } from './preview-plans.ts'
export { findPlan, planOf, plansOf, type PlanState, planStateOf } from './show-plans.ts'
