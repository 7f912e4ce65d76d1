import fs from 'node:fs'
import path from 'node:path'
import { EmbeddedPostgresError } from './error.ts'
import { commandLine, identify, workingDirectory } from './process-table.ts'

/** The PostgreSQL that serves a cluster now. */
export interface RunningPostmaster {
  readonly pid: number
  readonly identity: string
  readonly socketDirectory: string
  readonly isReady: boolean
}

/** What PostgreSQL wrote down about itself, true or long past. */
interface PostmasterFile {
  readonly pid: number
  readonly socketDirectory: string
  readonly isReady: boolean
}

/** Finds the living PostgreSQL of this cluster, never another process that got its pid. */
export function findPostmaster(cluster: string): RunningPostmaster | undefined {
  const file = readPostmasterFile(cluster)
  if (file === undefined) return undefined
  const identity = identify(file.pid)
  if (identity === undefined || !servesCluster(file.pid, cluster)) return undefined
  return { ...file, identity }
}

/** The pid in postmaster.pid when it surely belongs to another program by now. */
export function findRecycledPid(cluster: string): number | undefined {
  const pid = readPostmasterFile(cluster)?.pid
  if (pid === undefined || commandLine(pid) === undefined) return undefined
  return servesCluster(pid, cluster) ? undefined : pid
}

/** The pid in postmaster.pid, alive or not. */
export function postmasterPid(cluster: string): number | undefined {
  return readPostmasterFile(cluster)?.pid
}

function servesCluster(pid: number, cluster: string): boolean {
  if (`${commandLine(pid) ?? ''} `.includes(`postgres -D ${cluster} `)) return true
  // Somebody may have started it by hand, with other words.
  return workingDirectory(pid) === cluster
}

// Lines: pid, data directory, start time, port, socket directory, address, memory key, status.
function readPostmasterFile(cluster: string): PostmasterFile | undefined {
  const lines = readLines(path.join(cluster, 'postmaster.pid'))
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, socketDirectory: lines[4] ?? '', isReady: lines[7]?.trim() === 'ready' }
}

function readLines(file: string): string[] {
  try {
    return fs.readFileSync(file, 'utf8').split('\n')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw new EmbeddedPostgresError(
      `Whether PostgreSQL runs cannot be seen: ${message}. Use the account the server runs under.`,
    )
  }
}
