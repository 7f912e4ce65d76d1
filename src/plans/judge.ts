import type { InstalmentStatus, PlanStatus } from './schema.ts'

export interface AgreedInstalment {
  readonly number: number
  readonly startsAtMs: number
  readonly expiresAtMs: number
  readonly amountMinor: number
}

export interface Agreed {
  readonly amountMinor: number
  readonly brokenAfter: number
  readonly instalments: readonly AgreedInstalment[]
}

/** Money on the claim since the plan was accepted; negative what was taken back. */
export interface Movement {
  readonly atMs: number
  readonly deltaMinor: number
}

/** How the claim itself ended. */
export interface ClaimEnd {
  readonly atMs: number
  readonly isPaid: boolean
  readonly reason: string
}

export interface Standing {
  readonly status: PlanStatus
  readonly endedAtMs: number | null
  readonly endReason: string | null
  readonly paidMinor: number
  readonly instalments: readonly { readonly paidMinor: number; readonly status: InstalmentStatus }[]
  /** When time alone changes it next. */
  readonly nextAtMs: number | null
}

interface Step {
  readonly atMs: number
  readonly kind: 'TIME' | 'MONEY' | 'END'
  readonly deltaMinor: number
}

/**
 * Where a plan stands, from what was agreed, the money in its order and the time, and nothing else: judged late it stands
 * where it would stand if it had been judged at every moment. It ends at the first moment that ends it.
 */
export function judge(
  agreed: Agreed,
  seen: { movements: readonly Movement[]; end: ClaimEnd | undefined; nowMs: number },
): Standing {
  const { movements, end, nowMs } = seen
  let paidMinor = 0
  for (const step of timeline(agreed, { movements, end, nowMs })) {
    // A chargeback of money that was paid before the plan takes nothing from it.
    paidMinor = Math.max(0, Math.min(paidMinor + step.deltaMinor, Number.MAX_SAFE_INTEGER))
    const statuses = statusesOf(agreed, paidMinor, step.atMs)
    const ending = endingOf(agreed, { paidMinor, statuses, end, step })
    if (ending) return ended(agreed, { paidMinor, statuses, atMs: step.atMs, ...ending })
  }
  const statuses = statusesOf(agreed, paidMinor, nowMs)
  return {
    status: 'ACTIVE',
    endedAtMs: null,
    endReason: null,
    paidMinor,
    instalments: filled(agreed, paidMinor, statuses),
    nextAtMs: nextOf(agreed, statuses, nowMs),
  }
}

const rank = { TIME: 0, MONEY: 1, END: 2 } as const

/** In order of time. Money that comes in the moment in which an instalment is over comes too late. */
function timeline(
  agreed: Agreed,
  {
    movements,
    end,
    nowMs,
  }: { movements: readonly Movement[]; end: ClaimEnd | undefined; nowMs: number },
): Step[] {
  const steps: Step[] = [
    ...agreed.instalments.map(({ expiresAtMs }) => ({
      atMs: expiresAtMs,
      kind: 'TIME' as const,
      deltaMinor: 0,
    })),
    ...movements.map((movement) => ({ ...movement, kind: 'MONEY' as const })),
    ...(end ? [{ atMs: end.atMs, kind: 'END' as const, deltaMinor: 0 }] : []),
  ]
  return steps
    .filter(({ atMs }) => atMs <= nowMs)
    .sort((a, b) => a.atMs - b.atMs || rank[a.kind] - rank[b.kind])
}

/** Money pays instalments in their order, the last one that it reaches in part. */
function statusesOf(agreed: Agreed, paidMinor: number, atMs: number): InstalmentStatus[] {
  let sum = 0
  return agreed.instalments.map((instalment) => {
    sum += instalment.amountMinor
    if (paidMinor >= sum) return 'RESOLVED'
    if (atMs >= instalment.expiresAtMs) return 'EXPIRED'
    return atMs >= instalment.startsAtMs ? 'STARTED' : 'CREATED'
  })
}

function endingOf(
  agreed: Agreed,
  at: {
    paidMinor: number
    statuses: readonly InstalmentStatus[]
    end: ClaimEnd | undefined
    step: Step
  },
): { status: PlanStatus; reason: string } | undefined {
  if (at.paidMinor >= agreed.amountMinor) return { status: 'RESOLVED', reason: 'PAID' }
  const missed = at.statuses.filter((status) => status === 'EXPIRED').length
  if (missed >= agreed.brokenAfter) return { status: 'FAILED', reason: 'MISSED' }
  if (at.step.kind !== 'END' || !at.end) return undefined
  return { status: at.end.isPaid ? 'RESOLVED' : 'INVALIDATED', reason: at.end.reason }
}

function ended(
  agreed: Agreed,
  of: {
    paidMinor: number
    statuses: readonly InstalmentStatus[]
    atMs: number
    status: PlanStatus
    reason: string
  },
): Standing {
  const { paidMinor, statuses, atMs, status, reason } = of
  return {
    status,
    endedAtMs: atMs,
    endReason: reason,
    paidMinor,
    instalments: filled(
      agreed,
      paidMinor,
      statuses.map((one) => (isOpen(one) ? 'INVALIDATED' : one)),
    ),
    nextAtMs: null,
  }
}

/** Whether nothing was decided about an instalment yet. */
export const isOpen = (status: InstalmentStatus) => status === 'CREATED' || status === 'STARTED'

function filled(agreed: Agreed, paidMinor: number, statuses: readonly InstalmentStatus[]) {
  let rest = paidMinor
  return agreed.instalments.map(({ amountMinor }, index) => {
    const share = Math.min(rest, amountMinor)
    rest -= share
    return { paidMinor: share, status: statuses[index] ?? ('CREATED' as const) }
  })
}

function nextOf(
  agreed: Agreed,
  statuses: readonly InstalmentStatus[],
  nowMs: number,
): number | null {
  const times = agreed.instalments.flatMap(({ startsAtMs, expiresAtMs }, index) =>
    statuses[index] === 'RESOLVED' ? [] : [startsAtMs, expiresAtMs],
  )
  const ahead = times.filter((atMs) => atMs > nowMs)
  return ahead.length === 0 ? null : Math.min(...ahead)
}
