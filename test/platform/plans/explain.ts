import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'
import { expect } from 'vitest'
import { asApplication, type Connection, tenantsSetting } from '../../../src/platform/db.ts'

export interface Statement {
  readonly text: string
  readonly values: unknown[]
}

/** One node of a plan that read a table or an index, as it really ran. */
export interface Scan {
  readonly relation: string | undefined
  readonly index: string | undefined
  /** Rows that it looked at, whether it passed them on or not. */
  readonly touched: number
  readonly statement: string
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}

const noting = new AsyncLocalStorage<Statement[]>()
const send = Object.getOwnPropertyDescriptor(pg.Client.prototype, 'query')?.value as (
  ...given: unknown[]
) => unknown
// Whoever sends a statement while it is noted what is sent: the pools of the server and its pipelined readers.
pg.Client.prototype.query = function note(this: pg.Client, ...given: unknown[]) {
  noting.getStore()?.push(...statementIn(given))
  return Reflect.apply(send, this, given)
} as typeof pg.Client.prototype.query

function statementIn([query, values]: unknown[]): Statement[] {
  const { text, values: own } =
    typeof query === 'string' ? { text: query, values } : (query as Partial<Statement>)
  if (text === undefined || isControl(text)) return []
  return [{ text, values: Array.isArray(own) ? own : [] }]
}

/** What has no plan, or a plan that reads nothing. */
const isControl = (text: string) =>
  /^\s*(?:begin|commit|rollback|start|set|select set_config|savepoint|release)\b/i.test(text)

/** The statements that some work sends to the database, in their order. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const noted: Statement[] = []
  await noting.run(noted, work)
  expect(noted.length).toBeGreaterThan(0)
  return [...noted]
}

interface Place {
  readonly connection: Connection
  readonly tenantId: string
  /** Sent before anything else. */
  readonly settings?: string | undefined
  /** Whether statements are planned as those of a long session are, without a look at their values. */
  readonly isGeneric?: boolean
}

/** What statements of a tenant read, run one after another in a transaction that leaves no trace. */
export async function scansOf(place: Place, statements: readonly Statement[]): Promise<Scan[]> {
  const { connection, tenantId, settings, isGeneric = false } = place
  const client = new pg.Client(asApplication(connection))
  await client.connect()
  try {
    if (settings !== undefined) await client.query(settings)
    await client.query('begin')
    await client.query('select set_config($1, $2, true)', [tenantsSetting, `{${tenantId}}`])
    const scans: Scan[] = []
    for (const { text, values } of statements) {
      const explain = 'explain (analyze, format json)'
      const { rows } = isGeneric
        ? await client.query(`${explain} ${await prepared(client, { text, values })}`)
        : await client.query(`${explain} ${text}`, values)
      scans.push(...scansIn(rows, text))
    }
    return scans
  } finally {
    await client.end()
  }
}

/** Prepares a statement to be planned once for all values, and answers how to run it with these. */
async function prepared(client: pg.Client, { text, values }: Statement): Promise<string> {
  await client.query('set local plan_cache_mode = force_generic_plan')
  await client.query('deallocate all')
  await client.query(`prepare asked as ${text}`)
  const literals: string[] = []
  for (const [index, value] of values.entries()) {
    const type = new RegExp(`\\$${index + 1}::(\\w+\\[\\])`).exec(text)?.[1]
    const { rows } = await client.query<{ text: string }>(`select ($1::${type})::text`, [value])
    literals.push(pg.escapeLiteral(rows[0]!.text))
  }
  return `execute asked(${literals.join(', ')})`
}

/** What the function that asks for all tenants at once reads: its own statement, run as its owner as it is. */
export async function scansOfFunction(
  pool: pg.Pool,
  { name, argument, value }: { name: string; argument: string; value: unknown },
): Promise<Scan[]> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('set local search_path = quittance, pg_temp')
    const found = await client.query<{ body: string; type: string }>(
      `select prosrc as body, format_type(proargtypes[0], null) as type from pg_proc
       where pronamespace = 'quittance'::regnamespace and proname = $1`,
      [name],
    )
    const { body, type } = found.rows[0]!
    const text = `select due.* from (values ($1::${type})) as given (${argument}) cross join lateral (${body}) as due`
    const { rows } = await client.query(`explain (analyze, format json) ${text}`, [value])
    return scansIn(rows, name)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

function scansIn(rows: { 'QUERY PLAN': { Plan: Node }[] }[], statement: string): Scan[] {
  const scans: Scan[] = []
  const walk = (node: Node) => {
    const { 'Relation Name': relation, 'Index Name': index } = node
    if (relation !== undefined || index !== undefined)
      scans.push({ relation, index, touched: touched(node), statement })
    for (const child of node.Plans ?? []) walk(child)
  }
  walk(rows[0]!['QUERY PLAN'][0]!.Plan)
  return scans
}

function touched(node: Node): number {
  const removed =
    (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
  return Math.round((node['Actual Rows'] + removed) * node['Actual Loops'])
}

/** Insists that no node looked at more rows than this. */
export function expectAtMost(most: number, scans: readonly Scan[]): void {
  expect(scans.length).toBeGreaterThan(0)
  const wide = scans.filter(({ touched: rows }) => rows > most)
  expect(
    wide.map(
      ({ relation = 'index', index = 'scan', touched: rows, statement }) =>
        `${rows} rows of ${relation} by ${index}: ${statement.replaceAll(/\s+/g, ' ').trim()}`,
    ),
  ).toEqual([])
}

/** The tables that were read at all. */
export const tablesIn = (scans: readonly Scan[]): ReadonlySet<string> =>
  new Set(scans.filter(({ touched: rows }) => rows > 0).flatMap(({ relation }) => relation ?? []))
