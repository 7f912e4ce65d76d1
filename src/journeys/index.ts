export type {
  JourneyActions,
  MessageOrder,
  PlaceOrder,
  RecallOrder,
  RunCause,
  TaskOrder,
} from './actions.ts'
export { assignJourney, unassignJourney } from './assign-journey.ts'
export { holds, problemsOfCondition } from './conditions.ts'
export { divertJourney } from './divert-journey.ts'
export { type Condition } from './document.ts'
export { type Facts } from './facts.ts'
export {
  findJourney,
  findVersion,
  journeyNamed,
  knownJourneys,
  listJourneys,
} from './find-journeys.ts'
export { journeySubscriber } from './follow-claims.ts'
export { journeyWork, type JourneyWorkDeps } from './journey-work.ts'
export { loadFacts, tenantOf } from './load-facts.ts'
export { moveJourney } from './move-journey.ts'
export { pauseJourney, type PauseInput } from './pause-journey.ts'
export { paymentProvidersOf, setPaymentProviders } from './payment-providers.ts'
export { resumeJourney } from './resume-journey.ts'
export { addVersion, createJourney, deleteJourney } from './save-journey.ts'
export { claimJourney } from './show-run.ts'
export { simulateJourney } from './simulate-journey.ts'
export { startJourney } from './start-journey.ts'
export { stopJourney, type StopInput } from './stop-journey.ts'
export type { NewJourney } from './schema.ts'
