import { CompiledQuery } from 'kysely'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { type BillIdentifier, findBill } from './bills.ts'
import { type CrmDeps, inSession } from './deps.ts'
import { findInvoiceDue, type InvoiceIdentifier } from './invoices.ts'
import { type Payment, paymentById, requireFreeCode } from './payment.ts'
import { claimsMeant, postCharged, postPlain, type Posting, readOnly } from './posting.ts'
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
import { insertDraft, type NewPayment } from './store-payment.ts'

export interface NewPaymentCall {
  readonly session: Session
  readonly words: PaymentWords
}

/** Creates a payment: a draft books nothing, a posted one is booked and allocated at once. */
export async function createPayment(
  deps: CrmDeps,
  call: NewPaymentCall,
  state: 'DRAFT' | 'POSTED',
): Promise<Payment> {
  const prepared = await inSession(deps, call.session, async (tx) => {
    const { frame, payment } = await prepare(tx, call)
    if (call.words.amount === undefined) throw refuseCrm('mandatory_missing', 'payment_amount')
    const amountMinor = amountOf(call.words.amount, frame.account.currency)
    if (state === 'DRAFT') {
      const at = { tenantId: tx.tenantId, now: tx.now }
      const { text, values } = insertDraft(at, payment, amountMinor)
      await tx.db.executeQuery(CompiledQuery.raw(text, values))
    }
    const claimIds = await claimsMeant(tx, payment.details)
    return { frame, payment, amountMinor, claimIds, isBill: false }
  })
  if (state === 'POSTED') await postNew(deps, call.session, prepared)
  return requirePayment(deps, call.session, prepared.payment.paymentId)
}

/** Pays all that is left of an invoice, its fees included. */
export async function payInvoice(
  deps: CrmDeps,
  call: NewPaymentCall,
  identifier: InvoiceIdentifier,
): Promise<Payment> {
  return payWhole(deps, call, async (tx, frame) => {
    const invoice = await findInvoiceDue(tx, identifier)
    if (invoice.accountId !== frame.account.accountId) throw refuseCrm('invoice_of_another_account')
    if (invoice.state !== 'POSTED') throw refuseCrm('invoice_not_posted')
    if (invoice.unsettledMinor === 0) throw refuseCrm('invoice_settled')
    return { claimIds: [invoice.claimId], billIds: [] }
  })
}

/** Pays all that is left of the invoices on a bill. */
export async function payBill(
  deps: CrmDeps,
  call: NewPaymentCall,
  identifier: BillIdentifier,
): Promise<Payment> {
  return payWhole(deps, call, async (tx, frame) => {
    const bill = await findBill(tx, identifier)
    if (bill.accountId !== frame.account.accountId) throw refuseCrm('bill_of_another_account')
    if (bill.invoices.every(({ unsettledMinor }) => unsettledMinor === 0))
      throw refuseCrm('bill_settled')
    return { claimIds: [], billIds: [bill.billId] }
  })
}

type Meant = Pick<Payment['details'], 'claimIds' | 'billIds'>

async function payWhole(
  deps: CrmDeps,
  call: NewPaymentCall,
  meantIn: (tx: Tx, frame: Frame) => Promise<Meant>,
): Promise<Payment> {
  const prepared = await inSession(deps, call.session, async (tx) => {
    const { frame, payment } = await prepare(tx, call)
    const meant = await meantIn(tx, frame)
    const details = { ...payment.details, ...meant }
    return {
      frame,
      payment: { ...payment, details },
      amountMinor: undefined,
      claimIds: await claimsMeant(tx, details),
      isBill: meant.billIds.length > 0,
    }
  })
  await postNew(deps, call.session, prepared)
  return requirePayment(deps, call.session, prepared.payment.paymentId)
}

async function prepare(
  tx: Tx,
  { session, words }: NewPaymentCall,
): Promise<{ frame: Frame; payment: NewPayment }> {
  const frame = await resolveFrame(tx, words)
  const code = words.backOfficeCode ?? null
  await requireFreeCode(tx, { classification: 'PAYMENT', code })
  const payment: NewPayment = {
    paymentId: newId(),
    classification: 'PAYMENT',
    accountId: frame.account.accountId,
    typeId: frame.type.id,
    categoryId: frame.category?.id ?? null,
    methodId: frame.method.id,
    backOfficeCode: code,
    cancelsId: null,
    issuedAt: tx.now,
    postedAt: null,
    updatedAt: tx.now,
    gateway: null,
    gatewayReference: null,
    details: await resolveDetails(tx, { session, words, frame }),
  }
  return { frame, payment }
}

async function postNew(
  deps: CrmDeps,
  session: Session,
  prepared: Pick<Posting, 'payment' | 'amountMinor' | 'claimIds' | 'isBill'> & { frame: Frame },
): Promise<void> {
  const { frame, ...rest } = prepared
  const { reference: accountReference, currency } = frame.account
  const posting: Posting = { ...rest, accountReference, currency }
  const gateway = gatewayOf(frame.method)
  if (gateway === undefined) await postPlain(deps, session.tenant, posting)
  else await postCharged(deps, session.tenant, { posting, gateway })
}

/** The payment as it is now. */
export async function requirePayment(
  deps: CrmDeps,
  session: Session,
  paymentId: string,
): Promise<Payment> {
  const payment = await readOnly(deps, session.tenant.tenantId, (tx) => paymentById(tx, paymentId))
  if (!payment) throw refuseCrm('payment_not_found')
  return payment
}
