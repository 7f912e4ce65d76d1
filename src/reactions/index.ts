export { findReaction, listReactions, reactionLog } from './find-reactions.ts'
export { reactionSubscriber } from './follow-events.ts'
export { reactionWork } from './reaction-work.ts'
export { changeReaction, createReaction, deleteReaction } from './save-reaction.ts'
