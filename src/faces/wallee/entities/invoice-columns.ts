import { decimalOf } from '../decimal.ts'
import { dateTime, type Field, long, shown } from '../entity.ts'

/** What many objects have alike, as SQL over `t`. */

const ofTenant = (column: string) =>
  `(select ${column} from tenant s where s.tenant_id = t.tenant_id)`

export const spaceOfRow: Field = shown(long, { column: ofTenant('s.space_id') })
export const timeZoneColumn = ofTenant('s.time_zone')
export const environmentColumn = ofTenant("case when s.is_sandbox then 'PREVIEW' else 'LIVE' end")
export const neverPurged: Field = shown(dateTime, { column: 'null::timestamptz' })
export const noNumber: Field = shown(long, { column: 'null::bigint' })
export const noInstant: Field = shown(dateTime, { column: 'null::timestamptz' })

/** The items that a claim `c` consists of: its principal and its fees. */
export const itemsOf = (claim: string) => `item i where i.tenant_id = ${claim}.tenant_id
  and i.account_id = ${claim}.account_id and (i.item_seq = ${claim}.item_seq or i.parent_seq = ${claim}.item_seq)`

const billedMinor = (
  claim: string,
) => `(select coalesce(sum(e.amount_minor), 0)::bigint from entry e
  join item i on i.tenant_id = e.tenant_id and i.account_id = e.account_id and i.item_seq = e.seq
  where i.tenant_id = ${claim}.tenant_id and i.account_id = ${claim}.account_id
    and (i.item_seq = ${claim}.item_seq or i.parent_seq = ${claim}.item_seq))`
const leftMinor = (claim: string) =>
  `(select coalesce(sum(i.outstanding_minor), 0)::bigint from ${itemsOf(claim)})`

// What was paid before a claim moved (D-75) stays on the item that it had there.
const wasPaid = (claim: string) => `exists (select from item p
  where p.tenant_id = ${claim}.tenant_id and p.reference = ${claim}.reference and p.kind = 'invoice'
    and (p.paid_minor > 0 or exists (select from item i
      where i.tenant_id = p.tenant_id and i.account_id = p.account_id and i.parent_seq = p.item_seq and i.paid_minor > 0)))`

/** What a claim asked for as it was made, never less than what it asks for now. */
export const billed = (claim: string, currency: string) =>
  decimalOf(`greatest(${billedMinor(claim)}, ${leftMinor(claim)})`, currency)
export const left = (claim: string, currency: string) => decimalOf(leftMinor(claim), currency)

/** The day that it is for a tenant, as SQL. */
export const today = (now: Date, timeZone: string) =>
  `(timestamptz '${now.toISOString()}' at time zone '${timeZone.replaceAll("'", "''")}')::date`

/** In which state a claim is as an invoice; `n.today` is the day that it is. */
export const invoiceState = (claim: string) => `(case
  when ${claim}.status = 'DELETED' then 'CANCELED'
  when ${claim}.status = 'ACTIVE' then case when ${claim}.current_due_on < n.today then 'OVERDUE' else 'OPEN' end
  when ${claim}.resolution_reason in ('CLAIM_DISCARDED', 'CLAIM_INVALIDATED') then 'CANCELED'
  when ${claim}.resolution_reason <> 'CLAIM_PAID' then 'DERECOGNIZED'
  when ${billedMinor(claim)} = 0 and not ${wasPaid(claim)} then 'NOT_APPLICABLE'
  else 'PAID' end)`

/** What an invoice asks for line by line, where nobody said it: the principal and the fees. */
export const plainLines = `(select coalesce(jsonb_agg(jsonb_build_object(
    'uniqueId', i.reference, 'quantity', '1', 'aggregatedTaxRate', '0', 'taxAmount', '0', 'taxAmountPerUnit', '0',
    'name', case when i.item_seq = t.item_seq then t.reference else coalesce(i.fee_type, 'FEE') end,
    'type', case when i.item_seq = t.item_seq then 'PRODUCT' else 'FEE' end,
    'amountIncludingTax', m.amount, 'amountExcludingTax', m.amount, 'unitPriceIncludingTax', m.amount,
    'unitPriceExcludingTax', m.amount, 'undiscountedAmountIncludingTax', m.amount,
    'undiscountedAmountExcludingTax', m.amount, 'undiscountedUnitPriceIncludingTax', m.amount,
    'undiscountedUnitPriceExcludingTax', m.amount, 'discountIncludingTax', '0', 'discountExcludingTax', '0')
    order by i.item_seq = t.item_seq desc, i.position, i.item_seq), '[]')
  from item i join entry e on e.tenant_id = i.tenant_id and e.account_id = i.account_id and e.seq = i.item_seq
  cross join lateral (select ${decimalOf('e.amount_minor', 'a.currency')}::text as amount) m
  where i.tenant_id = t.tenant_id and i.account_id = t.account_id
    and (i.item_seq = t.item_seq or i.parent_seq = t.item_seq))`

const told = (name: string) => `t.primary_debtor ->> '${name}'`
const contact = (name: string) => `t.primary_debtor #>> '{contactInformation,${name}}'`

/** Where the debtor of a claim lives, in the words of these doors. */
export const debtorAddress = `jsonb_strip_nulls(jsonb_build_object(
  'organizationName', ${told('companyName')}, 'givenName', ${told('firstName')}, 'familyName', ${told('lastName')},
  'dateOfBirth', ${told('birthday')}, 'salutation', ${told('title')},
  'gender', case ${told('gender')} when 'M' then 'MALE' when 'F' then 'FEMALE' end,
  'country', ${contact('country')}, 'city', ${contact('city')}, 'postcode', ${contact('postalCode')},
  'street', concat_ws(' ', ${contact('addressLine1')}, ${contact('houseNumber')}),
  'dependentLocality', ${contact('addressLine2')}, 'postalState', ${contact('state')},
  'emailAddress', ${contact('email')}, 'mobilePhoneNumber', ${contact('mobileNumber')},
  'phoneNumber', ${contact('landLine')}))`

/** In which language a claim's debtor is written to, as far as we know. */
export const languageOf = (claim: string) => `(select u.language from customer u
  where u.tenant_id = ${claim}.tenant_id and u.debtor_reference = ${claim}.debtor_reference)`
