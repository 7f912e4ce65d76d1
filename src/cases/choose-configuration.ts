import { sql } from 'kysely'
import { parseDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { conditions, manualCollectorId } from './catalogues.ts'
import { refuse } from './refusals.ts'
import type { Address, Environment } from './schema.ts'

export interface Configuration {
  readonly id: number
  readonly collector: number
  readonly conditions: readonly number[]
  readonly enabledSpaceViews: readonly number[]
  readonly skipReviewEnabled: boolean
  readonly state: string
}

/** What decides which configuration works a case. */
export interface Facts {
  readonly environment: Environment
  readonly isSandbox: boolean
  readonly spaceViewId: number | null
  readonly currency: string
  readonly amountMinor: number
  readonly billingAddress: Address
}

const select = sql`
  select id, collector, conditions, enabled_space_views as "enabledSpaceViews",
    skip_review_enabled as "skipReviewEnabled", state from debt_collector_configuration`

/** The first configuration that fits, by ascending priority; undefined where none does. */
export async function chooseConfiguration(
  tx: Tx,
  facts: Facts,
): Promise<Configuration | undefined> {
  const { rows } = await sql<Configuration>`${select}
    where tenant_id = ${tx.tenantId} and state = 'ACTIVE' order by priority, id limit 1000`.execute(
    tx.db,
  )
  return rows.find((configuration) => fits(configuration, facts))
}

/** The configuration that a caller named, if it can work a case. */
export async function namedConfiguration(
  tx: Tx,
  id: number,
  at: Pick<Facts, 'environment' | 'isSandbox'>,
): Promise<Configuration> {
  const found = await configurationOf(tx, id)
  if (found?.state !== 'ACTIVE') throw refuse('configuration_unusable', 'it is not active')
  if (!supports(found, at)) throw refuse('configuration_unusable', `not for ${at.environment}`)
  return found
}

/** One configuration. */
export async function configurationOf(tx: Tx, id: number): Promise<Configuration | undefined> {
  const { rows } = await sql<Configuration>`${select}
    where tenant_id = ${tx.tenantId} and id = ${id}`.execute(tx.db)
  return rows[0]
}

/** Gives a tenant that has no configuration one that collects by hand, reviewed. */
export async function ensureConfiguration(tx: Tx): Promise<void> {
  await sql`
    insert into debt_collector_configuration (tenant_id, collector, name, priority, is_built_in)
    select ${tx.tenantId}, ${manualCollectorId}, 'Manual collection', 1000, true
    where not exists (select from debt_collector_configuration where tenant_id = ${tx.tenantId})
    on conflict do nothing`.execute(tx.db)
}

function fits(configuration: Configuration, facts: Facts): boolean {
  const { enabledSpaceViews: views } = configuration
  const isInView =
    views.length === 0 || (facts.spaceViewId !== null && views.includes(facts.spaceViewId))
  return (
    isInView &&
    supports(configuration, facts) &&
    configuration.conditions.every((id) => isMet(id, facts))
  )
}

/** A test case never goes to an agency, unless the whole tenant is a sandbox. */
function supports(
  { collector }: Configuration,
  { environment, isSandbox }: Pick<Facts, 'environment' | 'isSandbox'>,
): boolean {
  return environment === 'PRODUCTION' || isSandbox || collector === manualCollectorId
}

function isMet(id: number, { amountMinor, currency, billingAddress }: Facts): boolean {
  const condition = conditions.find((one) => one.id === id)
  if (!condition) return false
  if (condition.kind === 'AMOUNT') return amountMinor >= parseDecimal(condition.least, currency)
  return (billingAddress.organizationName !== undefined) === (condition.debtor === 'COMPANY')
}
