import { type FileHandle, open, rename } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { type ServerLock, takeServerLock } from '../platform/embedded-postgres/server-lock.ts'
import { ImportUsageError } from './problems.ts'
import type { RowReport } from './verdict.ts'

/** Takes the reports of an import, row by row in the order of the file. */
export interface ResultFile {
  /** Makes the file: asked for when the import can be used, before anything is booked. */
  begin(): Promise<void>
  write(reports: readonly RowReport[]): Promise<void>
  /** Gives the file its name: until then there is only one that says it is not complete. */
  finish(): Promise<void>
  /** Leaves what was written under the name that says so. */
  abandon(): Promise<void>
}

const columns = ['line', 'reference', 'result', 'reason'] as const
export const resultHead = stringify([columns])

/** Where the result of a file goes when nobody says so: beside it, under a name that is never its own. */
export function resultPathOf(file: string): string {
  const { dir, name } = path.parse(file)
  return path.join(dir, `${name}.result.csv`)
}

/** What a result file is called until it is complete. */
export const partOf = (resultPath: string) => `${resultPath}.part`

/**
 * A result file. It is written beside its place as `<path>.part` and moved there when it is complete. Of two imports that
 * would write it at the same time the second is refused; what one that was killed left behind is written over.
 */
export function resultFile(resultPath: string): ResultFile {
  const part = partOf(resultPath)
  let lock: ServerLock | undefined
  let handle: FileHandle | undefined
  return {
    async begin() {
      try {
        lock = lockOf(resultPath)
        handle = await open(part, 'w')
        await handle.appendFile(resultHead)
      } catch (error) {
        lock?.release()
        if (error instanceof ImportUsageError) throw error
        throw new ImportUsageError([`${resultPath} cannot be written: ${(error as Error).message}`])
      }
    },
    async write(reports) {
      await handle?.appendFile(stringify([...reports], { columns: [...columns] }))
    },
    async finish() {
      await handle?.close()
      await rename(part, resultPath)
      lock?.release()
    },
    async abandon() {
      // What ended the import is told, not what went wrong with its leavings.
      await handle?.close().catch(() => undefined)
      lock?.release()
    },
  }
}

const codesOfNoLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

function lockOf(resultPath: string): ServerLock | undefined {
  try {
    const lock = takeServerLock(`${partOf(resultPath)}.lock`)
    if ('release' in lock) return lock
    throw new ImportUsageError([
      `Another import (pid ${lock.heldBy}) is writing its result to ${resultPath}; --result names another place`,
    ])
  } catch (error) {
    // A memory stick may know no links, without which there is no lock; nor are there two imports at a time on it.
    if (codesOfNoLinks.has(String((error as NodeJS.ErrnoException).code))) return undefined
    throw error
  }
}

/** For an import of which nobody wants the rows. */
export const noResultFile: ResultFile = {
  begin: () => Promise.resolve(),
  write: () => Promise.resolve(),
  finish: () => Promise.resolve(),
  abandon: () => Promise.resolve(),
}
