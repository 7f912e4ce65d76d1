import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from './account.ts'
import { childEnvironment } from './cluster.ts'
import { EmbeddedPostgresError } from './error.ts'
import type { Layout } from './layout.ts'
import { lastLogLines, logSize, openLog } from './log-file.ts'
import { findPostmaster, findRecycledPid, postmasterPid } from './postmaster-file.ts'
import { identify, isSameProcess } from './process-table.ts'

/** Everything it takes to run PostgreSQL on one cluster. */
export interface PostmasterPlan {
  readonly layout: Layout
  readonly binaries: string
  readonly account: Account | undefined
  readonly settings: readonly string[]
  readonly log: (line: string) => void
  readonly canConnect: () => Promise<boolean>
}

/** A PostgreSQL server that is our child. */
export interface Postmaster {
  readonly hasEnded: () => boolean
  /** Settles when the process is gone, with the reason in words. */
  readonly ended: Promise<string>
  /** Asks for a shutdown without waiting for it, for the last moment of our own process. */
  readonly interrupt: () => void
  readonly stop: () => Promise<void>
}

const pollMs = 20
const fastShutdownMs = 10_000
const immediateShutdownMs = 10_000
const lingeringProcessesMs = 10_000
// Recovery after a crash may have 4 GB of log to replay, on a slow disk.
const startMs = 600_000
const startNoticeMs = 5_000

const isInUse = /pre-existing shared memory block|lock file "postmaster.pid" already exists/

/** Starts PostgreSQL as our child, ready for connections, in place of one left by a dead server. */
export async function startPostmaster(plan: PostmasterPlan): Promise<Postmaster> {
  const deadline = performance.now() + lingeringProcessesMs
  for (;;) {
    await stopOrphan(plan)
    const logStart = logSize(plan.layout.log)
    const postmaster = launch(plan)
    if (await becomesReady(plan, postmaster)) return postmaster
    const reason = await postmaster.ended
    const lines = lastLogLines(plan.layout.log, logStart)
    // Processes of a killed PostgreSQL live on for a moment and keep its memory in use.
    if (!isInUse.test(lines) || performance.now() > deadline) {
      throw new EmbeddedPostgresError(`PostgreSQL did not start (${reason}). It says:\n${lines}`)
    }
    await sleep(5 * pollMs)
  }
}

/** Stops the PostgreSQL that outlived a killed server, so that the next one can be our child. */
async function stopOrphan({ layout, log }: PostmasterPlan): Promise<void> {
  const orphan = findPostmaster(layout.cluster)
  if (orphan === undefined) return
  log(`stopping the PostgreSQL (pid ${orphan.pid}) that an earlier server left running`)
  await shutDown(orphan.pid, orphan.identity)
}

function launch({ layout, binaries, account, settings }: PostmasterPlan): Postmaster {
  const log = openLog(layout.log, account)
  const recycledPid = findRecycledPid(layout.cluster)
  const child = spawn(
    path.join(binaries, 'bin', 'postgres'),
    ['-D', layout.cluster, ...settings],
    {
      ...account,
      cwd: '/',
      // A session of its own: the terminal's Ctrl-C is for us, who drain first and stop it then.
      detached: true,
      // With this variable PostgreSQL disregards the pid, but still checks the memory in use.
      env: { ...childEnvironment, ...(recycledPid && { PG_GRANDPARENT_PID: String(recycledPid) }) },
      stdio: ['ignore', log, log],
    },
  )
  closeDescriptor(log)
  return follow(child, layout)
}

function follow(child: ChildProcess, layout: Layout): Postmaster {
  const { pid } = child
  const identity = pid === undefined ? undefined : identify(pid)
  let isGone = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  }).finally(() => {
    isGone = true
  })
  return {
    pid,
    ended,
  }
}
