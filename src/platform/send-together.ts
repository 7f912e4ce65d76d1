import type { Writable } from 'node:stream'
import type pg from 'pg'

/**
 * Lets the queries that are sent in this turn of the event loop leave together: the server wakes once for them instead
 * of once for each.
 */
export function sendTogether(client: pg.Client): void {
  // The driver has the connection and its types do not.
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection
  stream.cork()
  process.nextTick(() => stream.uncork())
}
