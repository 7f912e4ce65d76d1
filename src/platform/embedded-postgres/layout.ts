import fs from 'node:fs'
import path from 'node:path'
import { makeDirectories } from '../directories.ts'
import { findClosedDirectory, type Account } from './account.ts'
import { EmbeddedPostgresError } from './error.ts'

/** Where everything lives inside one data directory; paths are absolute and free of symlinks. */
export interface Layout {
  readonly dataDir: string
  readonly cluster: string
  readonly runtime: string
  readonly run: string
  readonly log: string
  readonly lock: string
}

/** Names the places inside an existing data directory. */
export function layoutOf(dataDir: string): Layout {
  const root = fs.realpathSync(dataDir)
  return {
    dataDir: root,
    cluster: path.join(root, 'pg'),
    runtime: path.join(root, 'runtime'),
    run: path.join(root, 'run'),
    log: path.join(root, 'postgres.log'),
    lock: path.join(root, 'server.lock'),
  }
}

/** Creates the data directory where it is missing, and refuses one we cannot write to. */
export function openDataDirectory(dataDir: string): Layout {
  if (/[\n\r]/.test(dataDir)) {
    throw new EmbeddedPostgresError('The path of a data directory cannot hold a line break.')
  }
  try {
    createDirectory(path.resolve(dataDir))
    fs.accessSync(dataDir, fs.constants.W_OK | fs.constants.X_OK)
  } catch (error) {
    const reason = (error as Error).message
    throw new EmbeddedPostgresError(`The data directory ${dataDir} cannot be used: ${reason}`)
  }
  return layoutOf(dataDir)
}

/** Refuses a data directory whose cluster the user PostgreSQL runs as cannot get to. */
export function checkAccess(layout: Layout, account: Account | undefined): void {
  if (account === undefined) {
    checkOwnership(layout.cluster)
    return
  }
  if (fs.statSync(layout.cluster, { throwIfNoEntry: false })?.uid === 0) {
    throw new EmbeddedPostgresError(
      `${layout.cluster} belongs to root, which PostgreSQL refuses. ` +
        `Give it away: chown -R ${account.uid}:${account.gid} '${layout.cluster}'`,
    )
  }
  const closed = findClosedDirectory(layout.cluster, account)
  if (closed === undefined) return
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root and so runs as uid ${account.uid}, ` +
      `which may not enter ${closed}. ` +
      `Choose another --data-dir, or allow it: chmod o+x '${closed}'`,
  )
}

function checkOwnership(cluster: string): void {
  const owner = fs.statSync(cluster, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === process.getuid?.()) return
  throw new EmbeddedPostgresError(
    `${cluster} belongs to uid ${owner}, you are uid ${process.getuid?.()}. ` +
      'Start as the user who created it (or as root), or choose another --data-dir.',
  )
}

// Root's PostgreSQL runs as somebody else, who must be able to pass through what we create.
function createDirectory(directory: string): void {
  const isRoot = process.getuid?.() === 0
  const first = makeDirectories(directory, 0o700)
  if (first === undefined || !isRoot) return
  for (let created = directory; created.length >= first.length; created = path.dirname(created)) {
    fs.chmodSync(created, 0o711)
  }
}
