import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../src/platform/package-root.ts'

const command = path.join(packageRoot(), 'bin', 'quittance')
const environment = {
  ...process.env,
  QUITTANCE_LOG_LEVEL: 'error',
  QUITTANCE_RATE_LIMIT_PER_SECOND: '1000000',
  QUITTANCE_TOKEN_RATE_LIMIT_PER_MINUTE: '1000000',
}
const run = promisify(execFile)

export interface Created {
  readonly tenantId: string
  readonly oauth: { readonly clientId: string; readonly clientSecret: string }
}

/** One `quittance serve` with the PostgreSQL that it starts, as a user would run it. */
export class ServerProcess {
  readonly dataDir: string
  readonly url: string
  readonly startedInMs: number
  /** Somebody changed the sources meanwhile: the time says nothing about the start. */
  readonly hasCompiled: boolean
  private readonly child: ChildProcess

  private constructor(made: {
    child: ChildProcess
    dataDir: string
    url: string
    ms: number
    hasCompiled: boolean
  }) {
    this.child = made.child
    this.dataDir = made.dataDir
    this.url = made.url
    this.startedInMs = made.ms
    this.hasCompiled = made.hasCompiled
  }

  /** Starts the server and answers when it says that it listens. */
  static async start(dataDir: string, waitMaxMs: number): Promise<ServerProcess> {
    const startedAt = performance.now()
    const child = spawn(
      process.execPath,
      [command, 'serve', '--port', '0', '--data-dir', dataDir],
      {
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let printed = ''
    let complained = ''
    child.stderr.on('data', (data: Buffer) => (complained += data.toString()))
    const url = await new Promise<string>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`The server ${why}.\n${printed}${complained}`))
      const timer = setTimeout(() => fail(`was not ready in ${waitMaxMs} ms`), waitMaxMs)
      child.once('exit', (code) => fail(`ended with ${code}`))
      child.stdout.on('data', (data: Buffer) => {
        printed += data.toString()
        const found = /listening on (http:\/\/\S+)/.exec(printed)?.[1]
        if (found === undefined) return
        clearTimeout(timer)
        resolve(found)
      })
    }).catch((error: unknown) => {
      child.kill('SIGKILL')
      throw error
    })
    const ms = performance.now() - startedAt
    const hasCompiled = complained.includes('compiles its sources')
    return new ServerProcess({ child, dataDir, url, ms, hasCompiled })
  }

  async createTenant(name: string, ...flags: string[]): Promise<Created> {
    const place = ['--data-dir', this.dataDir]
    const words = ['tenant', 'create', '--name', name, '--json', ...place, ...flags]
    const { stdout } = await run(process.execPath, [command, ...words], { env: environment })
    return JSON.parse(stdout) as Created
  }

  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.url}/readyz`)
    return response.status === 200
  }

  /** PostgreSQL's first process and all that it started. */
  postgresPids(): number[] {
    const pidFile = path.join(this.dataDir, 'pg', 'postmaster.pid')
    const first = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
    return [first, ...childrenOf(first)]
  }

  killServer(): void {
    this.child.kill('SIGKILL')
  }

  /** Answers when the process is gone. */
  async ended(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    await once(this.child, 'exit')
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM')
    await this.ended()
    return this.child.exitCode
  }
}

export function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // Its parent's end was its own.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => parentOf(pid) === parent)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
