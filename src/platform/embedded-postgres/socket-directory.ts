import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { findClosedDirectory, type Account } from './account.ts'
import { EmbeddedPostgresError } from './error.ts'
import type { Layout } from './layout.ts'

/** Names the socket only; PostgreSQL does not listen on the network. */
export const socketPort = 5432

// sizeof(sun_path) less the closing zero: 103 on macOS, 107 on Linux.
const socketPathBytesMax = 103

/** Creates the private directory for the socket: in the data directory, or, if too long, in tmp. */
export function openSocketDirectory(layout: Layout, account?: Account): string {
  const directory = chooseSocketDirectory(layout)
  const owner = account?.uid ?? process.getuid?.()
  fs.mkdirSync(path.dirname(directory), { recursive: true })
  createIfMissing(directory)
  const found = fs.lstatSync(directory)
  const isOurs = found.isDirectory() && (found.uid === owner || found.uid === process.getuid?.())
  if (!isOurs) {
    throw new EmbeddedPostgresError(
      `${directory} belongs to uid ${found.uid}, so the database socket cannot be put there. ` +
        'Remove it, or choose a --data-dir with a shorter path.',
    )
  }
  if (account !== undefined) fs.lchownSync(directory, account.uid, account.gid)
  fs.chmodSync(directory, 0o700)
  refuseClosed(directory, account)
  return directory
}

function chooseSocketDirectory(layout: Layout): string {
  const socket = path.join(layout.run, `.s.PGSQL.${socketPort}`)
  if (Buffer.byteLength(socket) <= socketPathBytesMax) return layout.run
  const hash = createHash('sha256').update(layout.dataDir).digest('hex').slice(0, 16)
  return path.join(fs.realpathSync(os.tmpdir()), `quittance-${hash}`)
}

function createIfMissing(directory: string): void {
  try {
    fs.mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function refuseClosed(directory: string, account: Account | undefined): void {
  const closed = account && findClosedDirectory(directory, account)
  if (closed === undefined) return
  throw new EmbeddedPostgresError(
    `The database socket would go to ${directory}, but uid ${account?.uid} may not enter ` +
      `${closed}. Choose a --data-dir with a shorter path.`,
  )
}
