import type { Connection } from '../src/platform/db.ts'

/** The connection in the form in which a command takes it. */
export function databaseUrl(connection: Connection): string {
  if ('connectionString' in connection) return connection.connectionString
  const { host, port, user, database } = connection
  const place = new URLSearchParams({ host, port: String(port) })
  return `postgres://${user}@localhost/${database}?${place.toString()}`
}
