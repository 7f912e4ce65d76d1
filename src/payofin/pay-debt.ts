import pg from 'pg'
import {
  bounded,
  type Bookkeeper,
  type CallContext,
  type Command,
  type Companion,
} from '../book/index.ts'
import { creditClaim } from '../claims/index.ts'
import { exponentOf, parseDecimal } from '../kernel/money.ts'
import type { Reader } from '../platform/reader.ts'
import { cashAccount, commissionAccount, prepaid, requireFloat } from './float.ts'
import { refusePayofin } from './refusals.ts'

export interface PayDeps {
  readonly reader: Reader
  readonly bookkeeper: Bookkeeper
  readonly nowOf: (tenantId: string) => Date
}

/** A payment as it came; nothing of it is known to be right. */
export interface PayInput {
  readonly invoiceQueryId: unknown
  readonly partialAmount: unknown
}

export interface PaidDebt {
  readonly paymentId: number
  readonly balanceMinor: number
  readonly amountMinor: number
  readonly profitMinor: number
  readonly currency: string
  readonly paidAt: Date
}

/** From this amount on, in lira, a payment is refused (result code -5). */
const amountLimit = '20000'

interface Query {
  readonly queryId: number
  readonly claimReference: string
  readonly amountMinor: number
  readonly currency: string
  readonly commissionMinor: number
  readonly profitMinor: number
  readonly isPaid: boolean
  /** What the claim asks for now; 0 where it is not active any more. */
  readonly owedMinor: number
  readonly isPartialAllowed: boolean
  /** What is left of the merchant's float. */
  readonly balanceMinor: number
}

/**
 * Pays a queried debt from the merchant's float: the claim, the float and the query id change together, once. Refused in
 * the order of §9 of the specification: id, paid, partial amount, limit, float.
 */
export async function payDebt(
  deps: PayDeps,
  { context, merchantId }: { context: CallContext; merchantId: number },
  input: PayInput,
): Promise<PaidDebt> {
  const { tenantId } = context
  const unit = { tenantId, now: deps.nowOf(tenantId) }
  const query = await findQuery(deps.reader, { ...unit, merchantId }, input.invoiceQueryId)
  const amountMinor = decideAmount(query, input.partialAmount)
  const total = bounded(amountMinor, query.commissionMinor)
  const companions = (outcomes: readonly object[]): Companion[] =>
    outcomes.flatMap((outcome) =>
      'result' in outcome
        ? [bookFloat({ query, amountMinor, total, merchantId, ...unit, shares: outcome.result })]
        : [],
    )
  const command = payClaim(context, { query, amountMinor })
  const [outcome] = await deps.bookkeeper
    .submitGroup([command], { companions })
    .catch((error: unknown) => {
      throw meantBy(error) ?? error
    })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
  return paymentOf(deps.reader, tenantId, query)
}

function decideAmount(query: Query, partialAmount: unknown): number {
  const isPartial = partialAmount !== undefined && partialAmount !== null
  // What was paid elsewhere since the query is not asked for again; the merchant has to look anew.
  const isGone = query.owedMinor === 0 || (!isPartial && query.owedMinor < query.amountMinor)
  if (query.isPaid || isGone) throw refusePayofin('already_paid')
  const amountMinor = isPartial ? partialOf(query, partialAmount) : query.amountMinor
  if (amountMinor >= parseDecimal(amountLimit, query.currency))
    throw refusePayofin('amount_too_large')
  requireFloat(query.balanceMinor, bounded(amountMinor, query.commissionMinor))
  return amountMinor
}

const selectQuery = `
  select q.query_id as "queryId", q.claim_reference as "claimReference", q.amount_minor as "amountMinor", q.currency,
    q.commission_minor as "commissionMinor", q.profit_minor as "profitMinor",
    exists (select from payofin_payment p where p.tenant_id = q.tenant_id and p.query_id = q.query_id) as "isPaid",
    coalesce((select sum(i.outstanding_minor) from claim c
      join item i on i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)
      where c.tenant_id = q.tenant_id and c.reference = q.claim_reference and c.status = 'ACTIVE'), 0)::bigint
      as "owedMinor",
    s.is_partial_allowed as "isPartialAllowed", m.balance_minor as "balanceMinor"
  from payofin_query q
  join payofin_merchant m on m.tenant_id = q.tenant_id and m.merchant_id = q.merchant_id
  join payofin_institution s on s.tenant_id = q.tenant_id and s.soot_code = q.soot_code
  where q.tenant_id = $1 and q.query_id = $2 and q.merchant_id = $3 and q.valid_until > $4
    and m.currency = q.currency`

async function findQuery(
  reader: Reader,
  of: { tenantId: string; merchantId: number; now: Date },
  given: unknown,
): Promise<Query> {
  if (given === undefined || given === null || given === '') throw refusePayofin('query_missing')
  if (typeof given !== 'number' || !Number.isSafeInteger(given))
    throw refusePayofin('query_unknown')
  const values = [of.tenantId, given, of.merchantId, of.now]
  const name = 'payofin_query'
  const [query] = await reader.read<Query>(of.tenantId, { name, text: selectQuery, values })
  if (!query) throw refusePayofin('query_unknown')
  return query
}

