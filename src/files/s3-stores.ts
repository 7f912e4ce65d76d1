import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AwsClient } from 'aws4fetch'
import type { Logger } from 'pino'
import type { S3Config } from '../platform/config.ts'
import { Refusal } from '../platform/refusal.ts'
import { type BlobStores, placeOf, readBlob, tenantPlace } from './blob-store.ts'

const answerTimeoutMs = 60_000
const retries = 2

const unavailable = () =>
  new Refusal('storage_unavailable', 'unavailable', 'The file storage cannot be reached', 5)

interface Call {
  readonly method: 'PUT' | 'GET' | 'DELETE'
  readonly url: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer<ArrayBuffer>
}

/** Blobs as objects of a bucket, `<tenant>/aa/bb/<sha256>`, at any server that speaks S3 with path-style addresses. */
export function createS3Stores(s3: S3Config, log: Pick<Logger, 'warn'>): BlobStores {
  const { accessKeyId, secretAccessKey, region } = s3
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries })

  async function call({ url, ...init }: Call, accepted: readonly number[]): Promise<Response> {
    const response = await answerOf(client, url, init).catch((error: unknown) => {
      log.warn({ err: error }, 'the S3 server could not be reached')
      throw unavailable()
    })
    if (accepted.includes(response.status)) return response
    const told = (await response.text().catch(() => '')).slice(0, 500)
    if (response.status >= 500 || response.status === 429) {
      log.warn({ status: response.status, told }, 'the S3 server failed')
      throw unavailable()
    }
    throw new Error(`S3 answered ${init.method} with ${response.status}: ${told}`)
  }

  return {
    of(tenantId) {
      const home = `${s3.endpoint}/${s3.bucket}/${tenantPlace(tenantId)}`
      const urlOf = (key: string) => [home, ...placeOf(key)].join('/')
      return {
        async put(stream, limits) {
          const chunks: Buffer[] = []
          const blob = await readBlob(stream, limits, (chunk) => void chunks.push(chunk))
          // Signed with its hash: the server refuses bytes that changed on the way.
          const headers = {
            'x-amz-content-sha256': blob.key,
            'content-type': 'application/octet-stream',
          }
          const body = Buffer.concat(chunks)
          await drained(await call({ method: 'PUT', url: urlOf(blob.key), headers, body }, [200]))
          return blob
        },
        async open(key) {
          const { body } = await call({ method: 'GET', url: urlOf(key) }, [200])
          // Preact's types bring those of browsers along, whose streams are Node's under another name.
          return body === null ? Readable.from([]) : Readable.fromWeb(body as ReadableStream)
        },
        async delete(key) {
          await drained(await call({ method: 'DELETE', url: urlOf(key) }, [200, 204, 404]))
        },
      }
    },
    // An object appears whole or not at all.
    removeLeftovers: () => Promise.resolve(),
  }
}

/** The time limit ends with the head of the answer: a slow reader may take its time with the body. */
async function answerOf(
  client: AwsClient,
  url: string,
  init: Omit<Call, 'url'>,
): Promise<Response> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Error('no answer in time')), answerTimeoutMs)
  try {
    return await client.fetch(url, { ...init, redirect: 'error', signal: limit.signal })
  } finally {
    clearTimeout(timer)
  }
}

/** A body that nobody reads would hold its connection. */
async function drained(response: Response): Promise<void> {
  await response.body?.cancel()
}
