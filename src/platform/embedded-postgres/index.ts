import fs from 'node:fs'
import { accountFor } from './account.ts'
import { findPackage, prepareBinaries } from './binaries.ts'
import { ensureCluster } from './cluster.ts'
import { DataDirectoryTaken } from './error.ts'
import { checkAccess, layoutOf, openDataDirectory, type Layout } from './layout.ts'
import { lastLogLines, logSize, rotateLog } from './log-file.ts'
import {
  canConnect,
  checkDurability,
  ensureDatabase,
  maintenanceConnection,
  ownerConnection,
  type OwnerConnection,
} from './owner-connection.ts'
import { findPostmaster } from './postmaster-file.ts'
import { startPostmaster, type Postmaster } from './postmaster.ts'
import { isServerLockHeld, takeServerLock, type ServerLock } from './server-lock.ts'
import { serverSettings } from './settings.ts'
import { openSocketDirectory } from './socket-directory.ts'

export { DataDirectoryTaken, EmbeddedPostgresError } from './error.ts'

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** How the owner of the cluster, a superuser, connects. */
  readonly owner: OwnerConnection
  /** Shuts PostgreSQL down and frees the data directory; may be called again. */
  readonly stop: () => Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** Takes a line about something an operator may want to know. */
  readonly log?: (line: string) => void
  /** PostgreSQL settings above our own. */
  readonly settings?: Readonly<Record<string, string>>
  /** Called when PostgreSQL ends though nobody stopped it. */
  readonly onExit?: (message: string) => void
}

interface Started {
  readonly postmaster: Postmaster
  readonly owner: OwnerConnection
  readonly layout: Layout
  readonly lock: ServerLock
}

/** Starts the PostgreSQL that lives in `dataDir`, created on first use, for this process alone. */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const source = findPackage()
  const layout = openDataDirectory(options.dataDir)
  const lock = lockDirectory(layout)
  try {
    const account = accountFor(layout.cluster)
    checkAccess(layout, account)
    rotateLog(layout.log)
    const binaries = prepareBinaries(source, layout.runtime, account)
    await ensureCluster(layout, binaries, account)
    const socketDirectory = openSocketDirectory(layout, account)
    const owner = ownerConnection(socketDirectory)
    const postmaster = await startPostmaster({
      layout,
      binaries,
      account,
      settings: serverSettings(socketDirectory, options.settings ?? {}),
      log: options.log ?? (() => {}),
      canConnect: () => canConnect(maintenanceConnection(owner)),
    })
    await stopOnFailure(postmaster, async () => {
      await ensureDatabase(owner)
      await checkDurability(owner)
    })
    return supervise({ postmaster, owner, layout, lock }, options.onExit ?? options.log)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Finds how to reach the PostgreSQL of a server that runs on `dataDir`; undefined without one. */
export async function findRunningPostgres(dataDir: string): Promise<OwnerConnection | undefined> {
  if (!fs.existsSync(dataDir)) return undefined
  const layout = layoutOf(dataDir)
  if (!isServerLockHeld(layout.lock)) return undefined
  const postmaster = findPostmaster(layout.cluster)
  if (postmaster === undefined || !postmaster.isReady) return undefined
  const owner = ownerConnection(postmaster.socketDirectory)
  return (await canConnect(owner)) ? owner : undefined
}

function lockDirectory(layout: Layout): ServerLock {
  const lock = takeServerLock(layout.lock)
  if ('release' in lock) return lock
  throw new DataDirectoryTaken(
    `Another Quittance server (pid ${lock.heldBy}) is using ${layout.dataDir}. ` +
      'Stop it, or choose another --data-dir.',
  )
}

async function stopOnFailure(postmaster: Postmaster, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    await postmaster.stop()
    throw error
  }
}

/** Ties the child to us: it is stopped with us, and its unexpected end is reported. */
function supervise(started: Started, onExit?: (message: string) => void): EmbeddedPostgres {
  const { postmaster, owner, layout, lock } = started
  const logStart = logSize(layout.log)
  let stopping: Promise<void> | undefined
  // Nothing can be awaited any more when the process exits without stop(): ask, and go.
  process.once('exit', postmaster.interrupt)
  const stop = async () => {
    await postmaster.stop()
    process.off('exit', postmaster.interrupt)
    fs.rmSync(owner.host, { recursive: true, force: true })
    lock.release()
  }
  const reportEnd = async () => {
    const reason = await postmaster.ended
    if (stopping !== undefined) return
    process.off('exit', postmaster.interrupt)
    const lines = lastLogLines(layout.log, logStart)
    onExit?.(`PostgreSQL ended unexpectedly (${reason}). Its log:\n${lines}`)
  }
  void reportEnd()
  return {
    owner,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
