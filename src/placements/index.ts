export {
  changeAgency,
  createAgency,
  deleteAgency,
  findAgency,
  knownAgencies,
  listAgencies,
} from './agencies.ts'
export { closeWithReason } from './close-claim.ts'
export { collectAmounts } from './collect-amounts.ts'
export { closePlacement, type EndOrder, recallClaims } from './end-placements.ts'
export { exportPlaced } from './export-placed.ts'
export { placementSubscriber } from './follow-claims.ts'
export { placeClaims, type PlaceOrder, type PlaceOutcome } from './place-claims.ts'
export { refuse } from './refusals.ts'
export { reportExternalStatus } from './report-status.ts'
export {
  listPlacements,
  type PartnerAllocation,
  placementOf,
  showPlacement,
} from './show-placements.ts'
