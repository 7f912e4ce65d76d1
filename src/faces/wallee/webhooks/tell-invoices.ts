import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import { dateIn } from '../../../kernel/dates.ts'
import type { Tx } from '../../../platform/db.ts'
import { invoiceState } from '../entities/invoice-columns.ts'
import { type Happening, happeningOf, textOf } from './happening.ts'

export const invoiceEvents = [
  'event.claim.created',
  'event.claim.resolved',
  'event.claim.reactivated',
  'event.claim.deleted',
  'event.claimTotalAmount.updated',
  'event.claimMeta.updated',
] as const

interface ClaimRow {
  readonly number: number
  readonly reference: string
  readonly dueOn: string
  /** At this moment. */
  readonly state: string
}

/** An invoice is a claim: what became of it, as the doors call it. */
export async function tellInvoices(
  tx: Tx,
  events: readonly StoredEvent[],
  timeZone: string,
): Promise<Happening[]> {
  const claims = await claimsOf(tx, events, dateIn(tx.now, timeZone))
  return events.flatMap((event) => {
    const claim = claims.get(textOf(event, 'claimRef'))
    if (!claim) return []
    const today = dateIn(event.occurredAt, timeZone)
    const { state, isNewState } = stateAfter(event, claim, today)
    return [happeningOf(event, { entityId: claim.number, state, isNewState })]
  })
}

function stateAfter(event: StoredEvent, claim: ClaimRow, today: string) {
  switch (event.type) {
    case 'event.claim.created': {
      const dueOn = textOf(event, 'dueDate') || claim.dueOn
      return { state: openState(dueOn, today), isNewState: true }
    }
    case 'event.claim.reactivated':
      return { state: openState(claim.dueOn, today), isNewState: true }
    case 'event.claim.resolved':
      return { state: endState(claim, textOf(event, 'reason')), isNewState: true }
    case 'event.claim.deleted':
      return { state: 'CANCELED', isNewState: true }
    default:
      return { state: claim.state, isNewState: false }
  }
}

const openState = (dueOn: string, today: string) => (dueOn < today ? 'OVERDUE' : 'OPEN')

/** Of a claim that was opened again meanwhile, only the event still says how it had ended. */
function endState({ state }: ClaimRow, reason: string): string {
  if (state !== 'OPEN' && state !== 'OVERDUE') return state
  if (reason === 'CLAIM_PAID') return 'PAID'
  return ['CLAIM_DISCARDED', 'CLAIM_INVALIDATED'].includes(reason) ? 'CANCELED' : 'DERECOGNIZED'
}

async function claimsOf(
  tx: Tx,
  events: readonly StoredEvent[],
  today: string,
): Promise<Map<string, ClaimRow>> {
  const references = [...new Set(events.map((event) => textOf(event, 'claimRef')))]
  const { rows } = await sql<ClaimRow>`
    select c.number, c.reference, c.current_due_on::text as "dueOn", ${sql.raw(invoiceState('c'))} as state
    from claim c cross join (select ${today}::date as today) n where c.tenant_id = ${tx.tenantId} and c.reference = any(${references}::text[])
      and c.status <> 'PENDING'`.execute(tx.db)
  return new Map(rows.map((row) => [row.reference, row]))
}
