import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  findMessage,
  listMessages,
  Message,
  messageEml,
  MessagePage,
  MessageQuery,
  NewBounce,
  NewMessage,
  readDsn,
  recordBounce,
  writeMessage,
} from '../../communications/index.ts'
import type { Services } from '../../platform/services.ts'
import { answerOnce, type Exchange } from './answer-once.ts'
import { IdPath, idOf, mountRoutes, NoPath, operationsOf, readOf, type Route } from './routes.ts'

interface Deps {
  readonly services: Services
}

const tag = 'Messages'

const routes: readonly Route<Deps>[] = [
  {
    id: 'messages.list',
    method: 'GET',
    path: '/messages',
    tag,
    summary: 'Messages, the newest first, each with why it was sent, was withheld or waits',
    params: NoPath,
    query: MessageQuery,
    answer: MessagePage,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => listMessages(tx, request.query as MessageQuery)),
  },
  {
    id: 'messages.create',
    method: 'POST',
    path: '/messages',
    tag,
    summary: 'Send a bundle to the debtor of a claim, as soon as the send gate lets it',
    params: NoPath,
    body: NewMessage,
    answer: Message,
    status: 202,
    handle: ({ services }, exchange) =>
      answerOnce(services, exchange, async (tx) => ({
        status: 202,
        body: await writeMessage(tx, exchange.request.body as NewMessage),
      })),
  },
  {
    id: 'messages.get',
    method: 'GET',
    path: '/messages/{id}',
    tag,
    summary: 'One message, and why it was sent, was withheld or waits',
    params: IdPath,
    answer: Message,
    status: 200,
    handle: ({ services }, { request }) =>
      readOf(services, request, (tx) => findMessage(tx, idOf(request))),
  },
  {
    id: 'messages.eml',
    method: 'GET',
    path: '/messages/{id}/eml',
    tag,
    summary: 'A message as it left, byte for byte, as message/rfc822',
    params: IdPath,
    status: 200,
    handle: sendEml,
  },
]

/** As JSON, or the notification of a mail server itself. */
const BounceBody = Type.Union([NewBounce, Type.String()])
const bounceRoutes: readonly Route<Deps>[] = [
  {
    id: 'messages.bounce',
    method: 'POST',
    path: '/messages/bounces',
    tag,
    summary: 'Say that a message came back: as JSON, or the notification itself as message/rfc822',
    params: NoPath,
    body: BounceBody,
    answer: Message,
    status: 200,
    handle: bounce,
  },
]
const rawTypes = ['message/rfc822', 'message/global', 'multipart/report', 'text/plain']

export const messageOperations = [...operationsOf(routes), ...operationsOf(bounceRoutes)]

/** Mounts what shows and sends messages. The tenant of a request is known by then. */
export function mountMessages(scope: FastifyInstance, deps: Deps): void {
  mountRoutes(scope, deps, routes)
  void scope.register(async (inner) => {
    inner.addContentTypeParser(rawTypes, { parseAs: 'string' }, (_request, text, done) => {
      done(null, text)
    })
    mountRoutes(inner, deps, bounceRoutes)
  })
}

/** Somebody else's words may be in it: nothing may show, run or guess at them. */
async function sendEml({ services }: Deps, { request, reply }: Exchange): Promise<FastifyReply> {
  const eml = await readOf(services, request, (tx) => messageEml(tx, idOf(request)))
  void reply.headers({
    'content-type': 'message/rfc822',
    'content-disposition': `attachment; filename="${idOf(request)}.eml"`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; sandbox`,
    'cache-control': 'private, no-store',
  })
  return reply.send(eml)
}

async function bounce({ services }: Deps, exchange: Exchange): Promise<FastifyReply> {
  const told = await bounceOf(exchange.request)
  return answerOnce(services, exchange, async (tx) => ({
    status: 200,
    body: await recordBounce(tx, told),
  }))
}

async function bounceOf({ body }: FastifyRequest): Promise<NewBounce> {
  if (typeof body === 'string') return readDsn(Buffer.from(body, 'utf8'))
  const { messageId, ...rest } = body as NewBounce
  return { messageId: messageId.toLowerCase(), ...rest }
}
