import {
  announceBooked,
  type CallContext,
  type Command,
  type Companion,
  conclude,
  type Outcome,
  resolve,
} from '../book/index.ts'
import { openInvoice, takeOffAll } from './open-invoice.ts'

const reason = 'WRITE_OFF'

/** Writes off what an invoice still asks for: nobody counts on it any more, and its claim is discharged. */
export function derecognizeInvoice(
  context: CallContext,
  of: { reference: string; claimId: string; by: number },
) {
  const command: Command<void> = {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { claims: [of.reference], profile: true },
    decide(desk) {
      const at = openInvoice(desk, of.reference)
      const { book, claim } = at
      // Before it asks for nothing: by its balance alone it would be discarded.
      resolve(book, claim, { reason: 'CLAIM_DISCHARGED', nowMs: desk.nowMs, isByRequest: true })
      const entries = takeOffAll(desk, at, { reason, house: 'write-off' })
      if (claim.isManaged) announceBooked(desk, book, entries)
      conclude(book, { nowMs: desk.nowMs, reason, emit: (event) => desk.emit(event) })
    },
  }
  return {
    commands: [command] as const,
    options: { companions: (outcomes: Outcome[]) => noteWho(outcomes, { context, ...of }) },
  }
}

const text = `
  insert into invoice (tenant_id, claim_id, derecognized_by) values ($1, $2, $3)
  on conflict (tenant_id, claim_id) do update set derecognized_by = $3, version = invoice.version + 1`

function noteWho(
  [outcome]: readonly Outcome[],
  { context, claimId, by }: { context: CallContext; claimId: string; by: number },
): Companion[] {
  if (!outcome || 'refusal' in outcome) return []
  return [{ text, values: [context.tenantId, claimId, by] }]
}
