import { queueMessages } from '../../../communications/index.ts'
import { findInvoice } from '../../../invoices/index.ts'
import { type Call, inCall } from '../call.ts'
import { refuse } from '../refusals.ts'

/** The e-mail template in which a new invoice is told of. */
const bundleName = 'Invoice e-mail'

/** The template of new invoices, or the refusal that says what is missing. Asked for before anything is booked. */
export function invoiceBundle(call: Call): Promise<string> {
  return inCall(call, async (tx) => {
    const row = await tx.db
      .selectFrom('bundle')
      .select('bundle_id')
      .where('tenant_id', '=', tx.tenantId)
      .where('channel', '=', 'email')
      .where('name', '=', bundleName)
      .executeTakeFirst()
    if (row) return row.bundle_id
    throw refuse('unprocessable', `no e-mail template is called ${bundleName}`)
  })
}

/** Writes to the debtor about an invoice, once however often it is asked for. */
export async function sendToCustomer(
  call: Call,
  of: { invoice: number; externalId: string; bundleId: string },
): Promise<void> {
  await inCall(call, async (tx) => {
    const { claimId } = await findInvoice(tx, of.invoice)
    const { bundleId, externalId } = of
    const cause = { kind: 'agent', id: String(call.caller.userId) } as const
    const key = `wallee/invoice/${externalId}`
    await queueMessages(tx, [
      { key, claimId, channel: 'email', bundleId, cause, purpose: 'notice' },
    ])
  })
}
