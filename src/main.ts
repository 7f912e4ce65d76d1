import { setTimeout as wait } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { type Assembly, assemble } from './assemble.ts'
import { demoLines, seedDemo } from './demo/index.ts'
import type { Config } from './platform/config.ts'
import type { Connection } from './platform/db.ts'
import { DataDirectoryTaken, startEmbeddedPostgres } from './platform/embedded-postgres/index.ts'

export interface RunningServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts everything that one process runs, and answers when requests are served. */
export async function startServer(config: Config): Promise<RunningServer> {
  const log: Logger = pino({ level: config.logLevel, redact: redacted }, pino.destination(2))
  const database = await openDatabase(config, log)
  try {
    return await serveOn(database, config, log)
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * Personal data and secrets stay out of the log, whatever somebody hands to it. PostgreSQL's errors repeat the row that
 * they complain about in `detail` and `where`.
 */
export const redacted = [
  'detail',
  'where',
  'authorization',
  'iban',
  'SSN',
  'email',
  'accountNumber',
  'clientSecret',
  'password',
  'secretKey',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `req.headers.${name}`])

interface Database {
  readonly connection: Connection
  close(): Promise<void>
}

async function openDatabase(config: Config, log: Logger): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    return { connection: { connectionString: config.databaseUrl }, close: () => Promise.resolve() }
  }
  const server = await startWhenFree({
    dataDir: config.dataDir,
    log: (line) => log.info(line),
    // Nothing can be served without it; who supervises this process starts both again.
    onExit: (message) => {
      log.fatal(message)
      process.exit(1)
    },
  })
  return { connection: server.owner, close: () => server.stop() }
}

const commandWaitMs = 3_000
const pollMs = 100

/** A command line tool may hold the data directory for a moment; another server holds it for good. */
async function startWhenFree(options: Parameters<typeof startEmbeddedPostgres>[0]) {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    try {
      return await startEmbeddedPostgres(options)
    } catch (error) {
      if (!(error instanceof DataDirectoryTaken) || waitedMs >= commandWaitMs) throw error
      await wait(pollMs)
    }
  }
}

async function serveOn(database: Database, config: Config, log: Logger): Promise<RunningServer> {
  const assembly = await assemble({
    connection: database.connection,
    config,
    log,
    clock: () => new Date(),
  })
  const { host, port } = config
  try {
    const url = await assembly.app.listen({ host, port })
    if (config.demo) await showDemo(assembly, url)
    return {
      url,
      async close() {
        await assembly.close()
        await database.close()
      },
    }
  } catch (error) {
    await assembly.close()
    throw error
  }
}

async function showDemo(assembly: Assembly, url: string): Promise<void> {
  const tenant = await seedDemo(assembly)
  process.stdout.write(`${(await demoLines(assembly, tenant, url)).join('\n')}\n`)
}
