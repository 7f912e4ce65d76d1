import { type CallContext, claimNames, type Command, type Json, refuse } from '../book/index.ts'

export interface TriggerInput {
  readonly reference: string
  readonly triggerName: string
  /** What the reaction's templates may use. */
  readonly triggerContext: Json
}

/**
 * Says that a custom trigger fires on a claim, active or resolved. Whether anybody listens to its name is configuration,
 * not input (D-89).
 */
export function executeTrigger(context: CallContext, input: TriggerInput): Command<void> {
  const { reference, triggerName, triggerContext } = input
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [reference] },
    decide(desk) {
      const at = desk.findClaim(reference)
      const isShown = at?.claim.status === 'ACTIVE' || at?.claim.status === 'RESOLVED'
      if (!at || !isShown) throw refuse('claim_not_found')
      desk.emit({
        type: 'event.customClaimTrigger.executed',
        data: { ...claimNames(at.book, at.claim), triggerName, triggerContext },
      })
    },
  }
}
