import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import type { Config } from '../platform/config.ts'
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

/**
 * Runs a command's work on the database: the one that was named, that of the running server, or else
 * the embedded one, started for as long as the work takes. The schema is brought up to date first.
 */
export async function withDatabase<R>(
  config: DatabaseConfig,
  work: (database: Database) => Promise<R>,
  options: { isMigrating: boolean } = { isMigrating: true },
): Promise<R> {
  const visit = await reachDatabase(config)
  try {
    return await withPools(visit.connection, async (database) => {
      if (options.isMigrating) await migrate(database.ownerPool)
      return work(database)
    })
  } finally {
    await visit.leave()
  }
}

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
