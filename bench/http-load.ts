import net from 'node:net'
import { type HttpJob, type Report, Tally } from './jobs.ts'
import { type Request, requestOf } from './requests.ts'

/**
 * A process that loads a server over keep-alive connections, one request at a time on each. It speaks HTTP by hand,
 * because it shares two cores with what it measures: a request costs it a third of what a client library takes.
 */
process.on('message', (job: HttpJob) => {
  void load(job).then((report) => process.send?.(report))
})

async function load(job: HttpJob): Promise<Report> {
  const { hostname, port } = new URL(job.url)
  const sockets = await Promise.all(
    Array.from({ length: job.connections }, () => connect(hostname, Number(port))),
  )
  const tally = new Tally(job.extent)
  await Promise.all(sockets.map((socket) => drive(socket, job, tally)))
  for (const socket of sockets) socket.destroy()
  return tally.report()
}

function connect(host: string, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

function drive(socket: net.Socket, job: HttpJob, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    let received: Buffer | undefined
    let sentAt = 0
    const send = () => {
      const number = tally.next()
      if (number === undefined) return resolve()
      sentAt = performance.now()
      socket.write(textOf(job, requestOf(job.task, number)))
    }
    socket.on('data', (chunk) => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk])
      if (!isWhole(received)) return
      const failure = failureOf(received)
      received = undefined
      if (failure === undefined) tally.done(sentAt)
      else tally.fail(failure)
      send()
    })
    socket.on('error', (error) => {
      tally.fail(error.message)
      resolve()
    })
    socket.on('end', () => {
      tally.fail('the server closed a connection')
      resolve()
    })
    send()
  })
}

function textOf(job: HttpJob, { method, path, body }: Request): string {
  const head = `${method} /v1/${job.tenantId}/${path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${job.token}\r\n`
  if (method === 'GET') return `${head}\r\n`
  // All bodies are ASCII, so characters are bytes.
  return `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

const lengthHeader = /\r\ncontent-length: (\d+)\r\n/i

function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = lengthHeader.exec(bytes.toString('latin1', 0, end + 2))?.[1]
  if (length === undefined) throw new Error('an answer without content-length')
  return bytes.length >= end + 4 + Number(length)
}

/** Anything but 2xx, and any item that says it did not succeed, spoils the run. */
function failureOf(bytes: Buffer): string | undefined {
  const isGood = bytes[9] === 0x32 && !bytes.includes('"success":false')
  return isGood ? undefined : bytes.toString('latin1', 0, 2_000)
}
