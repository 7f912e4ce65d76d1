import { type Kysely, sql } from 'kysely'
import type { Logger } from 'pino'
import { type Bookkeeper, type Command, endPromise } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'

export interface ExpireDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
}

interface Due {
  readonly promiseId: string
  readonly claimReference: string
  readonly expiresAt: Date
}

const promisesAtOnce = 256

/**
 * Expires the promises of all tenants that are over at `now`. Several servers may do it at once: each promise ends in the
 * book of its account, where the second finds it ended.
 */
export async function expirePromises(
  deps: ExpireDeps,
  now: Date,
  signal?: AbortSignal,
): Promise<void> {
  const { rows } = await sql<{ tenantId: string }>`
    select id as "tenantId" from all_tenant_ids() as id`.execute(deps.db)
  const failures: unknown[] = []
  for (const { tenantId } of rows) {
    if (signal?.aborted) return
    // One tenant's trouble does not keep the others' promises open.
    await expireOfTenant(deps, { tenantId, now }).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw new AggregateError(failures, 'promises of some tenants stay open')
}

async function expireOfTenant(
  { db, bookkeeper }: ExpireDeps,
  { tenantId, now }: { tenantId: string; now: Date },
): Promise<void> {
  let after: Due | undefined
  for (;;) {
    const due = await nextDue(db, { tenantId, now, after })
    if (due.length === 0) return
    await bookkeeper.submitGroup(due.map((promise) => expirePromise(tenantId, promise, now)))
    after = due.at(-1)
  }
}

function nextDue(
  db: Kysely<Tables>,
  { tenantId, now, after }: { tenantId: string; now: Date; after: Due | undefined },
): Promise<Due[]> {
  return inTransaction(db, { tenantId, now, isReadOnly: true }, async (tx) => {
    const { rows } = await sql<Due>`
      select p.promise_id as "promiseId", p.expires_at as "expiresAt", c.reference as "claimReference"
      from promise p join claim c on c.tenant_id = p.tenant_id and c.claim_id = p.claim_id
      where p.tenant_id = ${tenantId} and p.status = 'ACTIVE' and p.expires_at <= ${now}
        and (p.expires_at, p.promise_id) >
          (${after?.expiresAt ?? new Date(0)}, ${after?.promiseId ?? '00000000-0000-0000-0000-000000000000'}::uuid)
      order by p.expires_at, p.promise_id limit ${promisesAtOnce}`.execute(tx.db)
    return rows
  })
}

/** Ends a promise that is over, unless something else ended it before. */
function expirePromise(tenantId: string, due: Due, now: Date): Command<void> {
  return {
    id: newId(),
    tenantId,
    metadata: { originator: 'System' },
    needs: { claims: [due.claimReference] },
    decide(desk) {
      const at = desk.claimHolding(due.claimReference)
      if (!at || at.claim.promise?.promiseId !== due.promiseId) return
      endPromise(at.book, at.claim, {
        status: 'EXPIRED',
        nowMs: now.getTime(),
        emit: (event) => desk.emit(event),
      })
    },
  }
}

export interface PromiseSweep {
  close(): Promise<void>
}

export interface SweepOptions extends ExpireDeps {
  readonly log: Logger
  readonly clock: () => Date
  readonly everyMs?: number
}

const minuteMs = 60_000

/** Expires promises now and every minute while the server runs. */
export function startPromiseSweep(options: SweepOptions): PromiseSweep {
  const closing = new AbortController()
  let running: Promise<void> | undefined
  const sweep = () => {
    running ??= expirePromises(options, options.clock(), closing.signal)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) options.log.warn({ err: error }, 'promises stay open')
      })
      .finally(() => {
        running = undefined
      })
  }
  sweep()
  const timer = setInterval(sweep, options.everyMs ?? minuteMs)
  timer.unref()
  return {
    async close() {
      closing.abort()
      clearInterval(timer)
      await running
    },
  }
}
