import { type FileHandle, open, rename } from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'csv-stringify/sync'
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

/** A result file. It is written beside its place as `<path>.part` and moved there when it is complete. */
export function resultFile(resultPath: string): ResultFile {
  const part = partOf(resultPath)
  let handle: FileHandle | undefined
  return {
    async begin() {
      handle = await open(part, 'w').catch((error: unknown) => {
        throw new ImportUsageError([`${resultPath} cannot be written: ${(error as Error).message}`])
      })
      await handle.appendFile(resultHead)
    },
    async write(reports) {
      await handle?.appendFile(stringify([...reports], { columns: [...columns] }))
    },
    async finish() {
      await handle?.close()
      await rename(part, resultPath)
    },
    // What ended the import is told, not what went wrong with its leavings.
    abandon: async () => handle?.close().catch(() => undefined),
  }
}

/** For an import of which nobody wants the rows. */
export const noResultFile: ResultFile = {
  begin: () => Promise.resolve(),
  write: () => Promise.resolve(),
  finish: () => Promise.resolve(),
  abandon: () => Promise.resolve(),
}
