import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { AwsV4Signer } from 'aws4fetch'

export interface FakeS3 {
  readonly endpoint: string
  readonly objects: Map<string, Buffer>
  /** `METHOD status` of each request. */
  readonly seen: string[]
  /** Statuses to answer with instead, one per request. */
  readonly failures: number[]
  close(): Promise<void>
}

interface Keys {
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** As much of S3 as blobs need. It signs each request anew and refuses it where the signatures differ. */
export async function startFakeS3(keys: Keys): Promise<FakeS3> {
  const objects = new Map<string, Buffer>()
  const seen: string[] = []
  const failures: number[] = []
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = await answerTo(request)
    seen.push(`${request.method} ${status}`)
    response.writeHead(status, { 'content-length': body.length }).end(body)
  }

  async function answerTo(request: IncomingMessage): Promise<[number, Buffer]> {
    const body = await buffer(request)
    const failure = failures.shift()
    if (failure !== undefined) return [failure, Buffer.from('<Error>made to fail</Error>')]
    if (!(await isSigned(request, keys))) return [403, Buffer.from('SignatureDoesNotMatch')]
    const hash = createHash('sha256').update(body).digest('hex')
    const { method, url = '', headers } = request
    if (method === 'PUT') {
      if (headers['x-amz-content-sha256'] !== hash) return [400, Buffer.from('hash')]
      objects.set(url, body)
      return [200, Buffer.alloc(0)]
    }
    const found = objects.get(url)
    if (method === 'DELETE') {
      objects.delete(url)
      return [204, Buffer.alloc(0)]
    }
    return found ? [200, found] : [404, Buffer.from('<Error><Code>NoSuchKey</Code></Error>')]
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    seen,
    failures,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function isSigned(request: IncomingMessage, keys: Keys): Promise<boolean> {
  const { authorization = '', host } = request.headers
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const signed = names.filter((name) => name !== 'host' && name !== 'x-amz-date')
  const signer = new AwsV4Signer({
    ...keys,
    service: 's3',
    method: request.method ?? '',
    url: `http://${host}${request.url}`,
    headers: Object.fromEntries(signed.map((name) => [name, String(request.headers[name])])),
    datetime: String(request.headers['x-amz-date']),
  })
  return names.includes('host') && (await signer.authHeader()) === authorization
}
