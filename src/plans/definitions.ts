import { sql } from 'kysely'
import { isUuid, newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import type { OfferedDefinition } from './eligibility.ts'
import { refuse } from './refusals.ts'
import type {
  NewPlanDefinition,
  PlanDefinition,
  PlanDefinitionPage,
  PlanDefinitionPatch,
  PlanPageQuery,
  PlanTerms,
} from './schema.ts'

interface DefinitionRow {
  readonly definitionId: string
  readonly version: number
  readonly name: string
  readonly terms: PlanTerms
  readonly isActive: boolean
  readonly createdAt: Date
}

const definitionsMax = 200
const columns = sql`definition_id as "definitionId", version, name, terms, is_active as "isActive",
  created_at as "createdAt"`

/** Makes a kind of plan that claims are offered. */
export async function createDefinition(
  tx: Tx,
  { name, terms, isActive = true }: NewPlanDefinition,
): Promise<PlanDefinition> {
  requireFitting(terms)
  const { count } = await tx.db
    .selectFrom('plan_definition')
    .select((is) => is.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tx.tenantId)
    .where('is_current', '=', true)
    .executeTakeFirstOrThrow()
  if (count >= definitionsMax) throw refuse('invalid_terms', `${definitionsMax} plans at most`)
  return insertVersion(tx, { definitionId: newId(), version: 1, name, terms, isActive })
}

/** Makes a new version, which is what is offered from now on; plans that were accepted go on as they are. */
export async function changeDefinition(
  tx: Tx,
  definitionId: string,
  patch: PlanDefinitionPatch,
): Promise<PlanDefinition> {
  const before = await retire(tx, definitionId)
  const terms = patch.terms ?? before.terms
  requireFitting(terms)
  return insertVersion(tx, {
    definitionId,
    version: before.version + 1,
    name: patch.name ?? before.name,
    terms,
    isActive: patch.isActive ?? before.isActive,
  })
}

/** Offers a plan no more. Plans that were accepted go on. */
export async function deleteDefinition(tx: Tx, definitionId: string): Promise<void> {
  await retire(tx, definitionId)
}

async function retire(tx: Tx, definitionId: string): Promise<DefinitionRow> {
  const { rows } = await sql<DefinitionRow>`
    update plan_definition set is_current = false
    where tenant_id = ${tx.tenantId} and definition_id = ${definitionId} and is_current
    returning ${columns}`.execute(tx.db)
  return required(rows)
}

async function insertVersion(
  tx: Tx,
  row: Omit<DefinitionRow, 'createdAt'>,
): Promise<PlanDefinition> {
  await sql`
    insert into plan_definition (tenant_id, definition_id, version, name, terms, is_active, is_current, created_at)
    values (${tx.tenantId}, ${row.definitionId}, ${row.version}, ${row.name}, ${JSON.stringify(row.terms)},
      ${row.isActive}, true, ${tx.now})`.execute(tx.db)
  return definitionView({ ...row, createdAt: tx.now })
}

function requireFitting({ instalments, eligibility }: PlanTerms): void {
  if (!Array.isArray(instalments) && instalments.min > instalments.max)
    throw refuse('invalid_terms', 'instalments.min is more than instalments.max')
  const { totalMin = 0, totalMax = Number.MAX_SAFE_INTEGER } = eligibility ?? {}
  if (totalMin > totalMax) throw refuse('invalid_terms', 'totalMin is more than totalMax')
}

/** One definition in its newest version. */
export async function findDefinition(tx: Tx, definitionId: string): Promise<PlanDefinition> {
  const { rows } = await sql<DefinitionRow>`
    select ${columns} from plan_definition
    where tenant_id = ${tx.tenantId} and definition_id = ${definitionId} and is_current`.execute(
    tx.db,
  )
  return definitionView(required(rows))
}

/** A page of definitions, the oldest first. */
export async function listDefinitions(
  tx: Tx,
  wanted: PlanPageQuery & { readonly limit: number },
): Promise<PlanDefinitionPage> {
  const { limit, cursor = null } = wanted
  if (cursor !== null && !isUuid(cursor)) throw refuse('invalid_cursor')
  const { rows } = await sql<DefinitionRow>`
    select ${columns} from plan_definition
    where tenant_id = ${tx.tenantId} and is_current
      and (${cursor}::uuid is null or definition_id > ${cursor}::uuid)
    order by definition_id limit ${limit + 1}`.execute(tx.db)
  const items = rows.slice(0, limit).map(definitionView)
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** What claims are offered now. */
export async function activeDefinitions(tx: Tx): Promise<readonly OfferedDefinition[]> {
  const { rows } = await sql<DefinitionRow>`
    select ${columns} from plan_definition where tenant_id = ${tx.tenantId} and is_current and is_active
    order by definition_id limit ${definitionsMax}`.execute(tx.db)
  return rows
}

function required(rows: readonly DefinitionRow[]): DefinitionRow {
  const [row] = rows
  if (!row) throw refuse('definition_not_found')
  return row
}

function definitionView({ definitionId, createdAt, ...rest }: DefinitionRow): PlanDefinition {
  return { id: definitionId, ...rest, createdAt: createdAt.toISOString() }
}
