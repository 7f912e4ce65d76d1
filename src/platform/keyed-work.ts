import { AsyncLocalStorage } from 'node:async_hooks'
import type { Reservation } from './idempotency.ts'

/**
 * A request under an Idempotency-Key whose operation commits as it likes, in one transaction or several. Each of them
 * notes under the key that something is done, so that after a crash nobody does it twice; the answer follows.
 */
export interface KeyedWork {
  readonly tenantId: string
  readonly key: string
  readonly holder: string
  readonly now: Date
  /** Something was committed. */
  isActed: boolean
  /** The request has come to its end: what it left running in the background is not its doing. */
  isOver: boolean
}

/** The work of a request that reserved its key now; nothing is done yet. */
export function workUnder({ request, holder }: Reservation, now: Date): KeyedWork {
  const { tenantId, key } = request
  return { tenantId, key, holder, now, isActed: false, isOver: false }
}

const present = new AsyncLocalStorage<KeyedWork | undefined>()
let running = 0

/** Runs a request's operation as this work, which is over when that ends. */
export async function runAs<R>(work: KeyedWork, run: () => Promise<R>): Promise<R> {
  running += 1
  try {
    return await present.run(work, run)
  } finally {
    work.isOver = true
    running -= 1
    // While it is in use every promise of the process pays for it.
    if (running === 0) present.disable()
  }
}

/**
 * Begins what others wait for too, and what goes on when the present request is over: it is the work of nobody's key,
 * whoever happens to begin it.
 */
export function inBackground<R>(begin: () => R): R {
  // Costs nothing where no keyed request runs; `exit` would switch the storage off and on again.
  return present.run(undefined, begin)
}

/** The work that what is being done for this tenant belongs to. */
export function presentWork(tenantId: string): KeyedWork | undefined {
  const work = present.getStore()
  return work && !work.isOver && work.tenantId === tenantId ? work : undefined
}

/**
 * Notes, in the transaction of an effect, that something is done. If the key was taken over meanwhile (the request seemed
 * dead), the division by zero undoes the transaction: the other request does the work.
 */
export function noteOf({ tenantId, key, holder, now }: KeyedWork) {
  return {
    text: `with noted as (
        update idempotent_request set acted_at = coalesce(acted_at, $4)
        where tenant_id = $1 and key = $2 and holder = $3 and status is null returning 1)
      select 1 / count(*) from noted`,
    values: [tenantId, key, holder, now],
  }
}
