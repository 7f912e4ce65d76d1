import { type AddressInfo, createServer, type Socket } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import { createSmtpTransport, type SmtpOptions } from './smtp-transport.ts'
import type { Outgoing, Transport } from './transport.ts'

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const patient = { timeout: 20_000 }
const mail = (n = 0, text = `Mail ${n}`): Outgoing => ({
  messageId: `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  from: 'collections@acme.example',
  to: 'ada@example.com',
  eml: Buffer.from(`Subject: ${n}\r\n\r\n${text}\r\n`),
  text,
})
const accepted = { outcome: 'accepted' }

function transport(url: string, more: Partial<SmtpOptions> = {}): Required<Transport> {
  const made = createSmtpTransport({ url, ...more }) as Required<Transport>
  closing.push(() => made.close())
  return made
}

interface Server {
  readonly url: string
  readonly server: SMTPServer
  /** By connection, in their order, the subjects that came over it. */
  readonly mails: string[][]
  readonly logins: string[]
  hangUp(): void
}

/** A server that remembers which mail came over which connection. */
async function smtp(options: SMTPServerOptions = {}, login = ''): Promise<Server> {
  const mails = new Map<string, string[]>()
  const logins: string[] = []
  const server = new SMTPServer({
    logger: false,
    authOptional: login === '',
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, done) {
      logins.push(username ?? '')
      if (password === 'right') done(null, { user: username })
      else done(Object.assign(new Error('Wrong password'), { responseCode: 535 }))
    },
    onConnect({ id }, done) {
      mails.set(id, [])
      done()
    },
    onData(stream, { id }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        mails.get(id)?.push(/^Subject: (.*)\r\n/.exec(text)?.[1] ?? '')
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(() => resolve())))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://${login}127.0.0.1:${port}`,
    server,
    get mails() {
      return [...mails.values()]
    },
    logins,
    hangUp: () => server.connections.forEach((connection) => connection.close()),
  }
}

