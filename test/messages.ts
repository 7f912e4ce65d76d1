import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { expect } from 'vitest'
import {
  createPrepare,
  createRenderer,
  messageWork,
  type SendDeps,
  unsubscribeToken,
} from '../src/communications/index.ts'
import type { TimedWork } from '../src/platform/timed-work.ts'
import { person, type TestTenant, type World } from './world.ts'

type Fields = Record<string, unknown>

/** A sender of its own on the world's database, at the world's time, so that a test says when it works. */
export function senderOf(it: World, more: Partial<SendDeps> = {}): TimedWork {
  const { services, sealer } = it.assembly
  const clock = () => new Date(it.now)
  return messageWork({
    db: services.db,
    log: services.log,
    clock,
    nowOf: clock,
    prepare: createPrepare({ renderer: rendererOf(it), publicUrl: () => 'https://pay.example' }),
    transports: { email: undefined, sms: undefined },
    mailFrom: 'collections@acme.example',
    unsubscribeUrl: (tenantId, messageId) =>
      `https://pay.example/u/${unsubscribeToken(sealer, { tenantId, messageId })}`,
    ...more,
  })
}

const renderers = new WeakMap<World, ReturnType<typeof createRenderer>>()

function rendererOf(it: World) {
  const known = renderers.get(it) ?? createRenderer()
  renderers.set(it, known)
  return known
}

/** Ends the renderer of a world's senders. */
export function closeSenders(it: World): void {
  renderers.get(it)?.close()
}

/** Sends all that is due now. */
export function sendDue(work: TimedWork, tenant: TestTenant): Promise<void> {
  return work.runDue(tenant.tenantId, new AbortController().signal)
}

const contents = {
  email: {
    subject: 'Claim {{ externalClaimRef }}',
    text: 'You owe {{ totalAmount }}.\n{{ customBody }}\n',
  },
  sms: { text: 'You owe {{ totalAmount }}. {{ landingPageUrl }}' },
  letter: {
    subject: 'Reminder',
    text: 'Dear {{ debtor.lastName }},\n\nplease pay {{ totalAmount }}.',
  },
}

/** Keeps a bundle and answers its id. */
export async function bundle(
  tenant: TestTenant,
  channel: keyof typeof contents = 'email',
  content: Fields = contents[channel],
): Promise<string> {
  const answer = await native(tenant, 'POST', '/bundles', {
    name: `${channel} ${Math.random()}`,
    channel,
    fallbackLanguage: 'en',
    languages: { en: content },
  })
  expect(answer).toMatchObject({ status: 201 })
  return answer.body.id as string
}

/** Opens claims of 12,345 cents each, all of debtor D with an e-mail address, a mobile number and a home in Berlin. */
export async function openClaims(
  tenant: TestTenant,
  references: readonly string[] = ['C'],
  contact: Fields = {},
): Promise<void> {
  const contactInformation = {
    country: 'DE',
    email: 'ada@example.com',
    mobileNumber: '+491701234567',
    addressLine1: 'Hauptstr.',
    houseNumber: '1',
    postalCode: '10115',
    city: 'Berlin',
    ...contact,
  }
  const claim = {
    amount: 12_345,
    currency: 'EUR',
    originalDueDate: '2026-01-15',
    currentDueDate: '2026-01-20',
    primaryDebtor: person('D', { contactInformation }),
  }
  const body = Object.fromEntries(references.map((reference) => [reference, claim]))
  const answer = await tenant.post('create_claims', body)
  for (const reference of references)
    expect(answer.body[reference]).toMatchObject({ success: true })
}

type Call = [
  tenant: TestTenant,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
]

/** Calls our own door. */
export const native = (...[tenant, method, path, body, headers = {}]: Call) =>
  tenant.call({
    method,
    url: `/q/v1${path}`,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined
      ? {}
      : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })

/** Queues a message as an agent does and answers its id. */
export async function write(tenant: TestTenant, message: Fields): Promise<string> {
  const answer = await native(tenant, 'POST', '/messages', {
    claimReference: 'C',
    channel: 'email',
    ...message,
  })
  expect(answer).toMatchObject({ status: 202, body: { status: 'QUEUED' } })
  return answer.body.id as string
}

export async function messageOf(tenant: TestTenant, id: string): Promise<Record<string, any>> {
  const answer = await native(tenant, 'GET', `/messages/${id}`)
  expect(answer.status).toBe(200)
  return answer.body as Record<string, any>
}

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly bytes: Buffer
}

export interface MailServer {
  readonly url: string
  readonly received: ReceivedMail[]
  close(): Promise<void>
}

/** A real SMTP server. `answer` may refuse a mail once it is whole, with a status. */
export async function mailServer(
  answer: (mail: ReceivedMail) => number | 'hang up' | undefined = () => undefined,
  refuseRecipient: (address: string) => number | undefined = () => undefined,
): Promise<MailServer> {
  const received: ReceivedMail[] = []
  const refused = (status: number) =>
    Object.assign(new Error(`refused by the test`), { responseCode: status })
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo({ address }, _session, done) {
      const status = refuseRecipient(address)
      done(status === undefined ? null : refused(status))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        const mail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          bytes: Buffer.concat(chunks),
        }
        received.push(mail)
        const status = answer(mail)
        if (status === 'hang up') {
          for (const connection of server.connections) connection.close()
          return
        }
        done(status === undefined ? null : refused(status))
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

export interface ReceivedSms {
  readonly headers: IncomingHttpHeaders
  readonly body: Record<string, unknown>
}

/** A provider of text messages that takes a key once, and answers as it is told. */
export async function smsProvider(statusOf: (attempt: number) => number = () => 202) {
  const received: ReceivedSms[] = []
  const taken = new Map<string, unknown>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
      received.push({ headers: request.headers, body })
      taken.set(String(request.headers['idempotency-key']), body)
      response.writeHead(statusOf(received.length), { 'content-type': 'application/json' })
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`,
    received,
    taken,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
