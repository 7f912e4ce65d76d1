import { runMigrations } from 'graphile-worker'
import type pg from 'pg'
import { lockNumber } from '../advisory-locks.ts'
import { appRole } from '../db.ts'
import { GatedPool, openClient } from './connections.ts'
import { queueLogger, silentLog, type JobLog } from './log.ts'

export const queueSchema = 'graphile_worker'

/**
 * Installs the job queue's own schema, or brings it up to date; safe to repeat, and from two servers at once.
 * The application role gets no right in it: it adds jobs through `quittance.enqueue_job`, of our migrations.
 */
export async function installJobs(ownerPool: pg.Pool, log: JobLog = silentLog): Promise<void> {
  const name = 'quittance-jobs-install'
  const client = await openClient(ownerPool, { name })
  const pool = new GatedPool(ownerPool, { name, max: 1 })
  try {
    // Two servers that start together wait for each other here.
    await client.query('select pg_advisory_lock($1)', [lockNumber('queue schema')])
    await runMigrations({ pgPool: pool, logger: queueLogger(log) })
    await client.query(revokeAll)
  } finally {
    // The lock goes with its session.
    await Promise.all([pool.end(), client.end()])
  }
}

const revokeAll = ['schema', 'all tables in schema', 'all functions in schema']
  .map((what) => `revoke all on ${what} ${queueSchema} from public, ${appRole}`)
  .join(';\n')
