import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
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
  readonly pid: number | undefined
  readonly hasEnded: () => boolean
  /** Settles when the process is gone, with the reason in words. */
  readonly ended: Promise<string>
  readonly stop: () => Promise<void>
  /** Asks for a shutdown without waiting, for the last moment of our own process. */
  readonly interrupt: () => void
}

const pollMs = 20
const fastShutdownMs = 10_000
const immediateShutdownMs = 10_000
const lingeringProcessesMs = 10_000
// Recovery after a crash may have 4 GB of log to replay, on a slow disk.
const startMs = 600_000
const startNoticeMs = 5_000

const inUse = /pre-existing shared memory block|lock file "postmaster.pid" already exists/

/** Starts PostgreSQL as our child, ready for connections, in place of one left by a dead server. */
export async function startPostmaster(plan: PostmasterPlan): Promise<Postmaster> {
  const deadline = performance.now() + lingeringProcessesMs
  for (;;) {
    await stopOrphan(plan)
    const logStart = logSize(plan.layout.log)
    const postmaster = launch(plan)
    if (await becomesReady(postmaster, plan)) return postmaster
    const reason = await postmaster.ended
    const lines = lastLogLines(plan.layout.log, logStart)
    // Processes of a killed PostgreSQL live on for a moment and keep its memory in use.
    if (!inUse.test(lines) || performance.now() > deadline) {
      throw new EmbeddedPostgresError(`PostgreSQL did not start (${reason}). Its log:\n${lines}`)
    }
    await sleep(5 * pollMs)
  }
}

/** Stops the PostgreSQL that outlived a killed server, so that the next one can be our child. */
async function stopOrphan({ layout, log }: PostmasterPlan): Promise<void> {
  const orphan = findPostmaster(layout.cluster)
  if (orphan === undefined) return
  log(`stopping PostgreSQL (pid ${orphan.pid}), which an earlier server left running`)
  await shutDown(orphan.pid, orphan.identity)
}

function launch({ layout, binaries, account, settings }: PostmasterPlan): Postmaster {
  const log = openLog(layout.log, account)
  // With this variable PostgreSQL disregards the pid, but still checks for memory in use.
  const recycled = findRecycledPid(layout.cluster)
  const hint = recycled === undefined ? {} : { PG_GRANDPARENT_PID: String(recycled) }
  const words = ['-D', layout.cluster, ...settings]
  const child = spawn(path.join(binaries, 'bin', 'postgres'), words, {
    ...account,
    cwd: '/',
    // A session of its own: the terminal's Ctrl-C is for us, who drain first and then stop it.
    detached: true,
    env: { ...childEnvironment, ...hint },
    stdio: ['ignore', log, log],
  })
  fs.closeSync(log)
  return follow(child)
}

function follow(child: ChildProcess): Postmaster {
  const { pid } = child
  const identity = pid === undefined ? undefined : identify(pid)
  let isGone = false
  const ended = new Promise<string>((resolve) => {
    const settle = (reason: string) => {
      isGone = true
      resolve(reason)
    }
    child.once('error', (error) => settle(error.message))
    child.once('exit', (code, signal) => settle(signal ?? `exit code ${code}`))
  })
  const stop = async () => {
    if (isGone || pid === undefined || identity === undefined) return
    await shutDown(pid, identity)
    await ended
  }
  const interrupt = () => {
    if (!isGone) child.kill('SIGINT')
  }
  return { pid, ended, hasEnded: () => isGone, stop, interrupt }
}

/** Waits until the child, and no other PostgreSQL, serves the cluster; false when it ends first. */
async function becomesReady(postmaster: Postmaster, plan: PostmasterPlan): Promise<boolean> {
  const startedAt = performance.now()
  let hasNoticed = false
  while (performance.now() - startedAt < startMs) {
    if (postmaster.hasEnded()) return false
    const isServing = postmasterPid(plan.layout.cluster) === postmaster.pid
    if (isServing && (await plan.canConnect())) return !postmaster.hasEnded()
    if (!hasNoticed && performance.now() - startedAt > startNoticeMs) {
      plan.log(`PostgreSQL is still starting, perhaps recovering: see ${plan.layout.log}`)
      hasNoticed = true
    }
    await sleep(pollMs)
  }
  await postmaster.stop()
  throw new EmbeddedPostgresError(
    `PostgreSQL was not ready after ${startMs / 60_000} minutes: see ${plan.layout.log}`,
  )
}

/** Ends a postmaster: politely, then at once (the next start recovers what was committed). */
async function shutDown(pid: number, identity: string): Promise<void> {
  if (await endsAfter('SIGINT', { pid, identity, limitMs: fastShutdownMs })) return
  if (await endsAfter('SIGQUIT', { pid, identity, limitMs: immediateShutdownMs })) return
  throw new EmbeddedPostgresError(`PostgreSQL (pid ${pid}) does not stop; end it by hand.`)
}

async function endsAfter(
  signal: 'SIGINT' | 'SIGQUIT',
  target: { pid: number; identity: string; limitMs: number },
): Promise<boolean> {
  const deadline = performance.now() + target.limitMs
  const isAlive = () => isSameProcess(target.pid, target.identity)
  if (isAlive()) sendSignal(target.pid, signal)
  while (isAlive()) {
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return true
}

function sendSignal(pid: number, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
