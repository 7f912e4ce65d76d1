import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import {
  listSuppressed,
  preferencesOf,
  releaseAddress,
  requireContact,
  setPreference,
  suppressAddress,
} from '../../contacts/index.ts'
import * as shapes from '../../contacts/schema.ts'
import type { Tx } from '../../platform/db.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import {
  ClaimPath as DebtorPath,
  mountRoutes,
  NoPath,
  operationsOf,
  readOf,
  referenceOf,
  type Route,
} from './routes.ts'

interface Deps {
  readonly services: Services
}

const tag = 'Contacts'
const AddressPath = Type.Object({
  channel: shapes.SuppressibleChannel,
  address: Type.String({ minLength: 1, maxLength: 320 }),
})

const routes: readonly Route<Deps>[] = [
  {
    id: 'contacts.get',
    method: 'GET',
    path: '/contacts/{reference}',
    tag,
    summary: 'What a debtor said about being written to, by channel',
    params: DebtorPath,
    answer: shapes.ContactPreferences,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => shown(tx, referenceOf(request))),
  },
  {
    id: 'contacts.setPreference',
    method: 'POST',
    path: '/contacts/{reference}/preferences',
    tag,
    summary: 'Keep what a debtor says about a channel: allowed, denied, or unset',
    params: DebtorPath,
    body: shapes.PreferenceChange,
    answer: shapes.ContactPreferences,
    status: 200,
    handle: prefer,
  },
  {
    id: 'suppressedAddresses.list',
    method: 'GET',
    path: '/suppressed-addresses',
    tag,
    summary: 'Addresses that nothing is sent to, in the order of the alphabet',
    params: NoPath,
    query: shapes.SuppressedQuery,
    answer: shapes.SuppressedPage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) =>
        listSuppressed(tx, request.query as shapes.SuppressedQuery),
      ),
  },
  {
    id: 'suppressedAddresses.add',
    method: 'POST',
    path: '/suppressed-addresses',
    tag,
    summary: 'Send nothing to an address any more, whosever it is',
    params: NoPath,
    body: shapes.NewSuppression,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        const added = exchange.request.body as shapes.NewSuppression
        await suppressAddress(tx, { ...added, reason: 'agent' })
        return { status: 204 }
      }),
  },
  {
    id: 'suppressedAddresses.release',
    method: 'DELETE',
    path: '/suppressed-addresses/{channel}/{address}',
    tag,
    summary: 'Send to an address again',
    params: AddressPath,
    status: 204,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => {
        await releaseAddress(tx, exchange.request.params as Static<typeof AddressPath>)
        return { status: 204 }
      }),
  },
]

export const contactOperations = operationsOf(routes)

/** Mounts what is said about being written to. The tenant of a request is known by then. */
export function mountContacts(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
}

async function shown(tx: Tx, debtorReference: string): Promise<shapes.ContactPreferences> {
  await requireContact(tx, debtorReference)
  return { debtorReference, preferences: await preferencesOf(tx, debtorReference) }
}

function prefer({ services }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const debtorReference = referenceOf(exchange.request)
  const { channel, preference, source = 'agent' } = exchange.request.body as shapes.PreferenceChange
  return answerOnce(services, exchange, async (tx) => {
    await requireContact(tx, debtorReference)
    await setPreference(tx, { debtorReference, channel, preference, source })
    return { status: 200, body: await shown(tx, debtorReference) }
  })
}
