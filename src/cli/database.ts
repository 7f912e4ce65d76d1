import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import { ConfigError, type Config } from '../platform/config.ts'
import { createAppPool, createOwnerPool, kyselyOn, type Connection } from '../platform/db.ts'
import {
  DataDirectoryTaken,
  findRunningPostgres,
  startEmbeddedPostgres,
} from '../platform/embedded-postgres/index.ts'
import { migrate } from '../platform/migrate.ts'
import type { Tables } from '../platform/tables.ts'
import { printNote } from './output.ts'

export interface Database {
  connection: Connection
  ownerPool: pg.Pool
  appPool: pg.Pool
  db: Kysely<Tables>
}

export type DatabaseConfig = Pick<Config, 'databaseUrl' | 'dataDir'>

interface Visit {
  connection: Connection
  leave(): Promise<void>
}

const commandPoolSize = 2
const pollMs = 100
const startWaitMaxMs = 30_000
const guestsNoteEveryMs = 60_000

export interface DatabaseOptions {
  /** Whether the schema is brought up to date first. */
  readonly isMigrating?: boolean
  /** Whether an embedded database that is not there is made: else a mistyped directory would get one. */
  readonly isMade?: boolean
}

/**
 * Runs a command's work on the database: the one that was named, that of the running server, or else
 * the embedded one, started for as long as the work takes.
 */
export async function withDatabase<R>(
  config: DatabaseConfig,
  work: (database: Database) => Promise<R>,
  { isMigrating = true, isMade = false }: DatabaseOptions = {},
): Promise<R> {
  if (!isMade && isAbsent(config)) throw noDatabase(config.dataDir)
  const visit = await reachDatabase(config)
  try {
    return await withPools(visit.connection, async (database) => {
      if (isMigrating) await migrate(database.ownerPool)
      return work(database)
    })
  } finally {
    await visit.leave()
  }
}

/** Whether a command would have to make the embedded database first. */
export function isAbsent({ databaseUrl, dataDir }: DatabaseConfig): boolean {
  return databaseUrl === undefined && !existsSync(path.join(dataDir, 'pg'))
}

const noDatabase = (dataDir: string) =>
  new ConfigError([
    `There is no database in ${dataDir}.`,
    'Name the --data-dir of the server, or the --database-url that it works on.',
  ])

async function withPools<R>(
  connection: Connection,
  work: (database: Database) => Promise<R>,
): Promise<R> {
  const ownerPool = createOwnerPool(connection, commandPoolSize)
  const appPool = createAppPool(connection, commandPoolSize)
  try {
    return await work({ connection, ownerPool, appPool, db: kyselyOn(appPool) })
  } finally {
    await Promise.all([ownerPool.end(), appPool.end()])
  }
}

async function reachDatabase(config: DatabaseConfig): Promise<Visit> {
  if (config.databaseUrl !== undefined) {
    return visitOf({ connectionString: config.databaseUrl })
  }
  // A server that starts or ends at this moment neither can be reached nor leaves us its place.
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const running = await findRunningPostgres(config.dataDir)
    if (running !== undefined) return visitOf(running)
    try {
      return await startForNow(config.dataDir)
    } catch (error) {
      if (!(error instanceof DataDirectoryTaken) || waitedMs >= startWaitMaxMs) throw error
      await wait(pollMs)
    }
  }
}

function visitOf(connection: Connection): Visit {
  return { connection, leave: () => Promise.resolve() }
}

async function startForNow(dataDir: string): Promise<Visit> {
  const server = await startEmbeddedPostgres({ dataDir, log: printNote })
  return {
    connection: server.owner,
    async leave() {
      // Another command may have found our server and be at work on it.
      try {
        await guestsLeft(server.owner)
      } finally {
        await server.stop()
      }
    },
  }
}

/** Waits for as long as it takes: to stop would cut off in the middle what others are doing. Says so once a minute. */
async function guestsLeft(connection: Connection): Promise<void> {
  const pool = createOwnerPool(connection, 1)
  try {
    for (let waitedMs = 0; ; waitedMs += pollMs) {
      const { rows: guests } = await pool.query<Guest>(`
        select pid, application_name as name from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid() order by pid`)
      if (guests.length === 0) return
      if (waitedMs > 0 && waitedMs % guestsNoteEveryMs === 0) printNote(waitingFor(guests))
      await wait(pollMs)
    }
  } finally {
    await pool.end()
  }
}

interface Guest {
  /** That of its PostgreSQL process, not of the command. */
  readonly pid: number
  readonly name: string
}

function waitingFor(guests: readonly Guest[]): string {
  const names = guests.map(({ pid, name }) => `${name === '' ? 'unnamed' : name} (backend ${pid})`)
  return `Done. Other commands still use the database that this one started; it waits for ${names.join(', ')}`
}
