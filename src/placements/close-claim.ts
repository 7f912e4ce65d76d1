import {
  type CallContext,
  type Command,
  type Companion,
  findClaimNamed,
  type Json,
  namesOfClaim,
  type Outcome,
  type ResolutionReason,
} from '../book/index.ts'
import { resolveClaim } from '../claims/index.ts'
import { newId } from '../kernel/id.ts'
import type { Tx } from '../platform/db.ts'
import { statusChanged } from './change.ts'
import { refuse } from './refusals.ts'
import type { Placement } from './schema.ts'
import { showPlacement } from './show-placements.ts'

export interface Closing {
  readonly claimReference: string
  readonly reason: ResolutionReason
  readonly cause: Json
}

/** What is booked, what commits with it, and what the caller is then told. */
export interface ClosingWork {
  readonly command: Command<void>
  companions(outcomes: readonly Outcome<void>[]): Companion[]
  readonly answer: Placement
}

/** Resolves a claim that is with an agency, and ends the placement in the transaction that resolves it (D-105). */
export async function closeWithReason(
  tx: Tx,
  context: CallContext,
  closing: Closing,
): Promise<ClosingWork> {
  const { claimReference: reference, reason } = closing
  const claim = await findClaimNamed(tx, reference)
  const placement = await showPlacement(tx, reference)
  if (placement.status !== 'PLACED') throw refuse('not_placed')
  const ended = { ...closing.cause, reason }
  return {
    command: resolveClaim(context, { reference, reason }),
    companions: ([outcome]) =>
      outcome && 'result' in outcome
        ? [closeStatement(tx, { placement, names: namesOfClaim(claim), ended })]
        : [],
    answer: {
      ...placement,
      status: 'CLOSED',
      externalStatus: 'CLOSED',
      endedAt: tx.now.toISOString(),
      cause: { ...placement.cause, ended },
    },
  }
}

// Somebody may recall the claim in this very moment: it is resolved all the same, and the placement stays recalled.
const closeText = `
with closed as (
  update placement set status = 'CLOSED', external_status = 'CLOSED', ended_at = $3,
    cause = cause || jsonb_build_object('ended', $4::jsonb)
  where tenant_id = $1 and placement_id = $2 and status = 'PLACED' returning tenant_id)
insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
select tenant_id, $5, $6, $7::jsonb, '{}', $3 from closed`

function closeStatement(tx: Tx, of: { placement: Placement; names: Json; ended: Json }): Companion {
  const { placement, names, ended } = of
  const event = statusChanged(names, {
    partner: placement.agency,
    externalStatus: 'CLOSED',
    previous: placement.externalStatus,
  })
  return {
    text: closeText,
    values: [
      tx.tenantId,
      placement.id,
      tx.now,
      JSON.stringify(ended),
      newId(),
      event.type,
      JSON.stringify(event.data),
    ],
  }
}
