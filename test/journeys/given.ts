import { expect } from 'vitest'
import type { TestTenant, World } from '../world.ts'
import { person } from '../world.ts'

type Fields = Record<string, unknown>
// oxlint-disable-next-line typescript/no-explicit-any -- a value out of an answer; tests assert what it is
export type Loose = any

/** Calls our own door and insists on the status. */
export async function native(
  tenant: TestTenant,
  request: { method?: 'GET' | 'POST' | 'DELETE'; url: string; body?: unknown; status?: number },
): Promise<Loose> {
  const { method = 'GET', url, body, status = 200 } = request
  const answer = await tenant.call({
    method,
    url: `/q/v1${url}`,
    ...(body === undefined
      ? {}
      : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  expect({ status: answer.status, body: answer.status === status ? '' : answer.body }).toEqual({
    status,
    body: '',
  })
  return answer.body
}

const post = (tenant: TestTenant, url: string, body: unknown, status: number) =>
  native(tenant, { method: 'POST', url, body, status })

/** A bundle of a channel, and its id. */
export async function bundle(tenant: TestTenant, channel: 'email' | 'sms' | 'letter' = 'email') {
  const words = {
    email: { subject: 'Hello', html: '<p>Hello</p>', text: 'Hello' },
    sms: { text: 'Hello' },
    letter: { subject: 'Hello', blocks: [{ type: 'paragraph', text: 'Hello' }] },
  }
  const body = {
    name: `${channel} ${Math.random()}`,
    channel,
    fallbackLanguage: 'en',
    languages: { en: words[channel] },
  }
  return (await post(tenant, '/bundles', body, 201)).id as string
}

/** A journey of these paths, assigned to all claims. */
export async function journey(
  tenant: TestTenant,
  paths: Record<string, object[]>,
  more: { name?: string; isDefault?: boolean } = {},
): Promise<Loose> {
  const { name = 'Dunning', isDefault = true } = more
  const made = await post(tenant, '/journeys', { name, document: { paths } }, 201)
  if (isDefault) await post(tenant, `/journeys/${made.id}/assignments`, { default: true }, 200)
  return made
}

/** Opens unmanaged claims of 500 in EUR, past due since 1 March. */
export async function claims(tenant: TestTenant, references: string[], more: Fields = {}) {
  const whole = {
    amount: 500,
    currency: 'EUR',
    originalDueDate: '2026-03-01',
    currentDueDate: '2026-03-01',
    primaryDebtor: person('D'),
    ...more,
  }
  const body = Object.fromEntries(references.map((reference) => [reference, whole]))
  const answer = await tenant.post('create_claims', body)
  for (const reference of references)
    expect(answer.body[reference]).toMatchObject({ success: true })
}

/** Moves the tenant's time forward, doing all that becomes due; by nothing: does what is due now. */
export async function pass(tenant: TestTenant, by: Fields = { minutes: 0 }): Promise<void> {
  await native(tenant, { method: 'POST', url: '/test-clock/advance', body: by })
}

export const sandbox = (it: World) => it.tenant('Sandbox', {}, true)

export const webhook = (name: string) => ({ id: name, type: 'webhook', name })

export async function eventsOf(it: World, tenant: TestTenant, like = '') {
  const { rows } = await it.database.ownerPool.query<{ type: string; data: Loose; at: Date }>(
    `select type, data, occurred_at as at from quittance.event
     where tenant_id = $1 and type like $2 order by xid, seq`,
    [tenant.tenantId, `${like}%`],
  )
  return rows
}

/** `2026-03-10T12:00 C hello`, for each webhook that a journey asked for. */
export async function calls(it: World, tenant: TestTenant): Promise<string[]> {
  const rows = await eventsOf(it, tenant, 'event.journeyWebhook')
  return rows.map(
    ({ data, at }) => `${at.toISOString().slice(0, 16)} ${data.claimRef} ${data.name}`,
  )
}

/** `C stopped CLAIM_PAID`, for each change of a journey. */
export async function changes(it: World, tenant: TestTenant): Promise<string[]> {
  const rows = await eventsOf(it, tenant, 'event.strategy')
  return rows.map(({ type, data }) =>
    [data.claimRef, type.split('.')[2], data.reason].filter(Boolean).join(' '),
  )
}