/** Answers commands by its own script; `heard` has what came, by connection. */
async function scripted(answer: (line: string, connection: number) => string) {
  const heard: string[][] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const lines: string[] = []
    const connection = heard.push(lines)
    sockets.add(socket)
    let rest = ''
    let isBody = false
    const hear = (line: string) => {
      if (isBody && line !== '.') return
      isBody = line === 'DATA'
      lines.push(line)
      const said = answer(line, connection)
      if (said === 'hang up') socket.destroy()
      else if (said !== 'silence') socket.write(`${said}\r\n`)
    }
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString()).split('\r\n')
      rest = parts.pop() ?? ''
      for (const line of parts) hear(line)
    })
    socket.write('220 here\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  })
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

/** What a server says that finds nothing wrong. */
function friendly(line: string): string {
  if (line === 'DATA') return '354 go on'
  return line === 'QUIT' ? '221 bye' : '250 fine'
}

describe('connections to the SMTP server', () => {
  test('carry one mail after another, with one login', async () => {
    const server = await smtp({}, 'ada:right@')
    const { send } = transport(server.url)
    for (let n = 0; n < 4; n += 1) expect(await send(mail(n))).toEqual(accepted)
    expect(server.mails).toEqual([['0', '1', '2', '3']])
    expect(server.logins).toEqual(['ada'])
  })

  test('are at most five, and each mail goes over one of them once', async () => {
    const server = await smtp()
    const { send } = transport(server.url)
    const results = await Promise.all(Array.from({ length: 30 }, (_, n) => send(mail(n))))
    expect(results).toEqual(results.map(() => accepted))
    expect(server.mails).toHaveLength(5)
    expect(new Set(server.mails.flat()).size).toBe(30)
    expect(server.mails.flat()).toHaveLength(30)
  })

  test('carry a hundred mails and not more', async () => {
    const server = await smtp()
    const { send } = transport(server.url)
    for (let n = 0; n < 101; n += 1) expect(await send(mail(n))).toEqual(accepted)
    expect(server.mails.map((each) => each.length)).toEqual([100, 1])
  })

  test('are ended after a rest', async () => {
    const server = await smtp()
    const { send } = transport(server.url, { restMs: 20 })
    await send(mail())
    await expect.poll(() => server.server.connections.size, patient).toBe(0)
    expect(await send(mail(1))).toEqual(accepted)
    expect(server.mails).toEqual([['0'], ['1']])
  })

  test('are ended with a goodbye when the server shuts down, also those that are at work then', async () => {
    const server = await scripted(friendly)
    const { send, close } = transport(server.url)
    await send(mail())
    const sending = send(mail(1))
    close()
    expect(await sending).toEqual(accepted)
    const isOver = () => server.heard.every((lines) => lines.at(-1) === 'QUIT')
    await expect.poll(isOver, patient).toBe(true)
  })

  test('that the server ended while they rested are replaced without a word', async () => {
    const server = await smtp()
    const { send } = transport(server.url)
    await send(mail(0))
    server.hangUp()
    expect(await send(mail(1))).toEqual(accepted)
    expect(server.mails).toEqual([['0'], ['1']])
  })

  test('that say nothing any more are replaced too', async () => {
    const server = await scripted((line) => (line === 'RSET' ? 'silence' : friendly(line)))
    const { send } = transport(server.url, { wakeMs: 50 })
    expect(await send(mail(0))).toEqual(accepted)
    expect(await send(mail(1))).toEqual(accepted)
    expect(server.heard).toHaveLength(2)
  })

  test.each([
    ['the question whether it is there', 'RSET'],
    ['the sender of the next mail', 'MAIL'],
  ])('that answer 421 to %s are left for another one', async (_what, command) => {
    const server = await scripted((line, connection) => {
      const isLater = connection === 1 && server.heard[0]!.includes('RSET')
      return isLater && line.startsWith(command) ? '421 too much of you' : friendly(line)
    })
    const { send } = transport(server.url)
    expect(await send(mail(0))).toEqual(accepted)
    expect(await send(mail(1))).toEqual(accepted)
    const bodies = server.heard.map((lines) => lines.filter((line) => line === '.').length)
    expect(bodies).toEqual([1, 1])
  })

  test('a new one that answers 421 says that the mail has to wait', async () => {
    const server = await scripted((line) =>
      line.startsWith('MAIL') ? '421 not now' : friendly(line),
    )
    const { send } = transport(server.url)
    expect(await send(mail())).toMatchObject({ outcome: 'temporary', mayHaveLeft: false })
    expect(server.heard).toHaveLength(1)
  })
})

describe('a mail of which a byte has left', () => {
  test('over a connection that had worked before is not known to have arrived when that ends', async () => {
    const server = await scripted((line, connection) => {
      const isSecond = connection === 1 && server.heard[0]!.includes('RSET')
      return isSecond && line === '.' ? 'hang up' : friendly(line)
    })
    const { send } = transport(server.url)
    expect(await send(mail(0))).toEqual(accepted)
    expect(await send(mail(1))).toMatchObject({ outcome: 'unknown' })
    expect(server.heard).toHaveLength(1)
    expect(await send(mail(2))).toEqual(accepted)
  })

  test('is not known to have arrived either where the server leaves in the middle of it', async () => {
    const state = { isRude: false, begun: 0 }
    const server = await smtp({
      onData(stream, _session, done) {
        stream.once('data', () => {
          state.begun += 1
          if (state.isRude) server.hangUp()
        })
        stream.resume()
        stream.on('end', () => done())
      },
    })
    const { send } = transport(server.url)
    expect(await send(mail(0))).toEqual(accepted)
    state.isRude = true
    const large = mail(1, 'x'.repeat(70).concat('\r\n').repeat(100_000))
    expect(await send(large)).toMatchObject({ outcome: 'unknown' })
    expect(state.begun).toBe(2)
  })
})

describe('a server that refuses', () => {
  test('one mail takes the next', async () => {
    const server = await smtp({
      onRcptTo({ address }, _session, done) {
        const isKnown = address === 'ada@example.com'
        done(isKnown ? null : Object.assign(new Error('Who?'), { responseCode: 550 }))
      },
    })
    const { send } = transport(server.url)
    expect(await send(mail(0))).toEqual(accepted)
    expect(await send({ ...mail(1), to: 'nobody@example.com' })).toMatchObject({
      outcome: 'permanent',
      error: expect.stringContaining('Who?'),
    })
    expect(await send(mail(2))).toEqual(accepted)
    expect(server.mails.flat()).toEqual(['0', '2'])
  })

  test('our password has not refused the mail, which is tried again', async () => {
    const server = await smtp({}, 'ada:wrong@')
    expect(await transport(server.url).send(mail())).toMatchObject({
      outcome: 'temporary',
      mayHaveLeft: false,
      error: expect.stringContaining('Wrong password'),
    })
    expect(server.mails).toEqual([[]])
  })
})