function partialOf(query: Query, given: unknown): number {
  const isWhole = typeof given === 'number' && Number.isSafeInteger(given) && given > 0
  if (!isWhole) throw refusePayofin('partial_not_whole')
  const owedMinor = Math.min(query.amountMinor, query.owedMinor)
  // Compared in whole units first: the amount in minor units may be more than can be counted.
  if (given > owedMinor / 10 ** exponentOf(query.currency)) throw refusePayofin('partial_too_large')
  const amountMinor = parseDecimal(String(given), query.currency)
  if (amountMinor !== query.amountMinor && !query.isPartialAllowed)
    throw refusePayofin('not_permitted')
  return amountMinor
}

/** What a payment moved of the claim's account, so that it can be taken back exactly. */
export interface Share {
  readonly entryReference: string
  readonly itemSeq: number
  readonly amountMinor: number
}

function payClaim(
  context: CallContext,
  { query, amountMinor }: { query: Query; amountMinor: number },
): Command<Share[]> {
  const { claimReference: reference, currency, queryId } = query
  const credit = creditClaim(context, {
    reference,
    data: {
      amount: amountMinor,
      currency,
      originator: 'CLIENT',
      context: { door: 'payofin', invoiceQueryId: queryId },
    },
  })
  return {
    ...credit,
    decide(desk) {
      const at = desk.findClaim(reference)
      if (!at || at.claim.status !== 'ACTIVE') throw refusePayofin('already_paid')
      const { book, claim } = at
      const owed = bounded(book.amountOf(claim), book.feesTotalOf(claim))
      if (owed < amountMinor) throw refusePayofin('already_paid')
      const before = book.changes.entries.length
      credit.decide(desk)
      return book.changes.entries
        .slice(before)
        .flatMap(({ reference: entryReference, itemSeq, amountMinor: minor }) =>
          itemSeq === null ? [] : [{ entryReference, itemSeq, amountMinor: minor }],
        )
    },
  }
}

interface Booked {
  readonly tenantId: string
  readonly now: Date
  readonly merchantId: number
  readonly query: Query
  readonly amountMinor: number
  readonly total: number
  readonly shares: unknown
}

/** The float pays the debt and the commission, and the payment says so: one statement, committed with the booking. */
function bookFloat(booked: Booked): Companion {
  const { tenantId, now, merchantId, query, amountMinor, total, shares } = booked
  const { commissionMinor, currency } = query
  const text = `
    with merchant as (
      update payofin_merchant set balance_minor = balance_minor - $3, movement_seq = movement_seq + $4
      where tenant_id = $1 and merchant_id = $2 returning balance_minor, movement_seq),
    payment as (
      insert into payofin_payment (tenant_id, merchant_id, query_id, claim_reference, amount_minor, currency,
        commission_minor, profit_minor, balance_minor, shares, status, paid_at)
      select $1, $2, $5, $6, $7, $8, $9, $10, balance_minor, $11::jsonb, 'Paid', $12::timestamptz from merchant
      returning payment_id)
    insert into payofin_movement (tenant_id, merchant_id, seq, kind, debit, credit, amount_minor, effect, payment_id,
      note, created_at)
    select $1, $2, m.movement_seq - $4 + part.place, part.kind, $13, part.credit, part.minor, -1, p.payment_id, '',
      $12::timestamptz
    from merchant m, payment p, (values
      (1, 'PAYMENT', $14, $7::bigint), (2, 'COMMISSION', $15, $9::bigint)) as part (place, kind, credit, minor)
    where part.minor > 0`
  const values = [
    tenantId,
    merchantId,
    total,
    commissionMinor > 0 ? 2 : 1,
    query.queryId,
    query.claimReference,
    amountMinor,
    currency,
    commissionMinor,
    query.profitMinor,
    JSON.stringify(shares),
    now,
    prepaid(merchantId),
    cashAccount(currency),
    commissionAccount(currency),
  ]
  return { text, values }
}

/** What somebody else was faster with: the float or the query id, which the database guards. */
function meantBy(error: unknown): Error | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined
  if (error.constraint === 'payofin_payment_query_once') return refusePayofin('already_paid')
  if (error.constraint === 'payofin_merchant_balance_not_negative')
    return refusePayofin('balance_too_low')
  return undefined
}

const selectPaid = `
  select payment_id as "paymentId", balance_minor as "balanceMinor", amount_minor as "amountMinor",
    profit_minor as "profitMinor", currency, paid_at as "paidAt"
  from payofin_payment where tenant_id = $1 and query_id = $2`

async function paymentOf(reader: Reader, tenantId: string, { queryId }: Query): Promise<PaidDebt> {
  const values = [tenantId, queryId]
  const [paid] = await reader.read<PaidDebt>(tenantId, {
    name: 'payofin_paid',
    text: selectPaid,
    values,
  })
  if (!paid) throw new Error('a payment that was booked is not there')
  return paid
}
