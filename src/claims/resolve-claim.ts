import {
  announceTrigger,
  type CallContext,
  type Command,
  conclude,
  refuse,
  type ResolutionReason,
  resolve,
} from '../book/index.ts'
import { liveClaim } from './update-claim.ts'

export interface Resolution {
  readonly reference: string
  readonly reason: ResolutionReason
}

/** Ends a claim for a reason. Its amounts stay as they are, and the ledger does not reopen it (9.1.4, D-53). */
export function resolveClaim(context: CallContext, input: Resolution): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [input.reference], profile: true },
    decide(desk) {
      const { book, claim } = liveClaim(desk, input.reference)
      if (claim.status !== 'ACTIVE') throw refuse('claim_not_active')
      resolve(book, claim, { reason: input.reason, nowMs: desk.nowMs, isByRequest: true })
      conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
      announceTrigger(desk, { book, claim }, context.triggerName)
    },
  }
}
