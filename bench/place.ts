import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pg from 'pg'
import type { CreatedTenant } from '../src/identity/index.ts'
import { findRunningPostgres } from '../src/platform/embedded-postgres/index.ts'
import { packageRoot } from '../src/platform/package-root.ts'
import type { HttpJob, Report, SqlJob } from './jobs.ts'

export interface SocketConnection {
  host: string
  port: number
  user: string
  database: string
}

/** A server, the tenant that is measured on it, and the database it writes to. */
export interface Place {
  readonly url: string
  readonly pid: number
  readonly dataDir: string
  readonly connection: SocketConnection
  readonly databaseUrl: string
  readonly tenantId: string
  readonly token: string
  /** The first user of the wallee doors. */
  readonly wallee: CreatedTenant['wallee']
  /** Acts as the owner of the schema, past row-level security. */
  readonly owner: pg.Pool
  close(): Promise<void>
}

const run = promisify(execFile)
// Compiled code may lie elsewhere than the package, so who starts the bench says where that is.
const command = path.join(process.env['BENCH_ROOT'] ?? packageRoot(), 'bin', 'quittance')
const environment = {
  ...process.env,
  QUITTANCE_LOG_LEVEL: 'warn',
  QUITTANCE_RATE_LIMIT_PER_SECOND: '1000000',
  QUITTANCE_TOKEN_RATE_LIMIT_PER_MINUTE: '100000',
}

/** A directory of our own that root's PostgreSQL, which runs as somebody else, may enter. */
export function newDataDir(): string {
  return path.join(os.tmpdir(), `quittance-bench-${randomBytes(5).toString('hex')}`)
}

/** A server as users start it, on a data directory of its own with the PostgreSQL that comes along. */
export async function openPlace(dataDir: string): Promise<Place> {
  const server = await startServer(['--data-dir', dataDir])
  const running = await findRunningPostgres(dataDir)
  if (!running) throw new Error('the PostgreSQL of the server is not to be found')
  return placeOn(server, dataDir, running)
}

/** A further server on a database of its own in the same PostgreSQL, so that both can be measured in turns. */
export async function openBeside(place: Place, database: string): Promise<Place> {
  await place.owner.query(`create database ${database}`)
  const connection = { ...place.connection, database }
  const dataDir = path.join(place.dataDir, database)
  const server = await startServer(['--data-dir', dataDir, '--database-url', urlOf(connection)])
  return placeOn(server, dataDir, connection)
}

/** A server in the place of one that was killed, on the same database. */
export async function serveAgain(
  place: Place,
): Promise<{ readonly pid: number; close(): Promise<void> }> {
  const { dataDir, databaseUrl } = place
  const { child } = await startServer(['--data-dir', dataDir, '--database-url', databaseUrl])
  return { pid: child.pid ?? 0, close: () => stop(child) }
}

interface Server {
  readonly url: string
  readonly child: ChildProcess
}

async function placeOn(
  server: Server,
  dataDir: string,
  connection: SocketConnection,
): Promise<Place> {
  const databaseUrl = urlOf(connection)
  const flags = ['--name', 'Bench', '--json', '--data-dir', dataDir, '--database-url', databaseUrl]
  const { stdout } = await run(process.execPath, [command, 'tenant', 'create', ...flags])
  const created = JSON.parse(stdout) as CreatedTenant
  const owner = new pg.Pool({ ...connection, ssl: false, max: 2 })
  return {
    url: server.url,
    pid: server.child.pid ?? 0,
    dataDir,
    connection,
    databaseUrl,
    tenantId: created.tenantId,
    token: await tokenOf(server.url, created.oauth),
    wallee: created.wallee,
    owner,
    async close() {
      await owner.end()
      await stop(server.child)
    },
  }
}

/** The address of a database behind a socket. */
export function urlOf({ host, port, user, database }: SocketConnection): string {
  return `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
}

async function tokenOf(url: string, oauth: CreatedTenant['oauth']): Promise<string> {
  const basic = Buffer.from(`${oauth.clientId}:${oauth.clientSecret}`).toString('base64')
  const answer = await fetch(`${url}/v1/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

async function startServer(flags: string[]): Promise<Server> {
  const nodeFlags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '')
  const child = watched(
    spawn(process.execPath, [...nodeFlags, command, 'serve', '--port', '0', ...flags], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  return { url: await listening(child), child }
}

/** The comparison that spends one transaction per request (bench/per-request-server.ts). */
export async function openPerRequestServer(
  place: Place,
): Promise<{ url: string; close(): Promise<void> }> {
  const file = path.join(import.meta.dirname, 'per-request-server.js')
  const child = watched(
    fork(file, [place.dataDir, place.databaseUrl], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    }),
  )
  return { url: await listening(child), close: () => stop(child) }
}

async function listening(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the server has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listening on (http:\S+)/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('the server ended before it listened; its messages are above')
}

const children = new Set<ChildProcess>()

function watched<Child extends ChildProcess>(child: Child): Child {
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Ends whatever is still running, without waiting for it. */
export function endAll(): void {
  for (const child of children) child.kill('SIGTERM')
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** Runs a command of the command line to its end. */
export async function quittance(...argv: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [command, ...argv], { env: environment })
  return stdout
}

/** A process that makes load, so that making it and serving it do not share an event loop. */
export interface Loader<Job> {
  run(job: Job): Promise<Report>
  close(): Promise<void>
}

export const httpLoader = () => loaderOf<HttpJob>('http-load.js')
export const sqlLoader = () => loaderOf<SqlJob>('sql-load.js')

function loaderOf<Job extends object>(file: string): Loader<Job> {
  const child = watched(fork(path.join(import.meta.dirname, file)))
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error('a load process ended early; its messages are above'))
        child.once('exit', onExit)
        child.once('message', (report) => {
          child.off('exit', onExit)
          resolve(report as Report)
        })
        child.send(job)
      }),
    close: () => stop(child),
  }
}
