import { sql } from 'kysely'
import type { Channel } from '../../contacts/schema.ts'
import { isDate } from '../../kernel/dates.ts'
import { isUuid, newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import { minutesOf } from './moments.ts'
import { refuseRule } from './refusals.ts'
import { type AnyRule, builtInRules } from './rules.ts'
import type { NewSendRule, SendRule } from './schema.ts'
import { zonesOf } from './zones.ts'

interface RuleRow {
  readonly ruleId: string
  readonly kind: string
  readonly country: string | null
  readonly channel: Channel | null
  readonly value: Record<string, unknown>
  readonly note: string | null
  readonly validFrom: string
  readonly validUntil: string | null
  readonly createdAt: Date
}

// All of them are read for every batch of messages.
const rulesMax = 1_000

/** All rules of a tenant, as the gate takes them. The values were checked when they were saved. */
export async function loadRules(tx: Tx): Promise<AnyRule[]> {
  return (await readRules(tx)).map(({ createdAt: _createdAt, ...row }) => {
    return { ...row, isBuiltIn: false } as unknown as AnyRule
  })
}

/** The rules of a tenant, the newest first, and behind them those that are built in. */
export async function listSendRules(tx: Tx): Promise<SendRule[]> {
  const own = (await readRules(tx)).map(shownRow)
  return [...own.toReversed(), ...builtInRules.map(shownBuiltIn)]
}

/** One rule of a tenant, or one that is built in. */
export async function findSendRule(tx: Tx, ruleId: string): Promise<SendRule> {
  const found = (await listSendRules(tx)).find(({ id }) => id === ruleId)
  if (!found) throw refuseRule('send_rule_not_found')
  return found
}

/** Adds a rule; it counts for every message that is decided from then on. */
export async function createSendRule(tx: Tx, input: NewSendRule): Promise<SendRule> {
  requireUsable(input)
  const held = await readRules(tx)
  if (held.length >= rulesMax) throw refuseRule('too_many_send_rules', `${rulesMax} at most`)
  const ruleId = newId()
  const { kind, country, channel, value, note, validFrom, validUntil } = input
  await sql`
    insert into send_rule (tenant_id, rule_id, kind, country, channel, value, note, valid_from, valid_until, created_at)
    values (${tx.tenantId}, ${ruleId}, ${kind}, ${country ?? null}, ${channel ?? null}, ${JSON.stringify(value)},
      ${note ?? null}, ${validFrom}, ${validUntil ?? null}, ${tx.now})`.execute(tx.db)
  return findSendRule(tx, ruleId)
}

/** Removes a rule of the tenant's. Decisions that named it keep what it said. */
export async function deleteSendRule(tx: Tx, ruleId: string): Promise<void> {
  if (builtInRules.some((rule) => rule.ruleId === ruleId)) throw refuseRule('send_rule_built_in')
  if (!isUuid(ruleId)) throw refuseRule('send_rule_not_found')
  const { rows } = await sql`
    delete from send_rule where tenant_id = ${tx.tenantId} and rule_id = ${ruleId} returning rule_id`.execute(
    tx.db,
  )
  if (rows.length === 0) throw refuseRule('send_rule_not_found')
}

function requireUsable(input: NewSendRule): void {
  const { country, validFrom, validUntil } = input
  if (!isDate(validFrom) || (validUntil != null && !isDate(validUntil)))
    throw refuseRule('invalid_send_rule', 'a day is not in the calendar')
  if (validUntil != null && validUntil < validFrom)
    throw refuseRule('invalid_send_rule', 'it ends before it begins')
  if (country != null && !zonesOf(country))
    throw refuseRule('invalid_send_rule', `there is no country ${country}`)
  if (input.kind !== 'quiet_hours') return
  if (minutesOf(input.value.sendFrom) >= minutesOf(input.value.sendUntil))
    throw refuseRule('invalid_send_rule', 'sendFrom is not before sendUntil')
}

async function readRules(tx: Tx): Promise<RuleRow[]> {
  const { rows } = await sql<RuleRow>`
    select rule_id as "ruleId", kind, country, channel, value, note, valid_from as "validFrom",
      valid_until as "validUntil", created_at as "createdAt"
    from send_rule where tenant_id = ${tx.tenantId} order by rule_id limit ${rulesMax}`.execute(
    tx.db,
  )
  return rows
}

const shownRow = ({ ruleId, createdAt, ...row }: RuleRow): SendRule => ({
  id: ruleId,
  ...row,
  isBuiltIn: false,
  createdAt: createdAt.toISOString(),
})

const shownBuiltIn = ({ ruleId, value, ...rule }: AnyRule): SendRule => ({
  id: ruleId,
  ...rule,
  value: { ...value },
  createdAt: null,
})
