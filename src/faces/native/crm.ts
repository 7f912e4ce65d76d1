import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { Reference } from '../../accounts/schema.ts'
import {
  accountsOf,
  billAnswer,
  changeConfig,
  type Config,
  createBill,
  createCard,
  createConfig,
  createUser,
  createWebApiKey,
  findAccount,
  findBill,
  listBills,
  listCards,
  listConfig,
  listSequences,
  moveSequence,
  refuseCrm,
  removeCard,
  removeConfig,
} from '../../crm/index.ts'
import * as shapes from '../../crm/schema.ts'
import { inTransaction, type Tx } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange, type WriteAnswer } from './answer-once.ts'
import type { NativeOperation } from './operation.ts'

interface Deps {
  readonly services: Services
}

interface Route extends NativeOperation {
  /** What it does in one transaction; a read is answered with status 200. */
  readonly work: (tx: Tx, request: FastifyRequest) => Promise<WriteAnswer>
}

const tag = 'CRM.COM configuration'
const NoPath = Type.Object({})
const IdPath = Type.Object({ id: shapes.ConfigId })
const listed = (item: TSchema) => Type.Object({ items: Type.Array(item) })
const idOf = ({ params }: FastifyRequest) => (params as { id: string }).id

type Wanted = Omit<Route, 'tag' | 'params'> & { params?: TSchema }
const route = (wanted: Wanted): Route => ({ tag, params: NoPath, ...wanted })

const kinds = [
  { kind: 'TYPE', path: '/crm/types', name: 'crmTypes', words: 'financial transaction types' },
  { kind: 'CATEGORY', path: '/crm/categories', name: 'crmCategories', words: 'categories' },
  { kind: 'METHOD', path: '/crm/payment-methods', name: 'crmMethods', words: 'payment methods' },
  {
    kind: 'REASON',
    path: '/crm/rejection-reasons',
    name: 'crmReasons',
    words: 'rejection reasons',
  },
  { kind: 'UNIT', path: '/crm/units', name: 'crmUnits', words: 'units' },
  { kind: 'USER', path: '/crm/users', name: 'crmUsers', words: 'users' },
] as const

const routes: readonly Route[] = [
  ...kinds.flatMap(routesOfKind),
  route({
    id: 'crmWebApiKeys.create',
    method: 'POST',
    path: '/crm/users/{id}/web-api-keys',
    summary: 'Make a web API key for a user; it is shown this once and replaces none',
    params: IdPath,
    answer: shapes.WebApiKey,
    status: 201,
    async work(tx, request) {
      const users = await listConfig(tx, 'USER')
      const user = users.find(({ id }) => id === idOf(request))
      if (!user) throw refuseCrm('config_not_found')
      return created({ key: await createWebApiKey(tx, user.id) })
    },
  }),
  route({
    id: 'crmBills.create',
    method: 'POST',
    path: '/crm/bills',
    summary: 'Group invoices of an account into a bill',
    body: shapes.NewBill,
    answer: shapes.Bill,
    status: 201,
    work: async (tx, { body }) => created(await createBill(tx, body as shapes.NewBill)),
  }),
  route({
    id: 'crmBills.list',
    method: 'GET',
    path: '/crm/bills',
    summary: 'The bills of an account, the oldest first',
    query: Type.Object({ accountReference: Reference }),
    answer: listed(shapes.Bill),
    status: 200,
    async work(tx, { query }) {
      const { accountReference } = query as { accountReference: string }
      const { accountId } = await findAccount(tx, { field: 'number', value: accountReference })
      const bills = await listBills(tx, { accountId })
      return found({ items: bills.map((bill) => billAnswer(bill, accountReference)) })
    },
  }),
  route({
    id: 'crmBills.get',
    method: 'GET',
    path: '/crm/bills/{id}',
    summary: 'One bill',
    params: IdPath,
    answer: shapes.Bill,
    status: 200,
    async work(tx, request) {
      const bill = await findBill(tx, { field: 'id', value: idOf(request) })
      const account = (await accountsOf(tx, [bill.accountId])).get(bill.accountId)
      return found(billAnswer(bill, account?.reference ?? ''))
    },
  }),
  route({
    id: 'crmCards.create',
    method: 'POST',
    path: '/crm/cards',
    summary: 'Keep a card that the payment gateway knows, for a debtor',
    body: shapes.NewCard,
    answer: shapes.Card,
    status: 201,
    work: async (tx, { body }) => created(await createCard(tx, body as shapes.NewCard)),
  }),
  route({
    id: 'crmCards.list',
    method: 'GET',
    path: '/crm/cards',
    summary: 'The cards of a debtor, the oldest first',
    query: Type.Object({ debtorReference: Reference }),
    answer: listed(shapes.Card),
    status: 200,
    work: async (tx, { query }) =>
      found({ items: await listCards(tx, (query as { debtorReference: string }).debtorReference) }),
  }),
  route({
    id: 'crmCards.delete',
    method: 'DELETE',
    path: '/crm/cards/{id}',
    summary: 'Forget a card; payments that were charged to it stay',
    params: IdPath,
    status: 204,
    async work(tx, request) {
      await removeCard(tx, idOf(request))
      return { status: 204 }
    },
  }),
  route({
    id: 'crmSequences.list',
    method: 'GET',
    path: '/crm/sequences',
    summary: 'The last numbers that were given out, by classification',
    answer: listed(shapes.Sequence),
    status: 200,
    work: async (tx) => found({ items: await listSequences(tx) }),
  }),
  route({
    id: 'crmSequences.move',
    method: 'PATCH',
    path: '/crm/sequences/{classification}',
    summary: 'Let a sequence go on after a higher number',
    params: Type.Object({ classification: shapes.SequenceName }),
    body: shapes.SequencePatch,
    answer: shapes.Sequence,
    status: 200,
    async work(tx, { params, body }) {
      const { classification } = params as { classification: shapes.Sequence['classification'] }
      return found(await moveSequence(tx, classification, body as shapes.SequencePatch))
    },
  }),
]

