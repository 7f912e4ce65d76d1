import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { endOfToday, requireOpen } from './opening.ts'
import { findInstitution } from './institutions.ts'
import { commissionsOf, findMerchant } from './merchants.ts'
import { isNumberOf } from './numbers.ts'
import { refusePayofin } from './refusals.ts'
import { type Institution, sootCodeMax } from './schema.ts'

/** A query as it came; nothing of it is known to be right. */
export interface DebtQuery {
  readonly sootCode: unknown
  readonly subscriberNo: unknown
  readonly additionalNo: unknown
  readonly firmRefNo: unknown
}

/** A debt that the merchant may pay under its query id. */
export interface QueriedDebt {
  readonly queryId: number
  readonly subscriberNo: string
  readonly customerName: string
  readonly invoiceNo: string
  readonly dueOn: string
  readonly amountMinor: number
  readonly profitMinor: number
  readonly currency: string
}

const numberLengthMax = 255
const firmRefLengthMax = 15
const debtsMax = 500

/** The open debts of a subscriber, each under a new id that pays it once. */
export async function queryDebts(
  tx: Tx,
  merchantId: number,
  query: DebtQuery,
): Promise<QueriedDebt[]> {
  const institution = await openInstitution(tx, merchantId, query.sootCode)
  const subscriberNo = subscriberOf(query.subscriberNo, institution)
  const additionalNo = additionalOf(query.additionalNo, institution)
  const firmRefNo = firmReferenceOf(query.firmRefNo)
  requireOpen(institution, tx.now)
  const found = await openDebts(tx, { institution, subscriberNo, additionalNo })
  if (found.length === 0) throw refusePayofin('no_debt')
  if (found.some(({ isDeskOnly }) => isDeskOnly)) throw refusePayofin('desk_only')
  const debts = found.filter(({ isPlaced }) => !isPlaced)
  if (debts.length === 0) throw refusePayofin('legal_follow_up')
  const { sootCode } = institution
  const { commissionMinor, profitMinor } =
    (await commissionsOf(tx, merchantId)).get(sootCode) ?? institution
  const asked = { merchantId, sootCode, subscriberNo, additionalNo, firmRefNo }
  const ids = await remember(tx, debts, { ...asked, commissionMinor, profitMinor })
  return debts.map((debt, index) => ({
    queryId: ids[index] ?? 0,
    subscriberNo,
    customerName: debt.customerName,
    invoiceNo: debt.reference,
    dueOn: debt.dueOn,
    amountMinor: debt.amountMinor,
    profitMinor,
    currency: debt.currency,
  }))
}

async function openInstitution(tx: Tx, merchantId: number, given: unknown): Promise<Institution> {
  const code = typeof given === 'string' && /^\d{1,10}$/.test(given) ? Number(given) : given
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 1 || code > sootCodeMax)
    throw refusePayofin('institution_wrong')
  const institution = await findInstitution(tx, code)
  if (!institution.isActive) throw refusePayofin('institution_wrong')
  const { sootCodes, currency } = await findMerchant(tx, merchantId)
  // A float pays what is owed in its own currency.
  const isPermitted = sootCodes === null || sootCodes.includes(code)
  if (!isPermitted || currency !== institution.currency) throw refusePayofin('not_permitted')
  return institution
}

function subscriberOf(given: unknown, { mask, numberKind }: Institution): string {
  const isText = typeof given === 'string' && given !== '' && given.length <= numberLengthMax
  if (!isText || !isMasked(given, mask)) throw refusePayofin('subscriber_wrong')
  if (!isNumberOf(numberKind, given)) throw refusePayofin('national_id_wrong')
  return given
}

/** A mask stands for the number sign by sign: 9 a digit, A a letter, * either; any other sign is itself. */
function isMasked(text: string, mask: string): boolean {
  if (mask === '') return true
  const signs = Array.from(text)
  const kinds: Readonly<Record<string, RegExp>> = {
    '9': /^\d$/,
    A: /^\p{L}$/u,
    '*': /^[\p{L}\d]$/u,
  }
  const expected = Array.from(mask)
  if (signs.length !== expected.length) return false
  return signs.every((sign, place) => {
    const kind = kinds[expected[place] ?? '']
    return kind ? kind.test(sign) : sign === expected[place]
  })
}

