import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { accountsOf } from './accounts.ts'
import {
  type ConfigIdentifier,
  configNamed,
  configOf,
  defaultReason,
  pickConfig,
} from './configuration.ts'
import { requirePayment } from './create-payment.ts'
import { type CrmDeps, inSession } from './deps.ts'
import {
  findPayment,
  type Payment,
  type PaymentDetails,
  type PaymentIdentifier,
  requireFreeCode,
} from './payment.ts'
import {
  claimsMeant,
  leaseDraft,
  postCharged,
  postPlain,
  type Posting,
  refusalOf,
} from './posting.ts'
import { refuseCrm } from './refusals.ts'
import {
  amountOf,
  type Frame,
  gatewayOf,
  type PaymentWords,
  resolveDetails,
  resolveFrame,
} from './resolve-payment.ts'
import type { Session } from './sessions.ts'

export interface PaymentCall {
  readonly session: Session
  readonly payment: PaymentIdentifier
}

/** Posts a draft: it gets its number, and is booked and allocated. */
export async function postPayment(deps: CrmDeps, call: PaymentCall): Promise<Payment> {
  const { session } = call
  const { posting, gateway } = await inSession(deps, session, async (tx) => {
    const { paymentId } = await findPayment(tx, call.payment)
    const lease = await leaseDraft(deps, tx, paymentId)
    // Read after the lease: nobody changes it from here on.
    const payment = await findPayment(tx, call.payment)
    const details = { ...payment.details, updatedBy: actorOf(session) }
    const method = configNamed(await configOf(tx), 'METHOD', payment.methodId)
    const { accountReference, currency, amountMinor } = payment
    const claimIds = await claimsMeant(tx, details)
    const posted: Posting = {
      payment: { ...payment, details },
      accountReference,
      currency,
      amountMinor,
      claimIds,
      isBill: false,
      lease,
    }
    return { posting: posted, gateway: gatewayOf(method) }
  })
  if (gateway === undefined) await postPlain(deps, session.tenant, posting)
  else await postCharged(deps, session.tenant, { posting, gateway })
  return requirePayment(deps, session, posting.payment.paymentId)
}

/** Rejects a draft for good; without a reason, for the one that is the default. */
export async function rejectPayment(
  deps: CrmDeps,
  call: PaymentCall & { reason: ConfigIdentifier | undefined },
): Promise<Payment> {
  const { session } = call
  const paymentId = await inSession(deps, session, async (tx) => {
    const payment = await lockDraft(deps, tx, call.payment)
    const config = await configOf(tx)
    const reason = call.reason ? pickConfig(config, call.reason) : defaultReason(config)
    const details = { rejectionReasonId: reason.id, updatedBy: actorOf(session) }
    await sql`
      update crm_payment set state = 'REJECTED', updated_at = ${tx.now},
        details = details || ${JSON.stringify(details)}::jsonb
      where tenant_id = ${tx.tenantId} and payment_id = ${payment.paymentId}`.execute(tx.db)
    return payment.paymentId
  })
  return requirePayment(deps, session, paymentId)
}

/** Changes what is given of a draft. */
export async function updatePayment(
  deps: CrmDeps,
  call: PaymentCall & { words: PaymentWords },
): Promise<Payment> {
  const { session, words } = call
  const change = inSession(deps, session, async (tx) => {
    const before = await lockDraft(deps, tx, call.payment)
    const code = words.backOfficeCode === undefined ? before.backOfficeCode : words.backOfficeCode
    const butOf = before.paymentId
    await requireFreeCode(tx, { classification: 'PAYMENT', code, butOf })
    const frame = await resolveFrame(tx, words, await frameOf(tx, before))
    requireSameAccountForTargets(before, { words, frame })
    const { account } = frame
    const amountMinor =
      words.amount === undefined ? before.amountMinor : amountOf(words.amount, account.currency)
    // A draft in another currency would be another amount.
    if (words.amount === undefined && account.currency !== before.currency)
      throw refuseCrm('mandatory_missing', 'payment_amount')
    const details = await resolveDetails(tx, { session, words, frame, before: before.details })
    await store(tx, before.paymentId, { frame, amountMinor, code, details })
    return before.paymentId
  })
  const paymentId = await change.catch((error: unknown) => {
    throw refusalOf(error)
  })
  return requirePayment(deps, session, paymentId)
}

const actorOf = ({ userId, unitId }: Session) => ({ userId, unitId })

/** The draft, locked until the transaction ends; refuses one that is being posted at this moment. */
async function lockDraft(deps: CrmDeps, tx: Tx, wanted: PaymentIdentifier): Promise<Payment> {
  const { paymentId } = await findPayment(tx, wanted)
  const { rows } = await sql`
    select 1 from crm_payment where tenant_id = ${tx.tenantId} and payment_id = ${paymentId} and state = 'DRAFT'
      and not is_charging and (leased_until is null or leased_until <= ${deps.clock()}) for update`.execute(
    tx.db,
  )
  if (rows.length === 0) throw refuseCrm('payment_not_draft')
  return findPayment(tx, wanted)
}

async function frameOf(tx: Tx, before: Payment): Promise<Frame | undefined> {
  const config = await configOf(tx)
  const account = (await accountsOf(tx, [before.accountId])).get(before.accountId)
  const type = configNamed(config, 'TYPE', before.typeId)
  const method = configNamed(config, 'METHOD', before.methodId)
  const category = configNamed(config, 'CATEGORY', before.categoryId)
  return account && type && method ? { account, type, method, category, config } : undefined
}

/** What a draft is meant for belongs to its account, and stays behind when it moves. */
function requireSameAccountForTargets(
  before: Payment,
  { words, frame }: { words: PaymentWords; frame: Frame },
): void {
  if (frame.account.accountId === before.accountId) return
  const removed = (changes: PaymentWords['invoices'] | PaymentWords['bills']) =>
    (changes ?? []).filter(({ action }) => action === 'REMOVE').length
  if (before.details.claimIds.length > removed(words.invoices))
    throw refuseCrm('invoice_of_another_account')
  if (before.details.billIds.length > removed(words.bills))
    throw refuseCrm('bill_of_another_account')
}

async function store(
  tx: Tx,
  paymentId: string,
  to: { frame: Frame; amountMinor: number; code: string | null; details: PaymentDetails },
): Promise<void> {
  const { account, type, category, method } = to.frame
  await sql`
    update crm_payment set account_id = ${account.accountId}, type_id = ${type.id},
      category_id = ${category?.id ?? null}, method_id = ${method.id}, amount_minor = ${to.amountMinor},
      back_office_code = ${to.code}, updated_at = ${tx.now}, details = ${JSON.stringify(to.details)}::jsonb
    where tenant_id = ${tx.tenantId} and payment_id = ${paymentId}`.execute(tx.db)
}
