import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Tx } from '../db.ts'

export interface NewJob {
  task: string
  /** Ids rather than documents: a job reads what it needs when it runs. */
  payload: Readonly<Record<string, unknown>>
  /** Jobs of one queue run one at a time, the oldest first; one that failed waits for its next turn behind the others. */
  queue?: string
  /** Takes the place of a waiting job with this key; behind a running one it is added. */
  jobKey?: string
  runAt?: Date
}

const payloadCharsMax = 65_536

/** Adds a job that exists exactly if the caller's transaction commits, and then runs at least once. */
export async function enqueueJob(tx: Tx, job: NewJob): Promise<void> {
  const payload = JSON.stringify(job.payload)
  assert(payload.length <= payloadCharsMax, `payload of ${job.task} is too long: ${payload.length}`)
  const { task, queue = null, jobKey = null, runAt = null } = job
  await sql`select quittance.enqueue_job(
    ${task}, ${payload}::json, ${queue}, ${jobKey}, ${runAt}::timestamptz)`.execute(tx.db)
}
