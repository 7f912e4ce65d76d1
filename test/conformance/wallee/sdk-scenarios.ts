import { expect } from 'vitest'
import type { Entity } from '../../../src/faces/wallee/entity.ts'
import { channelIds } from '../../../src/faces/wallee/entities/journey-columns.ts'
import { entityNamed } from '../../../src/faces/wallee/registry.ts'
import type { World } from '../../world.ts'
import { type Json, make } from './doors.ts'
import { newCase, newInvoice, newRefund, unique, until } from './invoices.ts'
import { homeAccount, samples } from './samples.ts'
import type { Client } from './sign.ts'

/** What an SDK's method is given, and what its answer has to be. */
export interface Scene {
  readonly params: Json
  readonly body?: unknown
  check?(answer: any): void
}

export interface Stage {
  readonly it: World
  readonly us: Client
  readonly version: 1 | 2
}

type Scenario = (stage: Stage) => Promise<Scene>

const idOf = (value: unknown): number =>
  typeof value === 'number' ? value : (value as { id: number }).id

const object = (stage: Stage, name: string) => make(stage.us, entityNamed(name))

/** The parameters of the path of version 2 that name the parent. */
function below(entity: Entity, from: Json): Json {
  const { v2 } = entity
  return v2?.parent ? { [v2.parent.param]: samples[entity.name]!.parent!(from) } : {}
}

/** SDKs take dates as dates; on the wire and in the samples they are text. */
export function withDates(value: unknown): unknown {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(value))
    return new Date(value)
  if (Array.isArray(value)) return value.map(withDates)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withDates(inner)]))
}

/** How an object is known again where the SDKs' model of it has no id. */
const knownBy: Record<string, string> = { HumanUser: 'emailAddress', SingleSignOnUser: 'firstname' }

/** Fields that the SDKs' own models drop on their way out. */
const unspoken: Record<string, string> = { Role: 'permissions' }

const keyOf = ({ name, key = 'id' }: Entity) => knownBy[name] ?? key

const leaf = (id: unknown) => ({ type: 'LEAF', fieldName: 'id', operator: 'EQUALS', value: id })

/** What each verb is tried with, for every entity alike. */
export const verbScenes: Record<string, (stage: Stage, entity: Entity) => Promise<Scene>> = {
  async create({ us }, entity) {
    const { [unspoken[entity.name] ?? '']: _dropped, ...body } =
      await samples[entity.name]!.body!(us)
    return {
      params: below(entity, body),
      body: withDates(body),
      check: (answer) => expect(answer[keyOf(entity)]).toBeDefined(),
    }
  },
  async read(stage, entity) {
    const { id, ...rest } = await one(stage, entity)
    return {
      params: { id, code: id, ...below(entity, rest) },
      check: (answer) => expect(answer[keyOf(entity)]).toBe(rest[keyOf(entity)] ?? id),
    }
  },
  get: (stage, entity) => verbScenes['read']!(stage, entity),
  async update({ us }, entity) {
    const { id, version, ...rest } = await make(us, entity)
    const change = samples[entity.name]!.change!
    const [field = ''] = Object.keys(change)
    return {
      params: { id, ...below(entity, rest) },
      body: { id, version, ...(withDates(change) as Json) },
      check: (answer) => expect(answer[field]).toEqual(change[field]),
    }
  },
  async delete({ us }, entity) {
    const { id, ...rest } = await make(us, entity)
    return { params: { id, ...below(entity, rest) } }
  },
  async search(stage, entity) {
    const { id, ...rest } = await one(stage, entity)
    const key = entity.key ?? 'id'
    return {
      params: {
        query: stage.version === 1 ? { filter: { ...leaf(id), fieldName: key } } : `${key}:"${id}"`,
        ...below(entity, rest),
      },
      check(answer) {
        const data: Json[] = stage.version === 1 ? answer : answer.data
        expect(data.map((found) => found[keyOf(entity)])).toEqual([rest[keyOf(entity)] ?? id])
      },
    }
  },
  async list(stage, entity) {
    const { id, ...rest } = await one(stage, entity)
    return {
      params: { limit: 100, ...below(entity, rest) },
      check(answer) {
        const wanted = rest[keyOf(entity)] ?? id
        const isThere = answer.data.some((row: Json) => row[keyOf(entity)] === wanted)
        expect(isThere || answer.hasMore).toBe(true)
      },
    }
  },
  async count({ us }, entity) {
    const { id } = await make(us, entity)
    return { params: { filter: leaf(id) }, check: (answer) => expect(answer).toBe(1) }
  },
  all: () =>
    Promise.resolve({ params: {}, check: (answer) => expect(answer.length).toBeGreaterThan(0) }),
  async export(stage, entity) {
    const { id } = await one(stage, entity)
    const properties = ['id']
    return stage.version === 1
      ? { params: { request: { properties, query: { filter: leaf(id) } } } }
      : { params: { query: `id:${id}`, fields: new Set(properties) } }
  },
  async createMany({ us }, entity) {
    const body = [await samples[entity.name]!.body!(us), await samples[entity.name]!.body!(us)]
    return { params: {}, body: withDates(body), check: everyone(201) }
  },
  async updateMany({ us }, entity) {
    const { id, version } = await make(us, entity)
    const body = [{ id, version, ...samples[entity.name]!.change }]
    // The SDK's own model of a bulk update has no id and drops it (b.5): the entry is refused, the request is not.
    return { params: {}, body, check: (answer) => expect(answer).toHaveLength(1) }
  },
  async deleteMany({ us }, entity) {
    const [a, b] = [await make(us, entity), await make(us, entity)]
    return { params: {}, body: [a['id'], b['id']], check: everyone(204) }
  },
}

