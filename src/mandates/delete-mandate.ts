import type { CallContext, Command } from '../book/index.ts'
import { announceAccountTrigger, triggerNeeds } from '../accounts/index.ts'
import { refuseMandate } from './refusals.ts'

export interface MandateName {
  readonly accountReference: string
  readonly mandateId: string
}

/** Forgets a mandate of the account (D-93). */
export function deleteMandate(context: CallContext, input: MandateName): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { accounts: [input.accountReference], mandates: true, ...triggerNeeds(context) },
    decide(desk) {
      const book = desk.account(input.accountReference)
      const { known, added, deleted } = book.mandates
      if (!known.has(input.mandateId)) throw refuseMandate('mandate_not_found')
      book.journal.remove(known, input.mandateId)
      // One that this batch made was never written.
      if (added.has(input.mandateId)) book.journal.remove(added, input.mandateId)
      else book.journal.add(deleted, input.mandateId)
      announceAccountTrigger(desk, book, context)
    },
  }
}
