import { sql, type Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Tables } from './tables.ts'

/** What time it is for whom: sandbox tenants may be ahead of the machine (design: the test clock). */
export interface TenantClocks {
  nowOf(tenantId: string): Date
  /** How far a tenant is ahead of the machine. */
  offsetMsOf(tenantId: string): number
  /** Reads again who lives in another time. */
  refresh(): Promise<void>
  close(): void
}

export interface TenantClocksOptions {
  readonly db: Kysely<Tables>
  readonly clock: () => Date
  readonly log: Logger
  readonly everyMs?: number
}

// Another server may have advanced a clock; its tenant's time is known here this much later.
const everyDefaultMs = 1_000

/** Knows the time of every tenant without asking the database for each request. */
export async function startTenantClocks(options: TenantClocksOptions): Promise<TenantClocks> {
  const { db, clock, log } = options
  let offsets = new Map<string, number>()

  async function refresh(): Promise<void> {
    const { rows } = await sql<{ tenantId: string; offsetMs: number }>`
      select tenant_id as "tenantId", clock_offset_ms as "offsetMs" from shifted_clocks()`.execute(
      db,
    )
    offsets = new Map(rows.map(({ tenantId, offsetMs }) => [tenantId, offsetMs]))
  }

  await refresh()
  const timer = setInterval(() => {
    refresh().catch((error: unknown) => log.warn({ err: error }, 'test clocks could not be read'))
  }, options.everyMs ?? everyDefaultMs)
  timer.unref()
  return {
    nowOf(tenantId) {
      const now = clock()
      const offsetMs = offsets.get(tenantId)
      return offsetMs === undefined ? now : new Date(now.getTime() + offsetMs)
    },
    offsetMsOf: (tenantId) => offsets.get(tenantId) ?? 0,
    refresh,
    close: () => clearInterval(timer),
  }
}
