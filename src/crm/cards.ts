import { sql } from 'kysely'
import pg from 'pg'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { hexOf, uuidOf } from './ids.ts'
import { refuseCrm } from './refusals.ts'
import type { Card, NewCard } from './schema.ts'

export interface CardIdentifier {
  readonly field: 'id' | 'payment_gateway_reference_number' | 'last_digits'
  readonly value: string
}

export interface CardOnFile {
  readonly cardId: string
  readonly debtorReference: string
  readonly gatewayReference: string
  readonly lastDigits: string
}

const select = sql`
  select card_id as "cardId", debtor_reference as "debtorReference", gateway_reference as "gatewayReference",
    last_digits as "lastDigits" from crm_card`

/** The card of this owner that an identifier names; cards of others do not exist here. */
export async function findCard(
  tx: Tx,
  wanted: CardIdentifier,
  ownerReference: string | null,
): Promise<CardOnFile> {
  const { field, value } = wanted
  const columns = {
    id: sql`card_id::text = ${uuidOf(value) ?? ''}`,
    payment_gateway_reference_number: sql`gateway_reference = ${value}`,
    last_digits: sql`last_digits = ${value}`,
  }
  const { rows } = await sql<CardOnFile>`${select}
    where tenant_id = ${tx.tenantId} and debtor_reference = ${ownerReference}::text and ${columns[field]}
    limit 2`.execute(tx.db)
  const [card] = rows
  if (!card) throw refuseCrm('card_not_found')
  if (rows.length > 1) throw refuseCrm('card_not_unique')
  return card
}

/** A card by our own id, whoever owns it. */
export async function cardById(tx: Tx, cardId: string | null): Promise<CardOnFile | undefined> {
  const { rows } = await sql<CardOnFile>`${select}
    where tenant_id = ${tx.tenantId} and card_id = ${cardId}::uuid`.execute(tx.db)
  return rows[0]
}

/** A card that stays as it is until the transaction ends. */
export async function holdCard(tx: Tx, cardId: string): Promise<CardOnFile | undefined> {
  const { rows } = await sql<CardOnFile>`${select}
    where tenant_id = ${tx.tenantId} and card_id = ${cardId} for share`.execute(tx.db)
  return rows[0]
}

const cardsMax = 1_000

/** The cards of a debtor, the oldest first. */
export async function listCards(tx: Tx, debtorReference: string): Promise<Card[]> {
  const { rows } = await sql<CardOnFile>`${select}
    where tenant_id = ${tx.tenantId} and debtor_reference = ${debtorReference}
    order by created_at, card_id limit ${cardsMax}`.execute(tx.db)
  return rows.map(cardAnswer)
}

/** Keeps a card that the gateway knows already; its number never comes here. */
export async function createCard(tx: Tx, input: NewCard): Promise<Card> {
  const cardId = newId()
  const known = await sql`
    select 1 from debtor where tenant_id = ${tx.tenantId} and reference = ${input.debtorReference}`.execute(
    tx.db,
  )
  if (known.rows.length === 0) throw refuseCrm('config_not_found', 'no such debtor')
  try {
    await sql`
      insert into crm_card (tenant_id, card_id, debtor_reference, gateway_reference, last_digits, created_at)
      values (${tx.tenantId}, ${cardId}, ${input.debtorReference}, ${input.paymentGatewayReferenceNumber},
        ${input.lastDigits}, ${tx.now})`.execute(tx.db)
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.constraint === 'crm_card_gateway_key')
      throw refuseCrm('card_exists')
    throw error
  }
  return { id: hexOf(cardId), ...input }
}

/** Forgets a card; payments that were charged to it stay. Refuses one that is being charged, for it may be asked for again. */
export async function removeCard(tx: Tx, id: string): Promise<void> {
  const { tenantId, db } = tx
  const cardId = uuidOf(id) ?? ''
  const held = await sql`
    select 1 from crm_card where tenant_id = ${tenantId} and card_id::text = ${cardId} for update`.execute(
    db,
  )
  if (held.rows.length === 0) throw refuseCrm('card_not_found')
  // Read after the lock: a charge that was being written down meanwhile is there by now.
  const charging = await sql`
    select 1 from crm_payment where tenant_id = ${tenantId} and is_charging and details ->> 'cardId' = ${cardId}
    limit 1`.execute(db)
  if (charging.rows.length > 0) throw refuseCrm('card_charging')
  await sql`delete from crm_card where tenant_id = ${tenantId} and card_id::text = ${cardId}`.execute(
    db,
  )
}

function cardAnswer(card: CardOnFile): Card {
  return {
    id: hexOf(card.cardId),
    debtorReference: card.debtorReference,
    paymentGatewayReferenceNumber: card.gatewayReference,
    lastDigits: card.lastDigits,
  }
}
