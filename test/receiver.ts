import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- what was posted, looked at by the tests
  readonly body: any
}

/** A status to answer with, or whatever a test wants to do with the response itself. */
export type Reaction = number | ((response: ServerResponse) => void)

export interface Receiver {
  readonly url: string
  /** Everything that arrived, in order. */
  readonly received: Received[]
  /** What arrived and was answered with success. */
  readonly acknowledged: Received[]
  /** Decides what is answered; 200 unless a test says otherwise. */
  react: (message: Received) => Reaction
  close(): Promise<void>
}

/** A real server on this machine that webhooks are sent to. */
export async function startReceiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const { url: path = '', headers } = request
      const message = { path, headers, text, body: text === '' ? undefined : JSON.parse(text) }
      it.received.push(message)
      const reaction = it.react(message)
      if (typeof reaction === 'function') return reaction(response)
      if (reaction < 300) it.acknowledged.push(message)
      response.writeHead(reaction).end('noted')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const it: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received: [],
    acknowledged: [],
    react: () => 200,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return it
}