const created = (body: unknown): WriteAnswer => ({ status: 201, body })
const found = (body: unknown): WriteAnswer => ({ status: 200, body })

function routesOfKind({ kind, path, name, words }: (typeof kinds)[number]): Route[] {
  const answer = shapes.configAnswer(kind)
  const at = (request: FastifyRequest) => ({ kind, id: idOf(request) })
  return [
    route({
      id: `${name}.list`,
      method: 'GET',
      path,
      summary: `All ${words} in use, in the order in which they were made`,
      answer: listed(answer),
      status: 200,
      work: async (tx) => found({ items: (await listConfig(tx, kind)).map(shown) }),
    }),
    route({
      id: `${name}.create`,
      method: 'POST',
      path,
      summary:
        kind === 'USER'
          ? 'Add a user; the password is shown this once'
          : `Add one to the ${words}; an id of another system may be kept`,
      body: shapes.newConfig(kind),
      answer:
        kind === 'USER' ? Type.Object({ ...answer.properties, login: shapes.UserLogin }) : answer,
      status: 201,
      async work(tx, { body }) {
        const input = body as shapes.ConfigInput
        if (kind !== 'USER') return created(shown(await createConfig(tx, kind, input)))
        const { user, organisation, password } = await createUser(tx, input)
        return created({ ...shown(user), login: { organisation, username: user.name, password } })
      },
    }),
    route({
      id: `${name}.change`,
      method: 'PATCH',
      path: `${path}/{id}`,
      summary: `Change one of the ${words}`,
      params: IdPath,
      body: shapes.configPatch(kind),
      answer,
      status: 200,
      work: async (tx, request) =>
        found(shown(await changeConfig(tx, at(request), request.body as shapes.ConfigInput))),
    }),
    route({
      id: `${name}.delete`,
      method: 'DELETE',
      path: `${path}/{id}`,
      summary: `Take one of the ${words} out of use; payments that name it keep it`,
      params: IdPath,
      status: 204,
      async work(tx, request) {
        await removeConfig(tx, at(request))
        return { status: 204 }
      },
    }),
  ]
}

function shown({ id, name, alternativeCode, description, data }: Config) {
  return { id, name, alternativeCode, description, ...data }
}

export const crmNativeOperations: readonly NativeOperation[] = routes.map(
  ({ work: _work, ...operation }) => operation,
)

/** Mounts what configures the CRM.COM door. The tenant of a request is known by then. */
export function mountCrm(scope: FastifyInstance, deps: Deps): void {
  for (const one of routes) {
    const { method, path, params, query, body } = one
    scope.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
      schema: {
        params,
        ...(query ? { querystring: query } : {}),
        ...(body ? { body } : {}),
      },
      handler: (request, reply) => handle(deps, one, { request, reply }),
    })
  }
}

async function handle(
  deps: Deps,
  { method, work }: Route,
  exchange: Exchange,
): Promise<FastifyReply> {
  const { request, reply } = exchange
  if (method !== 'GET') return answerOnce(deps.services, exchange, (tx) => work(tx, request))
  const { db, clocks } = deps.services
  const { tenantId } = request.tenant
  // Not read only: a tenant that looks for the first time is given the names that a new one has.
  const { status, body } = await inTransaction(
    db,
    { tenantId, now: clocks.nowOf(tenantId) },
    (tx) => work(tx, request),
  )
  return reply.code(status).send(body)
}
