import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import ts from 'typescript'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { accountFor } from './account.ts'
import {
  EmbeddedPostgresError,
  findRunningPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './index.ts'
import { identify } from './process-table.ts'

const isRoot = process.getuid?.() === 0
const isLinux = process.platform === 'linux'

let root: string
/** One cluster serves most tests; each of them leaves it stopped and whole. */
let dataDir: string
const running: EmbeddedPostgres[] = []
const children: ChildProcess[] = []

beforeAll(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'qt-'))
  fs.chmodSync(root, 0o755)
  dataDir = path.join(root, `a "b" 'c', é`)
})

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()))
})

afterAll(() => {
  fs.rmSync(root, { recursive: true, force: true, maxRetries: 5 })
})

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, ...options })
  running.push(postgres)
  return postgres
}

async function query(owner: EmbeddedPostgres['owner'], text: string): Promise<unknown[]> {
  const client = new Client(owner)
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' })
    return rows.flat()
  } finally {
    await client.end()
  }
}

function postmasterFile(): string {
  return path.join(dataDir, 'pg', 'postmaster.pid')
}

function postmasterPid(): number {
  return Number(fs.readFileSync(postmasterFile(), 'utf8').split('\n')[0])
}

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []))
}

test('the first start creates a cluster that keeps what it commits, in any path', async () => {
  const postgres = await start()
  expect(postgres.owner).toMatchObject({ user: 'quittance_owner', database: 'quittance' })
  const settings = ['server_encoding', 'data_checksums', 'listen_addresses', 'jit', 'max_wal_size']
  const shown = settings.map((name) => `current_setting('${name}')`).join(', ')
  const values = await query(postgres.owner, `select ${shown}, current_setting('max_connections')`)
  expect(values).toEqual(['UTF8', 'on', '', 'off', '4GB', '300'])
  await query(postgres.owner, 'create table kept as select 42 as answer')

  await Promise.all([postgres.stop(), postgres.stop()])
  expect(fs.existsSync(postmasterFile())).toBe(false)
  expect(fs.existsSync(path.join(dataDir, 'server.lock'))).toBe(false)

  const again = await start({ settings: { work_mem: '7MB' } })
  expect(await query(again.owner, 'select answer from kept')).toEqual([42])
  expect(await query(again.owner, 'show work_mem')).toEqual(['7MB'])
})

test('a running server is found, and refuses a second one on its directory', async () => {
  expect(await findRunningPostgres(path.join(root, 'nowhere'))).toBeUndefined()
  expect(await findRunningPostgres(dataDir)).toBeUndefined()
  const postgres = await start()
  expect(await findRunningPostgres(dataDir)).toEqual(postgres.owner)

  const second = startEmbeddedPostgres({ dataDir })
  await expect(second).rejects.toThrow(EmbeddedPostgresError)
  await expect(second).rejects.toThrow(`Another Quittance server (pid ${process.pid}) is using`)
  expect(await query(postgres.owner, 'select 1')).toEqual([1])
})

test('the socket is private and PostgreSQL has a session of its own', async () => {
  const { owner } = await start()
  const { mode, uid } = fs.statSync(owner.host)
  expect(mode & 0o777).toBe(0o700)
  expect(uid).toBe(accountFor(path.join(dataDir, 'pg'))?.uid ?? process.getuid?.())
  const pid = postmasterPid()
  const group = execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' })
  expect(Number(group)).toBe(pid)
})

test.each(['fsync', 'full_page_writes', 'synchronous_commit'])(
  'a server without %s is refused and stopped',
  async (name) => {
    await expect(start({ settings: { [name]: 'off' } })).rejects.toThrow(`${name} = off`)
    expect(fs.existsSync(postmasterFile())).toBe(false)
    expect(fs.existsSync(path.join(dataDir, 'server.lock'))).toBe(false)
  },
)

test('a start that fails says why, in the words of the log', async () => {
  const failed = start({ settings: { max_connections: 'many' } })
  await expect(failed).rejects.toThrow(EmbeddedPostgresError)
  await expect(failed).rejects.toThrow(/invalid value for parameter "max_connections"/)
})

