import { type Kysely, sql } from 'kysely'
import { updateAccountMeta } from '../accounts/index.ts'
import {
  type Bookkeeper,
  callContext,
  type Command,
  type Companion,
  type Json,
} from '../book/index.ts'
import { updateClaim } from '../claims/index.ts'
import { inTransaction } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { chainIn } from './chain.ts'
import { tenantOf, type TenantSettings } from './load-facts.ts'

export interface BookMetaDeps {
  readonly db: Kysely<Tables>
  readonly bookkeeper: Bookkeeper
  /** The machine's time. */
  readonly clock: () => Date
  readonly nowOf: (tenantId: string) => Date
}

interface Booking {
  readonly runId: string
  readonly claimReference: string
  readonly accountReference: string
  readonly target: 'claim' | 'account'
  readonly meta: Json
  /** The reactions that led to the run. */
  readonly chain: unknown
}

const bookingsAtOnce = 100
// Longer than a booking takes; whoever dies meanwhile is followed by another.
const leaseMs = 30_000

/** Books the next meta that runs wait for, lets those runs go on in the same commit, and answers how many there were. */
export async function bookMeta(deps: BookMetaDeps, tenantId: string): Promise<number> {
  const { bookings, tenant } = await lease(deps, tenantId)
  // Together, so that the bookkeeper commits them together.
  const booked = await Promise.allSettled(
    bookings.map((booking) => bookOne(deps, { tenantId, booking, tenant })),
  )
  const failed = booked.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return bookings.length
}

function lease({ db, clock, nowOf }: BookMetaDeps, tenantId: string) {
  const now = clock()
  const until = new Date(now.getTime() + leaseMs)
  return inTransaction(db, { tenantId, now: nowOf(tenantId) }, async (tx) => {
    const { rows } = await sql<Booking>`
      with free as (
        select run_id from journey_booking
        where tenant_id = ${tenantId} and (leased_until is null or leased_until <= ${now})
        order by run_id limit ${bookingsAtOnce} for update skip locked
      )
      update journey_booking b set leased_until = ${until} from free f
      where b.tenant_id = ${tenantId} and b.run_id = f.run_id
      returning b.run_id as "runId", b.claim_reference as "claimReference",
        b.account_reference as "accountReference", b.target, b.meta,
        (select r.state -> 'chain' from journey_run r
          where r.tenant_id = b.tenant_id and r.run_id = b.run_id) as chain`.execute(tx.db)
    return { bookings: rows, tenant: await tenantOf(tx) }
  })
}

/** What the book refuses, such as a claim that was deleted meanwhile, is no reason to hold the run: it looks for itself. */
async function bookOne(
  { bookkeeper, nowOf }: BookMetaDeps,
  of: { tenantId: string; booking: Booking; tenant: TenantSettings },
): Promise<void> {
  const { tenantId, booking, tenant } = of
  await bookkeeper.submitGroup([commandOf(of)], {
    companions: () => endOf({ tenantId, runId: booking.runId, now: nowOf(tenantId) }),
  })

  function commandOf({ booking: { target, meta, chain } }: { booking: Booking }): Command<void> {
    const call = callContext({ tenantId, ...tenant }, { originator: 'Journey' })
    const context = { ...call, metadata: { ...call.metadata, ...chainIn({ chain }) } }
    const { claimReference: reference, accountReference } = booking
    return target === 'claim'
      ? updateClaim(context, { reference, data: { meta } })
      : updateAccountMeta(context, { accountReference, meta })
  }
}

// Paused meanwhile, the run is due when it goes on.
const goOn = `update journey_run set next_at = $3
  where tenant_id = $1 and run_id = $2 and next_at is null and status in ('RUNNING', 'PAUSED')`
const forget = 'delete from journey_booking where tenant_id = $1 and run_id = $2'

function endOf({
  tenantId,
  runId,
  now,
}: {
  tenantId: string
  runId: string
  now: Date
}): Companion[] {
  return [
    { text: goOn, values: [tenantId, runId, now] },
    { text: forget, values: [tenantId, runId] },
  ]
}
