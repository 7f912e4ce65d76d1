import { sql } from 'kysely'
import { findClaimNamed } from '../../book/index.ts'
import type { Channel } from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'

export interface CommunicationsWanted {
  readonly claimReference: string
  readonly channel: Channel | undefined
  /** The first day of UTC. */
  readonly since: string | undefined
  readonly limit: number
  readonly page: number
}

export interface Communication {
  readonly channel: Channel
  readonly messageUrl: string
  readonly sentAt: Date
  readonly bundleId: string
  readonly bundleName: string
}

/** One page of what a claim's debtor was told, the newest first, and how much there is (13.4, D-98). */
export async function listCommunications(
  tx: Tx,
  wanted: CommunicationsWanted,
): Promise<{ communications: Communication[]; total: number }> {
  const { channel, since, limit, page } = wanted
  const { claimId } = await findClaimNamed(tx, wanted.claimReference)
  const told = sql`
    from message where tenant_id = ${tx.tenantId} and claim_id = ${claimId} and status in ('SENT', 'BOUNCED')
      and (${channel ?? null}::text is null or channel = ${channel ?? null})
      and (${since ?? null}::date is null or sent_at >= ${since ?? null}::date::timestamp at time zone 'UTC')`
  const { rows } = await sql<Communication>`
    select channel, message_url as "messageUrl", sent_at as "sentAt", bundle_id as "bundleId",
      coalesce(bundle_name, '') as "bundleName"
    ${told} order by sent_at desc, message_id desc limit ${limit} offset ${(page - 1) * limit}`.execute(
    tx.db,
  )
  const counted = await sql<{ total: number }>`select count(*) as total ${told}`.execute(tx.db)
  return { communications: rows, total: counted.rows[0]?.total ?? 0 }
}