test('a large log is put aside at the start', async () => {
  fs.writeFileSync(path.join(dataDir, 'postgres.log'), Buffer.alloc(11 * 1024 * 1024, '.'))
  await start()
  expect(fs.statSync(path.join(dataDir, 'postgres.log.1')).size).toBe(11 * 1024 * 1024)
  expect(fs.statSync(path.join(dataDir, 'postgres.log')).size).toBeLessThan(1024 * 1024)
})

test('a cluster left half made is begun again', async () => {
  const fresh = path.join(root, 'half')
  const draft = path.join(fresh, 'pg.new-killed')
  fs.mkdirSync(path.join(draft, 'base'), { recursive: true })
  fs.writeFileSync(path.join(draft, 'PG_VERSION'), '18\n')
  const postgres = await start({ dataDir: fresh })
  expect(await query(postgres.owner, 'select 1')).toEqual([1])
  expect(fs.existsSync(draft)).toBe(false)
})

test('the death of PostgreSQL is reported, and the next start recovers every commit', async () => {
  const { promise, onExit } = exitReport()
  const postgres = await start({ onExit })
  await query(postgres.owner, 'create table survivor as select 7 as answer')
  const pid = postmasterPid()
  for (const victim of [pid, ...childrenOf(pid)]) process.kill(victim, 'SIGKILL')
  expect(await promise).toMatch(/ended unexpectedly \(SIGKILL\)/)
  await postgres.stop()

  const again = await start()
  expect(await query(again.owner, 'select answer from survivor')).toEqual([7])
})

test('a start waits for the processes of a killed PostgreSQL to leave', async () => {
  const { promise, onExit } = exitReport()
  const postgres = await start({ onExit })
  const [lingering] = childrenOf(postmasterPid())
  process.kill(lingering!, 'SIGSTOP')
  process.kill(postmasterPid(), 'SIGKILL')
  await promise
  await postgres.stop()

  let isUp = false
  const again = start().then((value) => {
    isUp = true
    return value
  })
  await waitForLog('pre-existing shared memory block')
  expect(isUp).toBe(false)
  process.kill(lingering!, 'SIGCONT')
  expect(await query((await again).owner, 'select 1')).toEqual([1])
})

test('a PostgreSQL that outlived its killed server is replaced by our own', async () => {
  const server = await startServerProcess()
  const orphan = postmasterPid()
  server.kill('SIGKILL')
  await once(server, 'exit')
  expect(identify(orphan)).toBeDefined()
  expect(await findRunningPostgres(dataDir)).toBeUndefined()

  const lines: string[] = []
  const postgres = await start({ log: (line) => lines.push(line) })
  expect(lines).toEqual([expect.stringContaining(`pid ${orphan}`)])
  expect(identify(orphan)).toBeUndefined()
  expect(postmasterPid()).not.toBe(orphan)
  expect(await query(postgres.owner, 'select 1')).toEqual([1])
})

test('a server in another process holds the directory, and takes PostgreSQL with it', async () => {
  const server = await startServerProcess()
  await expect(start()).rejects.toThrow(`pid ${server.pid}`)
  expect(await findRunningPostgres(dataDir)).toBeDefined()
  const pid = postmasterPid()
  server.kill('SIGTERM')
  await once(server, 'exit')
  await expect.poll(() => identify(pid)).toBeUndefined()
})

test.runIf(isLinux)('a recycled pid in postmaster.pid is neither harmed nor obeyed', async () => {
  const account = accountFor(path.join(dataDir, 'pg')) ?? {}
  const bystander = spawn('sleep', ['60'], { ...account, cwd: '/' })
  children.push(bystander)
  fs.writeFileSync(postmasterFile(), `${bystander.pid}\n${dataDir}/pg\n1\n5432\n/tmp\n\n\nready\n`)
  const postgres = await start()
  expect(await query(postgres.owner, 'select 1')).toEqual([1])
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
})

test('a long path has its socket in the temporary directory', async () => {
  const long = path.join(root, 'x'.repeat(100))
  const postgres = await start({ dataDir: long })
  expect(path.dirname(postgres.owner.host)).toBe(fs.realpathSync(os.tmpdir()))
  expect(await findRunningPostgres(long)).toEqual(postgres.owner)
  await postgres.stop()
  expect(fs.existsSync(postgres.owner.host)).toBe(false)

  // Taken by something that is no private directory of ours.
  fs.symlinkSync(root, postgres.owner.host)
  await expect(start({ dataDir: long })).rejects.toThrow(EmbeddedPostgresError)
  fs.rmSync(postgres.owner.host)
})

