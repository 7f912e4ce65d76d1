import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Tables } from './tables.ts'

export interface MaintenanceOptions {
  readonly db: Kysely<Tables>
  readonly log: Logger
  readonly clock: () => Date
  readonly everyMs?: number
}

const hourMs = 3_600_000
const eventsKeptMs = 400 * 24 * hourMs
const answersKeptMs = 72 * hourMs
const rowsAtOnce = 5_000
const roundsMax = 200

/** Removes what has been kept long enough: events after 400 days (D-100), first answers after 72 hours. */
export async function removeExpired(
  options: MaintenanceOptions,
): Promise<{ events: number; answers: number }> {
  const nowMs = options.clock().getTime()
  const total = { events: 0, answers: 0 }
  for (let round = 0; round < roundsMax; round += 1) {
    const { rows } = await sql<{ events: number; answers: number }>`
      select events, answers from remove_expired(
        ${new Date(nowMs - eventsKeptMs)}, ${new Date(nowMs - answersKeptMs)}, ${rowsAtOnce})`.execute(
      options.db,
    )
    const removed = rows[0] ?? { events: 0, answers: 0 }
    total.events += removed.events
    total.answers += removed.answers
    if (removed.events < rowsAtOnce && removed.answers < rowsAtOnce) break
  }
  return total
}

/** Does so every hour while the server runs. Two servers may do it at once. */
export function startMaintenance(options: MaintenanceOptions): { close(): void } {
  const timer = setInterval(() => {
    removeExpired(options).then(
      (removed) => options.log.debug(removed, 'expired rows removed'),
      (error: unknown) => options.log.warn({ err: error }, 'expired rows could not be removed'),
    )
  }, options.everyMs ?? hourMs)
  timer.unref()
  return { close: () => clearInterval(timer) }
}