const everyone = (status: number) => (answer: Json[]) =>
  expect(answer.map(({ statusCode }) => statusCode)).toEqual(answer.map(() => status))

/** An object to look at: a new one, or of reference data the first. */
async function one({ us }: Stage, entity: Entity): Promise<Json> {
  if (samples[entity.name]) return make(us, entity)
  const { store, key = 'id' } = entity
  if (store.kind !== 'list') throw new Error(`there is no sample of ${entity.name}`)
  return { id: store.rows('en-US')[0]![key] }
}

const byId =
  (name: string, more: (made: Json, stage: Stage) => Json | Promise<Json> = () => ({})): Scenario =>
  async (stage) => {
    const entity = entityNamed(name)
    const { id, ...rest } = await make(stage.us, entity)
    return { params: { id, ...below(entity, rest), ...(await more({ id, ...rest }, stage)) } }
  }

const pdf = { targetMediaTypeId: 1_400_000_400_001 }

function replacement(): Json {
  return {
    externalId: `N-${unique()}`,
    lineItems: [
      { uniqueId: '1', name: 'Book', type: 'PRODUCT', quantity: 1, amountIncludingTax: 80 },
    ],
  }
}

const replacing: Scenario = async ({ us }) => {
  const { id } = await newInvoice(us)
  const body = { ...replacement(), dueOn: new Date('2026-12-31T00:00:00Z') }
  return { params: { id }, body }
}

const waitingRefund: Scenario = async ({ us }) => {
  const { body, status } = await us.v2('POST', '/payment/refunds', await newRefund(us))
  expect(status, JSON.stringify(body)).toBe(201)
  return { params: { id: body.id, refundId: body.id } }
}

/** An invoice that a flow was begun for. */
const chased: Scenario = async ({ us }) => ({ params: { id: (await newCase(us)).invoice.id } })

/** An invoice whose flow was cancelled, so that another may begin. */
const left: Scenario = async ({ it, us }) => {
  const { id } = (await newCase(us)).invoice
  // Flows begin by themselves when a claim comes: not after the cancellation.
  await until(async () => {
    const { rows } = await it.database.ownerPool.query(
      `select 1 from quittance.event e join quittance.event_cursor c
         on c.tenant_id = e.tenant_id and c.subscriber = 'journeys' and (e.xid, e.seq) > (c.xid, c.seq)
       where e.tenant_id = $1 and e.type = 'event.claim.created' limit 1`,
      [us.tenant.tenantId],
    )
    return rows.length === 0 ? true : undefined
  })
  const cancelled = await us.v1('POST', `/charge-flow/cancel-charge-flow?id=${id}`)
  expect(cancelled.status, JSON.stringify(cancelled.body)).toBe(200)
  return { params: { id, invoiceId: id } }
}

const commentsOf =
  (name: string, field: string): Scenario =>
  async (stage) => {
    const made = await object(stage, name)
    return {
      params: { [`${field}Id`]: samples[name]!.parent!(made) },
      check: (answer) => expect(answer.map(({ id }: Json) => id)).toContain(made['id']),
    }
  }

