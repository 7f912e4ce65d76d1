import { CompiledQuery, sql, type Kysely } from 'kysely'
import { canonicalJson, sha256Hex } from '../kernel/canonical.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from './db.ts'
import { Refusal } from './refusal.ts'
import type { Services } from './services.ts'
import type { Tables } from './tables.ts'

export interface KeyedRequest {
  readonly tenantId: string
  readonly key: string
  /** What makes two requests the same: method, path, query and body. */
  readonly fingerprint: string
}

export interface FirstAnswer {
  readonly status: number
  readonly answer: string
}

/** A reserved key. Its answer is stored in the transaction of its effect, by one of the two statements. */
export interface Reservation {
  readonly request: KeyedRequest
  readonly holder: string
  /** Hides the answer: it may show a secret, which is nowhere kept in the clear. */
  readonly seal: (answer: string) => Buffer
}

export type Reserved = { readonly reservation: Reservation } | { readonly first: FirstAnswer }

const keyLengthMax = 255
const keptMs = 72 * 60 * 60 * 1_000
// Longer than any statement may run: a lease that has run out belongs to a request that died.
const leaseMs = 90_000

function fingerprintOf(method: string, url: string, body: unknown): string {
  return sha256Hex(`${method} ${url} ${body === undefined ? '' : canonicalJson(body)}`)
}

/** The key that a request carries in its header, with what makes it the same request; undefined where it has none. */
export function keyedRequest(
  request: { method: string; url: string; body: unknown; headers: Record<string, unknown> },
  tenantId: string,
): KeyedRequest | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key === '' || key.length > keyLengthMax) {
    throw new Refusal(
      'invalid_key',
      'invalid',
      `Idempotency-Key should have 1 to ${keyLengthMax} characters`,
    )
  }
  return { tenantId, key, fingerprint: fingerprintOf(request.method, request.url, request.body) }
}

/**
 * Reserves the key of a request, or answers what the first request with it was answered. Refuses another body under the
 * same key (mismatch) and a first request that still runs (conflict).
 */
export function reserveKey(
  { db, sealer }: Pick<Services, 'db' | 'sealer'>,
  request: KeyedRequest,
  now: Date,
): Promise<Reserved> {
  const { tenantId, key, fingerprint } = request
  const context = sealContext(request)
  return inTransaction(db, { tenantId, now }, async (tx) => {
    const holder = newId()
    const taken = await sql<{ holder: string }>`
      insert into idempotent_request as r (tenant_id, key, fingerprint, holder, locked_until, created_at)
      values (${tenantId}, ${key}, ${fingerprint}, ${holder}, ${new Date(now.getTime() + leaseMs)}, ${now})
      on conflict (tenant_id, key) do update
        set fingerprint = excluded.fingerprint, holder = excluded.holder, locked_until = excluded.locked_until,
            created_at = excluded.created_at, status = null, answer = null, answer_sealed = null, acted_at = null
        where (r.status is null and r.acted_at is null and r.locked_until < ${now}) or r.created_at < ${new Date(now.getTime() - keptMs)}
      returning holder`.execute(tx.db)
    if (taken.rows.length > 0) {
      const seal = (answer: string) => sealer.seal(Buffer.from(answer, 'utf8'), context)
      return { reservation: { request, holder, seal } }
    }
    const first = await tx.db
      .selectFrom('idempotent_request')
      .select(['fingerprint', 'status', 'answer', 'answer_sealed', 'acted_at', 'locked_until'])
      .where('tenant_id', '=', tenantId)
      .where('key', '=', key)
      .executeTakeFirst()
    if (first && first.fingerprint !== fingerprint) {
      throw new Refusal(
        'key_reused',
        'mismatch',
        'This Idempotency-Key was used with another request',
      )
    }
    if (first?.acted_at && first.status === null && first.locked_until < now) {
      throw new Refusal(
        'key_unanswered',
        'conflict',
        'The first request with this Idempotency-Key did something, and its answer was lost',
      )
    }
    const answer = first?.answer_sealed
      ? sealer.open(first.answer_sealed, context).toString('utf8')
      : first?.answer
    if (!first || first.status === null || typeof answer !== 'string') {
      throw new Refusal(
        'key_running',
        'conflict',
        'The first request with this Idempotency-Key still runs',
        1,
      )
    }
    return { first: { status: first.status, answer } }
  })
}

/** An answer opens only under the key that it was given under. */
const sealContext = ({ tenantId, key }: KeyedRequest) => `idempotent_request/${tenantId}/${key}`

export interface Statement {
  readonly text: string
  readonly values: unknown[]
}

/**
 * Stores the answer together with the effect. If the key was taken over meanwhile (this request seemed dead), the division
 * by zero undoes the whole transaction: the other request does the work.
 */
export function storeAnswer(
  { request, holder, seal }: Reservation,
  { status, answer }: FirstAnswer,
): Statement {
  return {
    text: `with stored as (
        update idempotent_request set status = $4, answer_sealed = $5
        where tenant_id = $1 and key = $2 and holder = $3 and status is null returning 1)
      select 1 / count(*) from stored`,
    values: [request.tenantId, request.key, holder, status, seal(answer)],
  }
}

/** Leaves the key free again: nothing was done under it. */
export function freeKey({ request, holder }: Reservation): Statement {
  return {
    text: `delete from idempotent_request where tenant_id = $1 and key = $2 and holder = $3 and status is null`,
    values: [request.tenantId, request.key, holder],
  }
}

/** Frees the key in a transaction of its own, after a request that failed. */
export async function releaseKey(
  db: Kysely<Tables>,
  reservation: Reservation,
  now: Date,
): Promise<void> {
  const { request, holder } = reservation
  await inTransaction(db, { tenantId: request.tenantId, now }, async (tx) => {
    await tx.db
      .deleteFrom('idempotent_request')
      .where('tenant_id', '=', request.tenantId)
      .where('key', '=', request.key)
      .where('holder', '=', holder)
      .where('status', 'is', null)
      .where('acted_at', 'is', null)
      .execute()
  })
}

/** Stores the answer of a request whose effect is committed already. */
export async function keepAnswer(
  db: Kysely<Tables>,
  reservation: Reservation,
  { now, ...first }: FirstAnswer & { readonly now: Date },
): Promise<void> {
  const { text, values } = storeAnswer(reservation, first)
  await inTransaction(db, { tenantId: reservation.request.tenantId, now }, (tx) =>
    tx.db.executeQuery(CompiledQuery.raw(text, values)),
  )
}