test.runIf(isRoot)('a socket directory of another user is refused (only root)', async () => {
  const directory = path.join(dataDir, 'run')
  fs.mkdirSync(directory, { recursive: true })
  fs.chownSync(directory, 12_345, 12_345)
  await expect(start()).rejects.toThrow(/belongs to uid 12345/)
  fs.rmdirSync(directory)
})

test.runIf(isRoot)('a directory PostgreSQL may not enter is named (only root)', async () => {
  const closed = path.join(root, 'closed')
  fs.mkdirSync(closed, { mode: 0o700 })
  const refused = start({ dataDir: path.join(closed, 'data') })
  await expect(refused).rejects.toThrow(EmbeddedPostgresError)
  await expect(refused).rejects.toThrow(`may not enter ${closed}.`)
})

test.runIf(isRoot)(
  'PostgreSQL runs as another user, who gets only the cluster (root)',
  async () => {
    await start()
    expect(fs.statSync(`/proc/${postmasterPid()}`).uid).not.toBe(0)
    expect(fs.statSync(dataDir).uid).toBe(0)
  },
)

test.skipIf(isRoot)(
  'a directory we may not write to is refused (only ordinary users)',
  async () => {
    const closed = path.join(root, 'closed')
    fs.mkdirSync(closed, { mode: 0o500 })
    const refused = start({ dataDir: path.join(closed, 'data') })
    await expect(refused).rejects.toThrow(EmbeddedPostgresError)
    await expect(refused).rejects.toThrow(/cannot be used: EACCES/)
  },
)

test('a directory with foreign files in the place of the cluster is refused', async () => {
  const foreign = path.join(root, 'foreign')
  fs.mkdirSync(path.join(foreign, 'pg'), { recursive: true })
  fs.writeFileSync(path.join(foreign, 'pg', 'thesis.txt'), 'mine')
  if (isRoot) fs.chownSync(path.join(foreign, 'pg'), 65_534, 65_534)
  await expect(start({ dataDir: foreign })).rejects.toThrow(/holds no PostgreSQL cluster/)
})

function exitReport(): { promise: Promise<string>; onExit: (message: string) => void } {
  let onExit: (message: string) => void = () => {}
  const promise = new Promise<string>((resolve) => {
    onExit = resolve
  })
  return { promise, onExit }
}

async function waitForLog(words: string): Promise<void> {
  const log = path.join(dataDir, 'postgres.log')
  await expect.poll(() => fs.readFileSync(log, 'utf8'), { timeout: 5000 }).toContain(words)
  await sleep(50)
}

/** A Node process of its own that runs the launcher, compiled, and exits on SIGTERM unstopped. */
async function startServerProcess(): Promise<ChildProcess> {
  const compiled = compileLauncher()
  const program = path.join(compiled, 'server.js')
  fs.writeFileSync(
    program,
    `import { startEmbeddedPostgres } from './launcher/index.js'
    process.on('SIGTERM', () => process.exit())
    await startEmbeddedPostgres({ dataDir: process.argv[2] })
    console.log('ready')`,
  )
  const server = spawn(process.execPath, [program, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(server)
  const ended = once(server, 'exit').then(([code]) => {
    throw new Error(`the launcher ended with ${code}`)
  })
  await Promise.race([once(server.stdout, 'data'), ended])
  ended.catch(() => {})
  return server
}

function compileLauncher(): string {
  const target = path.join(root, 'compiled')
  if (fs.existsSync(target)) return target
  fs.mkdirSync(path.join(target, 'launcher'), { recursive: true })
  fs.writeFileSync(path.join(target, 'package.json'), '{"type":"module"}')
  const modules = path.resolve(import.meta.dirname, '../../../node_modules')
  fs.symlinkSync(modules, path.join(target, 'node_modules'))
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    rewriteRelativeImportExtensions: true,
  }
  const own = fs.readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.test.ts'))
  for (const name of [...own, '../directories.ts']) {
    const source = fs.readFileSync(path.join(import.meta.dirname, name), 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions })
    fs.writeFileSync(path.join(target, 'launcher', name.replace(/\.ts$/, '.js')), outputText)
  }
  return target
}
