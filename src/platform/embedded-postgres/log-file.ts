import fs from 'node:fs'
import type { Account } from './account.ts'

const sizeMax = 10 * 1024 * 1024
const tailBytesMax = 8 * 1024
const tailLinesMax = 15

/** Puts a log that has grown large aside, keeping one older log. */
export function rotateLog(file: string): void {
  if (logSize(file) > sizeMax) fs.renameSync(file, `${file}.1`)
}

/** Opens the log for a child process to append to; the caller closes the descriptor. */
export function openLog(file: string, account?: Account): number {
  // What PostgreSQL reports may quote personal data.
  const descriptor = fs.openSync(file, 'a', 0o600)
  if (account !== undefined) fs.fchownSync(descriptor, account.uid, account.gid)
  return descriptor
}

/** The present size of the log, as the place where later lines begin. */
export function logSize(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

/** The last lines written to the log since it had the size `from`. */
export function lastLogLines(file: string, from: number): string {
  const size = logSize(file)
  const start = Math.max(from, size - tailBytesMax)
  if (start >= size) return '(nothing was logged)'
  const buffer = Buffer.alloc(size - start)
  const descriptor = fs.openSync(file, 'r')
  try {
    const length = fs.readSync(descriptor, buffer, 0, buffer.length, start)
    return buffer.toString('utf8', 0, length).trimEnd().split('\n').slice(-tailLinesMax).join('\n')
  } finally {
    fs.closeSync(descriptor)
  }
}
