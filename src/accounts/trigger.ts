import { announceTrigger, type Book, type CallContext, type Desk } from '../book/index.ts'

/** D-20: a call on an account fires its trigger for every active claim of the account. */
export function announceAccountTrigger(desk: Desk, book: Book, context: CallContext): void {
  if (context.triggerName === undefined) return
  for (const claim of book.claims.values()) {
    if (claim.status === 'ACTIVE') announceTrigger(desk, { book, claim }, context.triggerName)
  }
}

/** What a command on an account needs beside its own: with a trigger, all its live claims. */
export function triggerNeeds(context: CallContext): { liveClaims?: boolean } {
  return context.triggerName === undefined ? {} : { liveClaims: true }
}
