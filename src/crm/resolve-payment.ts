import { InvalidAmount, parseDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { type AccountIdentifier, type CrmAccount, findAccount } from './accounts.ts'
import { type BillIdentifier, findBill } from './bills.ts'
import { type CardIdentifier, findCard } from './cards.ts'
import {
  type Config,
  type ConfigIdentifier,
  configOf,
  type Configuration,
  pickConfig,
} from './configuration.ts'
import { findInvoiceDue, type InvoiceIdentifier } from './invoices.ts'
import type { Actor, PaymentDetails, Udf } from './payment.ts'
import { refuseCrm } from './refusals.ts'
import type { Session } from './sessions.ts'

/** What a call says of a payment, its objects named by identifiers. Undefined: nothing was said. */
export interface PaymentWords {
  readonly account?: AccountIdentifier | undefined
  readonly type?: ConfigIdentifier | undefined
  readonly category?: ConfigIdentifier | undefined
  readonly method?: ConfigIdentifier | undefined
  /** Decimal text. */
  readonly amount?: string | undefined
  readonly receivedAt?: Date | undefined
  readonly receivedByUser?: ConfigIdentifier | undefined
  readonly receivedByUnit?: ConfigIdentifier | undefined
  readonly card?: CardIdentifier | undefined
  readonly notes?: string | null | undefined
  readonly backOfficeCode?: string | null | undefined
  readonly udf?: Readonly<Record<string, string | number | null>> | undefined
  readonly invoices?: readonly Change<InvoiceIdentifier>[] | undefined
  readonly bills?: readonly Change<BillIdentifier>[] | undefined
}

export interface Change<I> {
  readonly action: 'ADD' | 'REMOVE'
  readonly identifier: I
}

/** The kind, the account and the method of a payment, found and fitting together. */
export interface Frame {
  readonly account: CrmAccount
  readonly type: Config
  readonly category: Config | undefined
  readonly method: Config
  readonly config: Configuration
}

/** The account, type, category and method that a call names; refuses what does not go together. */
export async function resolveFrame(tx: Tx, words: PaymentWords, before?: Frame): Promise<Frame> {
  const config = before?.config ?? (await configOf(tx))
  const account = words.account ? await findAccount(tx, words.account) : before?.account
  const type = words.type ? pickConfig(config, words.type) : before?.type
  const category = words.category ? pickConfig(config, words.category) : before?.category
  const method = words.method ? pickConfig(config, words.method) : before?.method
  if (!account || !type || !method) throw refuseCrm('mandatory_missing')
  requireFits({ type, category, method }, 'PAYMENT')
  return { account, type, category, method, config }
}

/** Refuses a type of another classification, and what the type does not allow. */
export function requireFits(
  frame: { type: Config; category: Config | undefined; method?: Config },
  classification: 'PAYMENT' | 'PAYMENT_CANCELLATION',
): void {
  const { type, category, method } = frame
  if (type.data['classification'] !== classification) throw refuseCrm('wrong_classification')
  if (category && !allows(type.data['categoryIds'], category))
    throw refuseCrm('category_not_allowed')
  if (method && !allows(type.data['methodIds'], method)) throw refuseCrm('method_not_allowed')
}

/** A list that is not there allows all. */
export function allows(ids: unknown, config: Config): boolean {
  return !Array.isArray(ids) || ids.includes(config.id)
}

/** The gateway that a method charges cards by; undefined for money that came another way. */
export function gatewayOf(method: Config | undefined): string | undefined {
  const gateway = method?.data['gateway']
  return typeof gateway === 'string' ? gateway : undefined
}

/** An amount in minor units; what is no number at all is another refusal than what is no amount. */
export function amountOf(text: string, currency: string): number {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw refuseCrm('invalid_value', 'payment_amount')
  try {
    const minor = parseDecimal(text, currency)
    if (minor > 0) return minor
  } catch (error) {
    if (!(error instanceof InvalidAmount)) throw error
  }
  throw refuseCrm('invalid_amount')
}

/** What a payment says of itself, on top of what it said before. */
export async function resolveDetails(
  tx: Tx,
  call: {
    session: Session
    words: PaymentWords
    frame: Frame
    before?: PaymentDetails | undefined
  },
): Promise<PaymentDetails> {
  const { session, words, frame, before } = call
  const actor: Actor = { userId: session.userId, unitId: session.unitId }
  const { config, account } = frame
  const user = words.receivedByUser && pickConfig(config, words.receivedByUser)
  const unit = words.receivedByUnit && pickConfig(config, words.receivedByUnit)
  const received = before?.receivedBy ?? actor
  return {
    receivedAtMs: words.receivedAt?.getTime() ?? before?.receivedAtMs ?? tx.now.getTime(),
    receivedBy: { userId: user?.id ?? received.userId, unitId: unit?.id ?? received.unitId },
    notes: words.notes === undefined ? (before?.notes ?? null) : words.notes,
    udf: mergedUdf(before?.udf ?? {}, words.udf ?? {}),
    claimIds: await resolveInvoices(tx, account, {
      before: before?.claimIds,
      changes: words.invoices,
    }),
    billIds: await resolveBills(tx, account, { before: before?.billIds, changes: words.bills }),
    cardId: await resolveCard(tx, frame, { words, before }),
    rejectionReasonId: null,
    issueReason: null,
    createdBy: before?.createdBy ?? actor,
    updatedBy: actor,
  }
}

/** A field that is given as null is unset. */
export function mergedUdf(
  before: Udf,
  given: Readonly<Record<string, string | number | null>>,
): Udf {
  const merged = Object.entries({ ...before, ...given })
  return Object.fromEntries(
    merged.filter((field): field is [string, string | number] => field[1] !== null),
  )
}

async function resolveCard(
  tx: Tx,
  { account, method }: Frame,
  { words, before }: { words: PaymentWords; before?: PaymentDetails | undefined },
): Promise<string | null> {
  const isLinked = gatewayOf(method) !== undefined
  if (words.card) {
    if (!isLinked) throw refuseCrm('card_not_applicable')
    return (await findCard(tx, words.card, account.ownerReference)).cardId
  }
  if (!isLinked) return null
  const known = words.account ? null : before?.cardId
  if (known === null || known === undefined) throw refuseCrm('card_missing')
  return known
}

interface Ids<I> {
  readonly before: readonly string[] | undefined
  readonly changes: readonly Change<I>[] | undefined
}

/** An invoice that is settled may be named: it takes nothing. One that is cancelled or another's may not. */
async function resolveInvoices(
  tx: Tx,
  account: CrmAccount,
  { before = [], changes = [] }: Ids<InvoiceIdentifier>,
): Promise<string[]> {
  const ids = new Set(before)
  for (const { action, identifier } of changes) {
    const invoice = await findInvoiceDue(tx, identifier)
    if (action === 'REMOVE') ids.delete(invoice.claimId)
    else {
      requireOwn('invoice', invoice, account)
      if (invoice.state !== 'POSTED') throw refuseCrm('invoice_not_posted')
      ids.add(invoice.claimId)
    }
  }
  return [...ids]
}

async function resolveBills(
  tx: Tx,
  account: CrmAccount,
  { before = [], changes = [] }: Ids<BillIdentifier>,
): Promise<string[]> {
  const ids = new Set(before)
  for (const { action, identifier } of changes) {
    const bill = await findBill(tx, identifier)
    if (action === 'REMOVE') ids.delete(bill.billId)
    else {
      requireOwn('bill', bill, account)
      ids.add(bill.billId)
    }
  }
  return [...ids]
}

function requireOwn(
  object: 'invoice' | 'bill',
  { accountId }: { accountId: string },
  account: CrmAccount,
): void {
  if (accountId !== account.accountId) throw refuseCrm(`${object}_of_another_account`)
}
