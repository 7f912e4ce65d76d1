export { closeDispute, type Settlement } from './close-dispute.ts'
export { disputeSubscriber } from './follow-claims.ts'
export { type Contest, openDispute } from './open-dispute.ts'
export { findDispute, listDisputes, type OpenDispute, openDisputesOf } from './show-disputes.ts'
