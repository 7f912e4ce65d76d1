import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { EmbeddedPostgresError } from './error.ts'
import { identify, isSameProcess } from './process-table.ts'

export interface ServerLock {
  readonly release: () => void
}

interface Holder {
  readonly pid: number
  readonly identity: string
}

type LockState = 'free' | 'stale' | Holder

const takeoverDepthMax = 3
const attemptsMax = 100

/** Takes the lock for this process, from a dead holder if need be, or names the living holder. */
export function takeServerLock(file: string): ServerLock | { readonly heldBy: number } {
  const holder: Holder = { pid: process.pid, identity: identify(process.pid) ?? '' }
  // The nonce lets release() tell our lock from one another server took after us.
  const record = JSON.stringify({ ...holder, nonce: randomUUID() })
  const rival = claim(file, record, 0)
  if (rival !== undefined) return { heldBy: rival.pid }
  return {
    release: () => {
      if (readIfPresent(file) === record) fs.rmSync(file)
    },
  }
}

/** Tells whether a living process holds the lock. */
export function isServerLockHeld(file: string): boolean {
  return typeof readState(file) === 'object'
}

/**
 * Puts `record` at `file`, or returns the living holder. link() lets exactly one win a free lock.
 * A stale lock is replaced only by who holds the lock `<file>.takeover`, itself taken the same way,
 * and only after looking again: nobody can replace a lock somebody else has just taken.
 */
function claim(file: string, record: string, depth: number): Holder | undefined {
  if (depth > takeoverDepthMax) {
    throw new EmbeddedPostgresError(`Remove ${file}: several servers have died while taking it.`)
  }
  const draft = `${file}.${randomUUID()}`
  fs.writeFileSync(draft, record, { mode: 0o644 })
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (linkIfFree(draft, file)) return undefined
      const state = readState(file)
      if (typeof state === 'object') return state
      if (state === 'free') continue
      const takeover = `${file}.takeover`
      const rival = claim(takeover, record, depth + 1)
      if (rival !== undefined) return rival
      if (replaceIfStale(draft, file, takeover)) return undefined
    }
  } finally {
    fs.rmSync(draft, { force: true })
  }
  throw new EmbeddedPostgresError(`${file} changes hands all the time; try again.`)
}

function replaceIfStale(draft: string, file: string, takeover: string): boolean {
  try {
    if (readState(file) !== 'stale') return false
    fs.renameSync(draft, file)
    return true
  } finally {
    fs.rmSync(takeover, { force: true })
  }
}

function linkIfFree(draft: string, file: string): boolean {
  try {
    fs.linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readState(file: string): LockState {
  const text = readIfPresent(file)
  if (text === undefined) return 'free'
  const holder = parseHolder(text)
  if (holder === undefined || !isSameProcess(holder.pid, holder.identity)) return 'stale'
  return holder
}

// A lock file appears complete; one that cannot be read was cut short by a power failure.
function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, identity } = JSON.parse(text) as Partial<Record<string, unknown>>
    if (!Number.isSafeInteger(pid) || Number(pid) <= 0) return undefined
    return typeof identity === 'string' ? { pid: Number(pid), identity } : undefined
  } catch {
    return undefined
  }
}

function readIfPresent(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
