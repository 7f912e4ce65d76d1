import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import type { RowReport } from './verdict.ts'

/** Takes the reports of an import, row by row in the order of the file. */
export interface ResultFile {
  write(reports: readonly RowReport[]): Promise<void>
  /** Gives the file its name: until then there is only one that says it is not complete. */
  finish(): Promise<void>
  /** Leaves what was written under the name that says so. */
  abandon(): Promise<void>
}

const columns = ['line', 'reference', 'result', 'reason'] as const

/** Opens a result file. It is written beside its place as `<path>.part` and moved there when it is complete. */
export async function openResultFile(path: string): Promise<ResultFile> {
  const part = `${path}.part`
  const stream = createWriteStream(part)
  // A failure is met where the stream is used next; before that nobody listens.
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  await once(stream, 'open')
  const put = async (text: string) => {
    if (failure) throw failure
    if (!stream.write(text)) await once(stream, 'drain')
  }
  const end = async () => {
    stream.end()
    if (!stream.closed) await once(stream, 'close')
    if (failure) throw failure
  }
  await put(stringify([columns]))
  return {
    write: (reports) => put(stringify([...reports], { columns: [...columns] })),
    async finish() {
      await end()
      await rename(part, path)
    },
    abandon: () => end().catch(() => undefined),
  }
}

/** For an import of which nobody wants the rows. */
export const noResultFile: ResultFile = {
  write: () => Promise.resolve(),
  finish: () => Promise.resolve(),
  abandon: () => Promise.resolve(),
}
