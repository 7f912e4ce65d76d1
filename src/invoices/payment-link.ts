import { randomInt } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import type { CallContext, Companion, Outcome } from '../book/index.ts'
import { createClaim } from '../claims/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { sumOfItems } from './line-items.ts'
import { refuse } from './refusals.ts'
import type { NewLineItem } from './schema.ts'

// No characters that look alike on paper.
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
// 105 bits: whoever knows an address was given it.
const codeLength = 18
const codePattern = new RegExp(`^[${alphabet}]{${codeLength}}$`)

/** A text of chance for an address. */
export function newLinkCode(): string {
  return Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** A payment link as its visitors meet it. */
export interface OpenLink {
  readonly id: number
  readonly name: string | null
  readonly language: string | null
  readonly currency: string
  readonly lineItems: readonly NewLineItem[]
  readonly amountMinor: number
  /** Whether the visitor says where to write to, or the address of the page did. */
  readonly addressMode: 'NOT_REQUIRED' | 'REQUIRED_IN_URL' | 'REQUIRED_ON_PAYMENT_PAGE'
  /** Which use the next one is, from 1. */
  readonly place: number
}

/** The tenant and the link of a code; no tenant is known before. */
export async function findPaymentLink(
  db: Kysely<Tables>,
  code: string,
): Promise<{ tenantId: string; id: number } | undefined> {
  if (!codePattern.test(code)) return undefined
  const { rows } = await sql<{ tenantId: string; id: number }>`
    select tenant_id as "tenantId", id from find_payment_link(${code})`.execute(db)
  return rows.length === 1 ? rows[0] : undefined
}

interface LinkRow {
  readonly name: string | null
  readonly language: string | null
  readonly currency: string | null
  readonly lineItems: readonly NewLineItem[] | null
  readonly addressMode: OpenLink['addressMode'] | null
  readonly accessKey: string | null
  readonly isOpen: boolean
  readonly usesMax: number | null
  readonly uses: number
}

/** The link, if it may be used now; every reason that it may not is the same to a visitor. */
export async function openPaymentLink(
  tx: Tx,
  { id, accessKey }: { id: number; accessKey: string | undefined },
): Promise<OpenLink> {
  const { rows } = await sql<LinkRow>`
    select l.name, l.language, l.currency, l.line_items as "lineItems", l.access_key as "accessKey",
      l.billing_address_handling_mode as "addressMode", l.maximal_number_of_transactions as "usesMax",
      l.state = 'ACTIVE' and coalesce(l.available_from <= ${tx.now}, true)
        and coalesce(l.available_until > ${tx.now}, true) as "isOpen",
      (select coalesce(max(u.place), 0) from payment_link_use u
        where u.tenant_id = l.tenant_id and u.link_id = l.id) as uses
    from payment_link l where l.tenant_id = ${tx.tenantId} and l.id = ${id}`.execute(tx.db)
  const [row] = rows
  const isKeyRight = row?.accessKey === null || row?.accessKey === accessKey
  if (!row || !isKeyRight || !row.isOpen) throw refuse('link_closed')
  const { currency, lineItems, usesMax, uses } = row
  if (usesMax !== null && uses >= usesMax) throw refuse('link_closed')
  if (currency === null || lineItems === null || lineItems.length === 0) throw refuse('link_closed')
  const amountMinor = sumOfItems(lineItems, currency)
  const { name, language, addressMode } = row
  return {
    id,
    name,
    language,
    currency,
    lineItems,
    amountMinor,
    addressMode: addressMode ?? 'NOT_REQUIRED',
    place: uses + 1,
  }
}

/** Who pays by a link, as they said themselves. */
export interface Payer {
  readonly firstName: string
  readonly lastName: string
  readonly country: string
  readonly email?: string | undefined
  readonly street?: string | undefined
  readonly postcode?: string | undefined
  readonly city?: string | undefined
}

/** Whether an error of the commit means that another visitor took the same place first. */
export function isPlaceTaken(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.constraint === 'payment_link_use_pkey'
}

const takePlace = `
  insert into payment_link_use (tenant_id, link_id, place, claim_reference, used_at) values ($1, $2, $3, $4, $5)`
const keepLines = `
  insert into invoice (tenant_id, claim_id, merchant_reference, line_items)
  select $1, c.claim_id, $3, $4::jsonb from claim c where c.tenant_id = $1 and c.reference = $2`

/**
 * Opens the claim that a visitor of a link is going to pay, due today, on an account of their own. Two who take the last
 * place at once: one of them is refused by the database.
 */
export function usePaymentLink(
  context: CallContext,
  use: { link: OpenLink; payer: Payer; today: string; now: Date },
) {
  const { link, payer, today, now } = use
  const reference = `link-${newId()}`
  const command = createClaim(context, {
    reference,
    data: {
      amount: link.amountMinor,
      currency: link.currency,
      originalDueDate: today,
      currentDueDate: today,
      meta: { paymentLink: link.id },
      primaryDebtor: debtorOf(reference, payer),
    },
  })
  const companions = ([outcome]: Outcome[]): Companion[] => {
    if (!outcome || 'refusal' in outcome) return []
    const { tenantId } = context
    const lines = JSON.stringify(link.lineItems)
    return [
      { text: takePlace, values: [tenantId, link.id, link.place, reference, now] },
      { text: keepLines, values: [tenantId, reference, link.name, lines] },
    ]
  }
  return { reference, commands: [command] as const, options: { companions } }
}

function debtorOf(debtorReference: string, payer: Payer) {
  const { firstName, lastName, country, email, street, postcode, city } = payer
  return {
    debtorReference,
    type: 'natural' as const,
    firstName,
    lastName,
    contactInformation: {
      country,
      ...(email === undefined ? {} : { email }),
      ...(street === undefined ? {} : { addressLine1: street }),
      ...(postcode === undefined ? {} : { postalCode: postcode }),
      ...(city === undefined ? {} : { city }),
    },
  }
}
