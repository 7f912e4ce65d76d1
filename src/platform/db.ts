import assert from 'node:assert/strict'
import { CompiledQuery, Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { newId } from '../kernel/id.ts'
import { type KeyedWork, noteOf, presentWork } from './keyed-work.ts'
import type { Tables } from './tables.ts'

export const appRole = 'quittance_app'
export const schemaName = 'quittance'

/** How a database is reached: a URL, or the socket directory of the embedded server. */
export type Connection =
  { connectionString: string } | { host: string; port: number; user: string; database: string }

/** Everything that commits or rolls back together in one ordinary unit of work of one tenant. */
export interface Tx {
  readonly tenantId: string
  readonly now: Date
  readonly db: Transaction<Tables>
  /** Noted on every event, besides what the event says of itself. */
  readonly metadata?: Readonly<Record<string, unknown>>
  emit(event: NewEvent): Promise<void>
}

/** The same transaction, with more noted on the events that are emitted through it. */
export function withMetadata(tx: Tx, metadata: Readonly<Record<string, unknown>>): Tx {
  const all = { ...tx.metadata, ...metadata }
  const emit: Tx['emit'] = (event) =>
    tx.emit({ ...event, metadata: { ...event.metadata, ...metadata } })
  return { ...tx, metadata: all, emit }
}

export interface NewEvent {
  type: string
  data: Record<string, unknown>
  metadata?: Record<string, unknown>
}

export interface Unit {
  tenantId: string
  now: Date
  isReadOnly?: boolean
}

const { builtins } = pg.types

function parseSafeInteger(text: string): number {
  const value = Number(text)
  assert(Number.isSafeInteger(value), `int8 out of safe range: ${text}`)
  return value
}

/** Parsers for our own connections only; other libraries on the same driver keep theirs. */
const typeParsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === builtins.INT8) return parseSafeInteger
    if (oid === builtins.DATE) return (text: string) => text
    return pg.types.getTypeParser(oid, format)
  },
}

// A startup parameter, not a statement: a user who may not take the role is refused at connecting and never runs as owner.
const sessionOptions = [
  `role=${appRole}`,
  `search_path=${schemaName},public`,
  'statement_timeout=60s',
  'idle_in_transaction_session_timeout=60s',
  // No disk needs the default of 4 any more, with which whole tables are read where an index would do.
  'random_page_cost=1.1',
  // Dates are read as text.
  'datestyle=ISO',
]
  .map((setting) => `-c ${setting}`)
  .join(' ')

/** The settings of a session that acts as the application role, which owns nothing, in our schema. */
export function asApplication(connection: Connection): pg.ClientConfig {
  if (!('connectionString' in connection)) {
    return { ...connection, options: sessionOptions, types: typeParsers }
  }
  const { connectionString: url } = connection
  const options = `${url.includes('?') ? '&' : '?'}options=${encodeURIComponent(sessionOptions)}`
  return { connectionString: url + options, types: typeParsers }
}

/** A pool whose sessions act as the application role, under row-level security. */
export function createAppPool(connection: Connection, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...asApplication(connection),
    max,
    application_name: 'quittance',
  })
  // An idle connection that breaks (the server restarted) is replaced at its next use.
  pool.on('error', () => undefined)
  return pool
}

/** A pool that acts as the owner of the schema: migrations, roles and the job queue, never a request. */
export function createOwnerPool(connection: Connection, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    max,
    types: typeParsers,
    application_name: 'quittance-owner',
  })
  pool.on('error', () => undefined)
  return pool
}

export function kyselyOn(pool: pg.Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}

export const tenantsSetting = 'quittance.tenants'

/** Runs `work` as one transaction of one tenant and answers after its commit. */
export async function inTransaction<R>(
  db: Kysely<Tables>,
  unit: Unit,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  const keyed = unit.isReadOnly === true ? undefined : presentWork(unit.tenantId)
  const attemptsMax = 3
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (!keyed) return await attemptTransaction(db, unit, work)
      const { result, isNoted } = await attemptTransaction(db, unit, (tx) =>
        noting(tx, keyed, work),
      )
      keyed.isActed ||= isNoted
      return result
    } catch (error) {
      if (!isRetryable(error) || attempt >= attemptsMax) throw error
    }
  }
}

function attemptTransaction<R>(
  db: Kysely<Tables>,
  unit: Unit,
  work: (tx: Tx) => Promise<R>,
): Promise<R> {
  const begin = db.transaction().setAccessMode(unit.isReadOnly ? 'read only' : 'read write')
  return begin.execute(async (transaction) => {
    await sql`select set_config(${tenantsSetting}, ${`{${unit.tenantId}}`}, true)`.execute(
      transaction,
    )
    return work({
      tenantId: unit.tenantId,
      now: unit.now,
      db: transaction,
      emit: (event) => insertEvent(transaction, unit, event),
    })
  })
}

/** Does the work of a request under an Idempotency-Key, and notes it where it changed anything. */
async function noting<R>(
  tx: Tx,
  keyed: KeyedWork,
  work: (tx: Tx) => Promise<R>,
): Promise<{ result: R; isNoted: boolean }> {
  const result = await work(tx)
  const { rows } = await sql<{
    isNoted: boolean
  }>`select pg_current_xact_id_if_assigned() is not null as "isNoted"`.execute(tx.db)
  const isNoted = rows[0]?.isNoted === true
  const { text, values } = noteOf(keyed)
  if (isNoted) await tx.db.executeQuery(CompiledQuery.raw(text, values))
  return { result, isNoted }
}

async function insertEvent(db: Transaction<Tables>, unit: Unit, event: NewEvent): Promise<void> {
  await db
    .insertInto('event')
    .values({
      tenant_id: unit.tenantId,
      message_id: newId(),
      type: event.type,
      data: JSON.stringify(event.data),
      metadata: JSON.stringify(event.metadata ?? {}),
      occurred_at: unit.now,
    })
    .execute()
}

const serializationFailure = '40001'
const deadlockDetected = '40P01'

/** A failure that says "again": the same work may succeed when it is simply repeated. */
export function isRetryable(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    (error.code === serializationFailure || error.code === deadlockDetected)
  )
}
