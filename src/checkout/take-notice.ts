import type { CheckoutNotice, RawNotice } from '../gateways/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { CheckoutDeps } from './deps.ts'
import { recordState } from './record-state.ts'

export interface NoticeAt {
  readonly tenantId: string
  readonly provider: string
  readonly notice: RawNotice
}

/** Takes in what a provider tells by itself; what is not signed is refused, what is of no payment of ours ignored. */
export async function takeNotice(deps: CheckoutDeps, at: NoticeAt): Promise<void> {
  const { tenantId } = at
  const provider = await deps.gateways.provider(tenantId, at.provider)
  const unit = { tenantId, now: deps.nowOf(tenantId), isReadOnly: true }
  for (const notice of await provider.readNotice(at.notice)) {
    const paymentId = await inTransaction(deps.db, unit, (tx) => named(tx, provider.name, notice))
    if (paymentId === undefined) continue
    const { state, trackingId, reason } = notice
    await recordState(deps, { tenantId, paymentId, state, trackingId, reason })
  }
}

/** The payment that a notice is about, by the provider's name of its checkout or of the payment itself. */
async function named(
  tx: Tx,
  provider: string,
  { providerReference, trackingId }: CheckoutNotice,
): Promise<string | undefined> {
  const payments = tx.db
    .selectFrom('portal_payment')
    .select('payment_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('provider', '=', provider)
  const found =
    providerReference === undefined
      ? await payments.where('tracking_id', '=', trackingId ?? '').executeTakeFirst()
      : await payments.where('provider_reference', '=', providerReference).executeTakeFirst()
  return found?.payment_id
}
