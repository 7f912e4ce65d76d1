import { type CallContext, type Command, conclude, resolve } from '../book/index.ts'
import { creditClaim } from '../claims/index.ts'
import { openInvoice, owedMinor } from './open-invoice.ts'

/** Books a payment of whatever an invoice asks for at that moment, which settles it. */
export function payInvoice(context: CallContext, reference: string): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [reference], profile: true },
    decide(desk) {
      const { book, claim } = openInvoice(desk, reference)
      const amount = owedMinor(book, claim)
      if (amount === 0) {
        resolve(book, claim, { reason: 'CLAIM_PAID', nowMs: desk.nowMs })
        conclude(book, { nowMs: desk.nowMs, emit: (event) => desk.emit(event) })
        return
      }
      const data = {
        amount,
        currency: book.account.currency,
        originator: 'CLIENT' as const,
        descriptionText: 'Marked as paid',
      }
      creditClaim(context, { reference, data }).decide(desk)
    },
  }
}
