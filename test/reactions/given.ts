import { expect } from 'vitest'
import { inTransaction } from '../../src/platform/db.ts'
import { type Loose, native, pass } from '../journeys/given.ts'
import type { TestTenant, World } from '../world.ts'

/** Keeps a reaction to an event, or to a trigger name, and answers its id. */
export async function reaction(
  tenant: TestTenant,
  when: string | Record<string, unknown>,
  actions: object[],
  more: Record<string, unknown> = {},
): Promise<string> {
  const body = {
    name: `Reaction ${Math.random()}`,
    when: typeof when === 'string' ? { event: when } : when,
    actions,
    ...more,
  }
  const made = await native(tenant, { method: 'POST', url: '/reactions', body, status: 201 })
  return made.id as string
}

/** What reactions are kept like, told by the words of a refusal. */
export async function refusal(tenant: TestTenant, body: object): Promise<string> {
  const whole = { name: 'Wrong', when: { event: 'event.claim.created' }, ...body }
  const answer = await native(tenant, {
    method: 'POST',
    url: '/reactions',
    body: whole,
    status: 400,
  })
  return String(answer.detail)
}

/** `C DONE email:done`, for each firing of a reaction, the oldest first; `C SKIPPED CONDITION` where it did nothing. */
export async function logOf(tenant: TestTenant, id: string): Promise<string[]> {
  const { items } = await native(tenant, { url: `/reactions/${id}/log?limit=200` })
  return items
    .toReversed()
    .map(({ claimReference, accountReference, status, reason, results }: Loose) =>
      [
        claimReference ?? accountReference ?? '-',
        status,
        ...(reason === null ? [] : [reason]),
        ...results.map(({ type, outcome }: Loose) => `${type}:${outcome}`),
      ].join(' '),
    )
}

/** Says that something happened to a claim, as a debtor's page or a provider would. */
export async function happen(
  it: World,
  tenant: TestTenant,
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  const { services } = it.assembly
  const { tenantId } = tenant
  const unit = { tenantId, now: services.clocks.nowOf(tenantId) }
  await inTransaction(services.db, unit, (tx) => tx.emit({ type, data }))
}

/** Fires a custom trigger on a claim and has done what follows. */
export async function fire(
  tenant: TestTenant,
  triggerName: string,
  triggerContext: object = {},
  reference = 'C',
): Promise<void> {
  const answer = await tenant.post('execute_custom_triggers', {
    [reference]: { triggerName, triggerContext },
  })
  expect(answer.body[reference]).toMatchObject({ success: true })
  await pass(tenant)
}
