import type pg from 'pg'
import { instantText } from './clock.ts'

export interface Rule {
  readonly kind: string
}

/** A message as it stands at the end, with what was decided about it. */
export interface MessageRow {
  readonly id: string
  readonly run: string
  readonly step: string
  readonly claim: string
  readonly debtor: string
  readonly channel: 'email' | 'sms' | 'letter'
  readonly status: string
  readonly verdict: string | null
  readonly because: string | null
  readonly says: string | null
  readonly rules: readonly Rule[] | null
  readonly decidedAt: Date | null
  readonly contactedAt: Date | null
  readonly sentAt: Date | null
  /** Whether its bytes are kept, and are those that its digest is of. */
  readonly hasContent: boolean
}

export async function messagesOf(pool: pg.Pool): Promise<MessageRow[]> {
  const { rows } = await pool.query<MessageRow>(
    `select m.message_id as id, m.cause ->> 'id' as run, m.cause ->> 'step' as step, c.reference as claim,
       m.debtor_reference as debtor, m.channel, m.status, m.decision ->> 'verdict' as verdict,
       m.decision ->> 'because' as because, m.decision ->> 'says' as says, m.decision -> 'rules' as rules,
       m.decided_at as "decidedAt", m.contacted_at as "contactedAt", m.sent_at as "sentAt",
       coalesce((select length(k.eml) > 0 and sha256(k.eml) = k.sha256 from quittance.message_content k
         where k.tenant_id = m.tenant_id and k.message_id = m.message_id), false) as "hasContent"
     from quittance.message m
     join quittance.claim c on c.tenant_id = m.tenant_id and c.claim_id = m.claim_id
     order by c.reference, m.created_at`,
  )
  return rows
}

/** What two drives of the same cast must agree on: which message of which claim went which way, why, and when. */
export function outlineOf(messages: readonly MessageRow[]): string[] {
  return messages
    .map(({ claim, step, channel, status, because, decidedAt }) => {
      return [claim, step, channel, status, because, instantText(decidedAt)].join(' ')
    })
    .toSorted()
}

/** Why messages went which way, each reason once. */
export const reasonsOf = (messages: readonly MessageRow[]) => [
  ...new Set(messages.map(({ because }) => because)),
]
