import { execFileSync } from 'node:child_process'
import fs from 'node:fs'

const unknown = 'unknown'

/** Tells one process from every later one with the same pid; undefined when none lives. */
export function identify(pid: number): string | undefined {
  if (!existsInTable(pid)) return undefined
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return unknown
  // The name in the second field may hold spaces and brackets; what follows the last one may not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  const startedAtTick = fields[19]
  // A zombie is dead: it holds no file and no memory, its parent only has not looked yet.
  if (state === 'Z' || state === 'X') return undefined
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? unknown
  return `${boot}/${startedAtTick}`
}

/** Tells whether the process that once had this identity still lives. */
export function isSameProcess(pid: number, identity: string): boolean {
  const present = identify(pid)
  if (present === undefined) return false
  return present === identity || present === unknown || identity === unknown
}

/** The command line of a process, its words joined by spaces; undefined when it cannot be seen. */
export function commandLine(pid: number): string | undefined {
  const words = readText(`/proc/${pid}/cmdline`)
  if (words !== undefined) return words.replaceAll('\0', ' ')
  if (process.platform === 'linux') return undefined
  try {
    const words = ['-ww', '-o', 'command=', '-p', String(pid)]
    return execFileSync('/bin/ps', words, { encoding: 'utf8', stdio: 'pipe' }).trimEnd()
  } catch {
    return undefined
  }
}

/** The directory a process works in; undefined when it cannot be seen. */
export function workingDirectory(pid: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

function existsInTable(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