/** Everything about the roles of users of a kind, in one place. */
function roleScenes(userKind: string, user: string): Record<string, Scenario> {
  const wanted = async (stage: Stage, at: 'account' | 'space', isGiven: boolean) => {
    const userId = (await object(stage, user))['id']
    const account = await homeAccount(stage.us)
    const role = await stage.us.v2('POST', '/roles', {
      account,
      name: { 'en-US': `Role ${unique()}` },
    })
    const params = { userId, roleId: role.body.id }
    if (isGiven) {
      const headers = at === 'account' ? { account: String(account) } : {}
      const path = `/${userKind}/${userId}/${at}-roles?roleId=${role.body.id}`
      const given = await stage.us.v2('POST', path, undefined, headers)
      expect(given.status, JSON.stringify(given.body)).toBeLessThan(300)
    }
    return { params }
  }
  return Object.fromEntries(
    (['account', 'space'] as const).flatMap((at) => {
      const path = `/api/v2.0/${userKind}/{userId}/${at}-roles`
      return [
        [`GET ${path}`, (stage: Stage) => wanted(stage, at, true)],
        [`POST ${path}`, (stage: Stage) => wanted(stage, at, false)],
        [`DELETE ${path}`, (stage: Stage) => wanted(stage, at, true)],
      ]
    }),
  )
}

const newRole =
  (at: 'account' | 'space', isGiven: boolean): Scenario =>
  async (stage) => {
    const userId = (await object(stage, 'ApplicationUser'))['id']
    const accountId = await homeAccount(stage.us)
    const role = await stage.us.v2('POST', '/roles', {
      account: accountId,
      name: { 'en-US': `Role ${unique()}` },
    })
    const params: Json = { userId, roleId: role.body.id, appliesOnSubaccount: true }
    if (isGiven) {
      const place = at === 'account' ? `accountId=${accountId}` : `spaceId=${stage.us.spaceId}`
      const path = `/user-${at}-role/addRole?userId=${userId}&roleId=${params['roleId']}&${place}`
      const given = await stage.us.v1('POST', path)
      expect(given.status, JSON.stringify(given.body)).toBe(200)
      params['id'] = given.body.id
    }
    return { params }
  }

const keyOfNotices: Scenario = async (stage) => {
  await object(stage, 'WebhookListener')
  const { rows } = await stage.it.database.ownerPool.query(
    'select key_id from quittance.wallee_webhook_identity where tenant_id = $1',
    [stage.us.tenant.tenantId],
  )
  return { params: { id: rows[0].key_id } }
}

const code: Scenario = () =>
  Promise.resolve({
    params: { code: 'CH', countryCode: 'CH' },
    check: (answer) => expect(answer.length).toBeGreaterThan(0),
  })

const recipient: Scenario = async (stage) => {
  const { id } = (await newCase(stage.us)).invoice
  const type = channelIds.email
  return { params: { id, transactionId: id, type, recipient: 'new@example.com' } }
}

