import { Client, escapeIdentifier } from 'pg'
import { ownerRole } from './cluster.ts'
import { EmbeddedPostgresError } from './error.ts'
import { socketPort } from './socket-directory.ts'

/** How the cluster's owner connects; fits `pg.ClientConfig`. */
export interface OwnerConnection {
  /** The directory of the socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** Said outright, or PGSSLMODE in the environment would ask for what the socket cannot do. */
  readonly ssl: false
}

const databaseName = 'quittance'
const connectLimitMs = 10_000

/** The connection settings of the owner for the server whose socket lies in the directory. */
export function ownerConnection(socketDirectory: string): OwnerConnection {
  const user = ownerRole
  return { host: socketDirectory, port: socketPort, user, database: databaseName, ssl: false }
}

/** Tells whether the server takes connections to this database now. */
export async function canConnect(connection: OwnerConnection): Promise<boolean> {
  try {
    await withClient(connection, (client) => client.query('select 1'))
    return true
  } catch {
    return false
  }
}

/** The settings of a database that exists in every cluster. */
export function maintenanceConnection(connection: OwnerConnection): OwnerConnection {
  return { ...connection, database: 'postgres' }
}

/** Creates our database in a cluster that does not have it yet. */
export async function ensureDatabase(connection: OwnerConnection): Promise<void> {
  await withClient(maintenanceConnection(connection), async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [databaseName])
    if (found.rowCount === 0)
      await client.query(`create database ${escapeIdentifier(databaseName)}`)
  })
}

/** Refuses a server that may forget what it has committed. */
export async function checkDurability(connection: OwnerConnection): Promise<void> {
  await withClient(connection, async (client) => {
    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      const { rows } = await client.query<Record<string, string>>(`show ${setting}`)
      const value = rows[0]?.[setting]
      if (value !== 'on') {
        throw new EmbeddedPostgresError(
          `PostgreSQL runs with ${setting} = ${value}, and so could lose booked payments. ` +
            `Quittance runs only with ${setting} = on.`,
        )
      }
    }
  })
}

async function withClient<T>(
  connection: OwnerConnection,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ ...connection, connectionTimeoutMillis: connectLimitMs })
  // A server that goes away is reported by the query or by connect(), not by this event.
  client.on('error', () => {})
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end()
  }
}
