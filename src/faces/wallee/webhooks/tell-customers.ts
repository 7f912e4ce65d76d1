import { sql } from 'kysely'
import type { StoredEvent } from '../../../events/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Happening, happeningOf, textOf } from './happening.ts'
import { watchables } from './watchable.ts'

export const customerEvents = [
  'event.customer.created',
  'event.customer.updated',
  'event.customer.deleted',
  'event.accountDebtor.updated',
  'event.claim.created',
] as const

const dayMs = 86_400_000

/** A customer is ACTIVE from birth and DELETED at its end; a change in between is the same state once more. */
export async function tellCustomers(tx: Tx, events: readonly StoredEvent[]): Promise<Happening[]> {
  const debtors = await debtorsOf(tx, events)
  const happenings: Happening[] = []
  const born = new Set<number>()
  for (const event of events) {
    const told = happeningsOf(event, debtors).filter(
      ({ entityId, isNewState, state }) =>
        !(isNewState && state === 'ACTIVE' && born.has(entityId)),
    )
    for (const { entityId } of told) born.add(entityId)
    happenings.push(...told)
  }
  return happenings
}

function happeningsOf(event: StoredEvent, debtors: ReadonlyMap<string, Debtor>): Happening[] {
  const id = Number(event.data['customerId'])
  switch (event.type) {
    case 'event.customer.created':
      return [happeningOf(event, { entityId: id, state: 'ACTIVE', isNewState: true })]
    case 'event.customer.updated':
      return [happeningOf(event, { entityId: id, state: 'ACTIVE', isNewState: false })]
    case 'event.customer.deleted':
      return [happeningOf(event, { entityId: id, state: 'DELETED', isNewState: true })]
    default:
      return ofDebtor(event, debtors.get(textOf(event, 'externalDebtorRef')))
  }
}

interface Debtor {
  readonly reference: string
  readonly number: number
  readonly createdAt: Date
  readonly isTold: boolean
}

/** What other doors say of a debtor: it changed, or it came with a claim. */
function ofDebtor(event: StoredEvent, debtor: Debtor | undefined): Happening[] {
  if (!debtor) return []
  const { number: entityId, createdAt, isTold } = debtor
  if (event.type === 'event.claim.created') {
    const isNew = !isTold && event.occurredAt.getTime() - createdAt.getTime() < dayMs
    return isNew ? [happeningOf(event, { entityId, state: 'ACTIVE', isNewState: true })] : []
  }
  // A change through these doors is told of once, not once more for each of the customer's accounts.
  const { originator } = event.metadata
  const isOurs = typeof originator === 'string' && originator.startsWith('Wallee')
  return isOurs ? [] : [happeningOf(event, { entityId, state: 'ACTIVE', isNewState: false })]
}

async function debtorsOf(tx: Tx, events: readonly StoredEvent[]): Promise<Map<string, Debtor>> {
  const references = [...new Set(events.map((event) => textOf(event, 'externalDebtorRef')))]
  const { rows } = await sql<Debtor>`
    select d.reference, d.number, coalesce(d.created_at, d.updated_at) as "createdAt", exists (
      select from wallee_notice n where n.tenant_id = d.tenant_id and n.entity = ${watchables.Customer.id}
        and n.entity_id = d.number) as "isTold"
    from debtor d where d.tenant_id = ${tx.tenantId} and d.reference = any(${references}::text[])`.execute(
    tx.db,
  )
  return new Map(rows.map((row) => [row.reference, row]))
}
