import { sql } from 'kysely'
import type { Json } from '../../book/index.ts'
import { dateIn, daysBetween } from '../../kernel/dates.ts'
import { addMinor } from '../../kernel/money.ts'
import type { Tx } from '../../platform/db.ts'
import { creditorOf } from './creditor-of.ts'
import type { Fields, ItemFields } from './fields.ts'

interface ItemRow {
  readonly reference: string
  readonly kind: string
  readonly isPrincipal: boolean
  readonly feeType: string | null
  readonly minor: number
  readonly dueOn: string | null
}

interface ClaimRow {
  readonly claimId: string
  readonly reference: string
  readonly currency: string
  readonly originalDueOn: string
  readonly currentDueOn: string
  readonly paymentReference: string | null
  readonly portfolioReference: string | null
  readonly primaryDebtor: Json | null
  readonly meta: Json
  readonly accountReference: string
  readonly accountMeta: Json
  readonly items: ItemRow[]
}

interface Sender {
  readonly creditor: Fields['creditor']
  readonly today: string
  readonly language: unknown
}

/** What templates may say of claims, by claim id; a claim that is not there is left out. Two statements for any number. */
export async function fieldsOf(
  tx: Tx,
  claimIds: readonly string[],
): Promise<ReadonlyMap<string, Fields>> {
  const sender = await senderOf(tx)
  const rows = await selectClaims(tx, claimIds)
  return new Map(rows.map((row) => [row.claimId, fieldsOfRow(row, sender)]))
}

async function senderOf({ tenantId, db, now }: Tx): Promise<Sender> {
  const { name, settings, time_zone } = await db
    .selectFrom('tenant')
    .select(['name', 'settings', 'time_zone'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return {
    creditor: creditorOf(settings['creditor'], name),
    today: dateIn(now, time_zone),
    language: settings['language'],
  }
}

async function selectClaims(tx: Tx, claimIds: readonly string[]): Promise<ClaimRow[]> {
  const { rows } = await sql<ClaimRow>`
    select c.claim_id as "claimId", c.reference, a.currency, c.original_due_on as "originalDueOn",
      c.current_due_on as "currentDueOn", coalesce(c.payment_reference, a.payment_reference) as "paymentReference",
      coalesce(c.portfolio_reference, a.portfolio_reference) as "portfolioReference",
      c.primary_debtor as "primaryDebtor", c.meta, a.reference as "accountReference",
      coalesce(c.frozen_meta, a.meta) as "accountMeta", i.items
    from claim c
    join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    cross join lateral (
      select json_agg(json_build_object('reference', i.reference, 'kind', i.kind, 'feeType', i.fee_type,
          'minor', i.outstanding_minor, 'dueOn', i.due_on, 'isPrincipal', i.item_seq = c.item_seq)
        order by i.item_seq = c.item_seq desc, i.position, i.item_seq) as items
      from item i
      where i.tenant_id = c.tenant_id and i.account_id = c.account_id
        and (i.item_seq = c.item_seq or i.parent_seq = c.item_seq)) i
    where c.tenant_id = ${tx.tenantId} and c.claim_id = any(${claimIds}::uuid[]) and c.status <> 'PENDING'
    order by c.claim_id`.execute(tx.db)
  return rows
}

function fieldsOfRow(row: ClaimRow, { creditor, today, language }: Sender): Fields {
  const { currency } = row
  const principal = row.items.find(({ isPrincipal }) => isPrincipal)?.minor ?? 0
  const fees = row.items
    .filter(({ isPrincipal }) => !isPrincipal)
    .reduce((sum, { minor }) => addMinor(sum, minor), 0)
  const debtor = row.primaryDebtor ?? {}
  return {
    claim: {
      reference: row.reference,
      amount: { minor: principal, currency },
      totalFees: { minor: fees, currency },
      totalAmount: { minor: addMinor(principal, fees), currency },
      currency,
      dueDate: row.currentDueOn,
      originalDueDate: row.originalDueOn,
      daysPastDue: Math.max(0, daysBetween(row.originalDueOn, today)),
      paymentReference: row.paymentReference ?? row.reference,
      portfolioReference: row.portfolioReference ?? '',
    },
    items: row.items.filter(({ minor }) => minor > 0).map((item) => itemOf(item, currency)),
    account: { reference: row.accountReference, meta: row.accountMeta },
    // D-29: what the account says holds for its claims; a claim's own key goes before it.
    meta: { ...row.accountMeta, ...row.meta },
    debtor: debtorOf(debtor),
    creditor,
    today,
    language: languageOf([row.meta['language'], row.accountMeta['language'], language], debtor),
    landingPageUrl: '',
    unsubscribeUrl: '',
    customBody: '',
    triggerContext: {},
  }
}

const itemOf = (item: ItemRow, currency: string): ItemFields => ({
  reference: item.reference,
  kind: item.kind,
  name: item.feeType ?? '',
  amount: { minor: item.minor, currency },
  dueDate: item.dueOn ?? '',
})

/** The debtor under the names of the dictionary; what nobody told us is absent and prints as nothing. */
function debtorOf(debtor: Json): Json {
  const { debtorReference, ...rest } = debtor
  const person = ['title', 'firstName', 'lastName'].map((name) => debtor[name]).filter(Boolean)
  return {
    ...rest,
    externalDebtorRef: debtorReference,
    name: debtor['companyName'] ?? person.join(' '),
  }
}

const languagePattern = /^[a-z]{2}(?:-[A-Z]{2})?$/
const germanSpeaking = new Set(['DE', 'AT', 'CH', 'LI'])

/** The first that names a language, else the one of the debtor's country, else English. */
function languageOf(said: readonly unknown[], debtor: Json): string {
  const named = said.find((value) => typeof value === 'string' && languagePattern.test(value))
  if (typeof named === 'string') return named
  const country = (debtor['contactInformation'] as Json | undefined)?.['country']
  return germanSpeaking.has(String(country)) ? 'de' : 'en'
}
