import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import type { TestProject } from 'vitest/node'
import { createOwnerPool, type Connection } from '../src/platform/db.ts'
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres/index.ts'
import { migrate } from '../src/platform/migrate.ts'

/** The server of this run, and the migrated database that each test file copies. */
export interface TestServer {
  connection: Connection
  /** Starts the name of every database of this run. */
  prefix: string
  template: string
}

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- vitest's own interface grows
  export interface ProvidedContext {
    testServer: TestServer
  }
}

interface RunningServer {
  connection: Connection
  stop(): Promise<void>
}

/** Gives the whole run one PostgreSQL: TEST_DATABASE_URL, whose user may create databases, or an embedded one. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer(process.env.TEST_DATABASE_URL)
  // Two runs may share one server, so the names are of this run.
  const prefix = `quittance_${randomBytes(5).toString('hex')}_`
  const template = `${prefix}template`
  try {
    await createTemplate(server.connection, template)
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('testServer', { connection: server.connection, prefix, template })
  return async () => {
    await dropDatabases(server.connection, prefix)
    await server.stop()
  }
}

/** The same server, another database. */
export function connectionTo(connection: Connection, database: string): Connection {
  if (!('connectionString' in connection)) return { ...connection, database }
  const url = new URL(connection.connectionString)
  url.pathname = `/${database}`
  return { connectionString: url.href }
}

export async function withClient<R>(
  connection: Connection,
  work: (client: Client) => Promise<R>,
): Promise<R> {
  const client = new Client(connection)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function openServer(url: string | undefined): Promise<RunningServer> {
  if (url !== undefined && url !== '') {
    return { connection: { connectionString: url }, stop: () => Promise.resolve() }
  }
  // Left to the launcher to make: root's PostgreSQL runs as somebody who may not enter mkdtemp's.
  const dataDir = path.join(os.tmpdir(), `quittance-test-${randomBytes(5).toString('hex')}`)
  const server = await startEmbeddedPostgres({ dataDir })
  return {
    connection: server.owner,
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function createTemplate(connection: Connection, template: string): Promise<void> {
  await withClient(connection, (client) => client.query(`create database ${template}`))
  const pool = createOwnerPool(connectionTo(connection, template), 1)
  try {
    await migrate(pool)
  } finally {
    await pool.end()
  }
  // Nobody connects to it from here on: a database in use cannot be copied.
  await withClient(connection, (client) =>
    client.query(`alter database ${template} allow_connections false`),
  )
}

async function dropDatabases(connection: Connection, prefix: string): Promise<void> {
  await withClient(connection, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [prefix],
    )
    for (const row of rows)
      await client.query(`drop database if exists ${row.datname} with (force)`)
  })
}
