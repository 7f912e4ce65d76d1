import pg from 'pg'
import { asApplication, tenantsSetting } from '../src/platform/db.ts'
import { type Report, type SqlJob, Tally } from './jobs.ts'
import { statementOf } from './statements.ts'

/**
 * A process that issues prepared statements straight to the database, each its own transaction, one at a time on each
 * connection; as the application role and for one tenant, so row-level security costs it the same.
 */
process.on('message', (job: SqlJob) => {
  void load(job).then((report) => process.send?.(report))
})

async function load(job: SqlJob): Promise<Report> {
  const clients = await Promise.all(Array.from({ length: job.connections }, () => connect(job)))
  const tally = new Tally(job.extent)
  await Promise.all(clients.map((client) => drive(client, job, tally)))
  await Promise.all(clients.map((client) => client.end()))
  return tally.report()
}

async function connect(job: SqlJob): Promise<pg.Client> {
  const client = new pg.Client({ ...asApplication(job.connection), ssl: false })
  await client.connect()
  await client.query(`set ${tenantsSetting} = '{${job.tenantId}}'`)
  return client
}

async function drive(client: pg.Client, job: SqlJob, tally: Tally): Promise<void> {
  const statement = statementOf(job.task)
  const { name, text } = statement
  for (;;) {
    const number = tally.next()
    if (number === undefined) return
    const sentAt = performance.now()
    try {
      const { rowCount } = await client.query({
        name,
        text,
        values: statement.values(job.tenantId, number),
      })
      if (rowCount === 1) tally.done(sentAt)
      else tally.fail(`${rowCount} rows instead of one`)
    } catch (error) {
      tally.fail(error instanceof Error ? error.message : String(error))
    }
  }
}