function additionalOf(given: unknown, { isAdditionalRequired }: Institution): string {
  if (given === undefined || given === null || given === '') {
    if (isAdditionalRequired) throw refusePayofin('additional_wrong')
    return ''
  }
  if (typeof given !== 'string' || given.length > numberLengthMax)
    throw refusePayofin('additional_wrong')
  return given
}

function firmReferenceOf(given: unknown): string {
  if (typeof given !== 'string' || given === '' || given.length > firmRefLengthMax)
    throw refusePayofin('firm_reference_wrong')
  return given
}

interface Debt {
  readonly reference: string
  readonly customerName: string
  readonly dueOn: string
  readonly amountMinor: number
  readonly currency: string
  readonly isDeskOnly: boolean
  readonly isPlaced: boolean
}

/** Of several numbers that one account may have, which one a subscriber number is. */
const accountsOf = {
  accountReference: (number: string) => sql`a.reference = ${number}`,
  // A number is no longer than that; only such references are in the index (0036).
  paymentReference: (number: string) =>
    sql`a.payment_reference = ${number} and length(a.payment_reference) <= 255`,
  debtorReference: (number: string) => sql`exists (
    select from account_debtor l where l.tenant_id = a.tenant_id and l.account_id = a.account_id
      and l.debtor_reference = ${number})`,
} as const

/** What is owed and can be asked for: active claims of the subscriber's accounts, by their due date. */
async function openDebts(
  { tenantId, db }: Tx,
  by: { institution: Institution; subscriberNo: string; additionalNo: string },
): Promise<Debt[]> {
  const { institution, subscriberNo, additionalNo } = by
  const portfolio = institution.portfolioReference
  const { rows } = await sql<Debt>`
    select c.reference, coalesce(nullif(trim(concat_ws(' ', c.primary_debtor ->> 'firstName',
        c.primary_debtor ->> 'lastName')), ''), c.primary_debtor ->> 'companyName', '') as "customerName",
      c.current_due_on as "dueOn", owed.minor as "amountMinor", a.currency,
      a.meta -> 'payAtDesk' = 'true'::jsonb as "isDeskOnly",
      exists (select from placement p where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id
        and p.status = 'PLACED') as "isPlaced"
    from account a
    join claim c on c.tenant_id = a.tenant_id and c.account_id = a.account_id and c.status = 'ACTIVE'
    cross join lateral (
      select sum(i.outstanding_minor)::bigint as minor from item i
      where i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)) owed
    where a.tenant_id = ${tenantId} and ${accountsOf[institution.subscriberKind](subscriberNo)}
      and a.currency = ${institution.currency} and owed.minor > 0
      and (${portfolio}::text is null or a.portfolio_reference = ${portfolio})
      and (${additionalNo} = '' or c.product_reference = ${additionalNo})
    order by c.current_due_on, c.reference limit ${debtsMax}`.execute(db)
  return rows
}

interface Asked {
  readonly merchantId: number
  readonly sootCode: number
  readonly subscriberNo: string
  readonly additionalNo: string
  readonly firmRefNo: string
  readonly commissionMinor: number
  readonly profitMinor: number
}

async function remember(tx: Tx, debts: readonly Debt[], asked: Asked): Promise<number[]> {
  const { rows } = await sql<{ queryId: number }>`
    insert into payofin_query (tenant_id, merchant_id, soot_code, subscriber_no, additional_no, firm_ref_no,
      customer_name, claim_reference, amount_minor, currency, commission_minor, profit_minor, due_on, created_at,
      valid_until)
    select ${tx.tenantId}::uuid, ${asked.merchantId}::bigint, ${asked.sootCode}::integer, ${asked.subscriberNo}::text,
      ${asked.additionalNo}::text, ${asked.firmRefNo}::text, d."customerName", d.reference, d."amountMinor",
      d.currency, ${asked.commissionMinor}::bigint, ${asked.profitMinor}::bigint, d."dueOn",
      ${tx.now}::timestamptz, ${endOfToday(tx.now)}::timestamptz
    from rows from (json_to_recordset(${JSON.stringify(debts)}::json) as (
      "customerName" text, reference text, "amountMinor" bigint, currency text, "dueOn" date))
      with ordinality as d ("customerName", reference, "amountMinor", currency, "dueOn", place)
    order by d.place
    returning query_id as "queryId"`.execute(tx.db)
  return rows.map(({ queryId }) => queryId)
}
