import { type Kysely, sql } from 'kysely'
import { type Bookkeeper, type Command, endPromise } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'

export interface ExpireDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
}

interface Due {
  readonly promiseId: string
  readonly claimReference: string
  readonly expiresAt: Date
}

const promisesAtOnce = 256

/** Ends promises when their last day is over. Each ends in the book of its account, so a second server finds it ended. */
export function promiseWork(deps: ExpireDeps): TimedWork {
  const { db, clock, nowOf } = deps
  return {
    name: 'promises',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'promise_tenants_due'),
    runDue: (tenantId, signal) => expireOfTenant(deps, { tenantId, now: nowOf(tenantId) }, signal),
    nextDueAt: (tenantId) => nextExpiry(deps, tenantId),
  }
}

async function expireOfTenant(
  { db, bookkeeper }: ExpireDeps,
  { tenantId, now }: { tenantId: string; now: Date },
  signal: AbortSignal,
): Promise<void> {
  let after: Due | undefined
  while (!signal.aborted) {
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

function nextExpiry({ db, nowOf }: ExpireDeps, tenantId: string): Promise<Date | undefined> {
  const unit = { tenantId, now: nowOf(tenantId), isReadOnly: true }
  return inTransaction(db, unit, async (tx) => {
    const { rows } = await sql<{ at: Date | null }>`
      select min(expires_at) as at from promise where tenant_id = ${tenantId} and status = 'ACTIVE'`.execute(
      tx.db,
    )
    return rows[0]?.at ?? undefined
  })
}