/** What each action is tried with, by method and path. */
export const actionScenes: Record<string, Scenario> = {
  'GET /api/v2.0/customers/{id}/email-addresses': byId('Customer'),
  'POST /api/v2.0/customers/{id}/merge/{other}': byId('Customer', async (_made, stage) => ({
    other: (await object(stage, 'Customer'))['id'],
  })),
  'GET /api/customer-address/select-default-address': byId('CustomerAddress'),
  'POST /api/v2.0/customers/{customerId}/addresses/{id}/default': byId('CustomerAddress'),
  ...Object.fromEntries(
    ['pin', 'unpin'].flatMap((pin) => [
      [`GET /api/customer-comment/${pin}-comment`, byId('CustomerComment')],
      [`POST /api/v2.0/customers/{customerId}/comments/{id}/${pin}`, byId('CustomerComment')],
      [`GET /api/transaction-invoice-comment/${pin}`, byId('TransactionInvoiceComment')],
      [
        `POST /api/v2.0/payment/transactions/invoices/{invoiceId}/comments/{id}/${pin}`,
        byId('TransactionInvoiceComment'),
      ],
      [`GET /api/refund-comment/${pin}`, byId('RefundComment')],
      [`POST /api/v2.0/payment/refunds/{refundId}/comments/{id}/${pin}`, byId('RefundComment')],
    ]),
  ),
  'POST /api/v2.0/accounts/{id}/deactivate': byId('Account'),
  'POST /api/v2.0/accounts/{id}/activate': byId('Account', async ({ id }, { us }) => {
    await us.v2('POST', `/accounts/${id}/deactivate`)
    return {}
  }),
  'GET /api/v2.0/application-users/{userId}/keys': byId('ApplicationUser', ({ id }) => ({
    userId: id,
  })),
  'POST /api/v2.0/application-users/{userId}/keys': byId('ApplicationUser', ({ id }) => ({
    userId: id,
  })),
  'DELETE /api/v2.0/application-users/{userId}/keys/{id}': byId(
    'ApplicationUser',
    async ({ id: userId }, { us }) => {
      const made = await us.v2('POST', `/application-users/${userId}/keys`)
      return { userId, id: made.body.id }
    },
  ),
  'POST /api/user-space-role/list': newRole('space', true),
  'POST /api/user-space-role/addRole': newRole('space', false),
  'POST /api/user-space-role/removeRole': newRole('space', true),
  'POST /api/user-account-role/list': newRole('account', true),
  'POST /api/user-account-role/addRole': newRole('account', false),
  'POST /api/user-account-role/removeRole': newRole('account', true),
  ...roleScenes('application-users', 'ApplicationUser'),
  ...roleScenes('human-users', 'HumanUser'),
  ...roleScenes('single-sign-on-users', 'SingleSignOnUser'),
  'GET /api/country-state/country': code,
  'GET /api/v2.0/countries/{countryCode}/states': code,
  'GET /api/v2.0/countries/states': () => Promise.resolve({ params: {} }),
  'GET /api/v2.0/countries/states/{id}': async ({ us }) => {
    const { body } = await us.v2('GET', '/countries/CH/states')
    return { params: { id: body[0].id }, check: ({ id }) => expect(id).toBe(body[0].id) }
  },
  'GET /api/legal-organization-form/country': code,
  'GET /api/webhook-encryption/read': keyOfNotices,
  'GET /api/v2.0/webhooks/encryption-keys/{id}': keyOfNotices,
  'POST /api/transaction-invoice/markAsPaid': byId('TransactionInvoice'),
  'POST /api/v2.0/payment/transactions/invoices/{id}/mark-paid': byId('TransactionInvoice'),
  'POST /api/transaction-invoice/markAsDerecognized': byId('TransactionInvoice'),
  'POST /api/v2.0/payment/transactions/invoices/{id}/derecognize': byId('TransactionInvoice'),
  'POST /api/transaction-invoice/replace': replacing,
  'POST /api/v2.0/payment/transactions/invoices/{id}/replace': replacing,
  'GET /api/transaction-invoice/isReplacementPossible': byId('TransactionInvoice'),
  'GET /api/v2.0/payment/transactions/invoices/{id}/check-replacement-possible':
    byId('TransactionInvoice'),
  'GET /api/transaction-invoice/getInvoiceDocument': byId('TransactionInvoice'),
  'GET /api/v2.0/payment/transactions/invoices/{id}/document': byId('TransactionInvoice'),
  'GET /api/transaction-invoice/getInvoiceDocumentWithTargetMediaType': byId(
    'TransactionInvoice',
    () => pdf,
  ),
  'POST /api/transaction-invoice-comment/all': commentsOf('TransactionInvoiceComment', 'invoice'),
  'POST /api/refund-comment/all': commentsOf('RefundComment', 'refund'),
  'POST /api/refund/refund': async ({ us }) => ({ params: {}, body: await newRefund(us) }),
  'POST /api/refund/succeed': waitingRefund,
  'POST /api/v2.0/payment/refunds/{id}/mark-succeeded': waitingRefund,
  'POST /api/refund/fail': waitingRefund,
  'POST /api/v2.0/payment/refunds/{id}/mark-failed': waitingRefund,
  'GET /api/refund/getRefundDocument': waitingRefund,
  'GET /api/v2.0/payment/refunds/{id}/document': waitingRefund,
  'GET /api/refund/getRefundDocumentWithTargetMediaType': async (stage) => {
    const { params } = await waitingRefund(stage)
    return { params: { ...params, ...pdf } }
  },
  'POST /api/v2.0/payment/dunning-cases/invoice/{invoiceId}': left,
  'POST /api/v2.0/payment/dunning-cases/{id}/suspend': byId('DunningCase', () => ({
    plannedEndDate: new Date(Date.now() + 30 * 86_400_000),
  })),
  'GET /api/v2.0/manual-tasks/{id}/notification': byId('ManualTask'),
  'POST /api/v2.0/manual-tasks/{id}/action/{actionId}': byId('ManualTask', ({ actions }) => ({
    actionId: idOf(actions[0]),
  })),
  'POST /api/charge-flow/applyFlow': left,
  'POST /api/v2.0/payment/transactions/{id}/charge-flow/apply': left,
  'POST /api/charge-flow/cancel-charge-flow': chased,
  'POST /api/v2.0/payment/transactions/{id}/charge-flow/cancel': chased,
  'GET /api/charge-flow/fetch-charge-flow-payment-page-url': chased,
  'GET /api/v2.0/payment/transactions/{id}/charge-flow/payment-page-url': chased,
  'POST /api/charge-flow/updateRecipient': recipient,
  'POST /api/v2.0/payment/transactions/{id}/charge-flow/update-recipient': recipient,
  'POST /api/charge-flow-level/sendMessage': byId('ChargeFlowLevel'),
  'POST /api/v2.0/payment/charge-flows/levels/{id}/send-message': byId('ChargeFlowLevel'),
}
