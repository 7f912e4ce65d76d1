import { open } from 'node:fs/promises'
import { ImportUsageError, partOf, resultHead, resultPathOf } from '../imports/index.ts'
import { isSameFile, statOf } from './file-stat.ts'

export interface ResultFlags {
  /** Where the result goes; `false` when nobody wants one. */
  result?: string | false
  dryRun?: boolean
}

const howElse = '--result names another place, --no-result writes none'

/**
 * Where the result of a file goes, if anywhere: beside the file unless said otherwise. A dry run writes nothing that nobody
 * asked for; it would take the place of the result of the import itself. Refuses a place whose contents are no result.
 */
export async function resultPlaceOf(file: string, flags: ResultFlags): Promise<string | undefined> {
  if (flags.result === false) return undefined
  if (flags.result === undefined && flags.dryRun === true) return undefined
  const place = flags.result ?? resultPathOf(file)
  const source = await statOf(file)
  for (const written of [place, partOf(place)]) {
    const there = await statOf(written)
    if (there === undefined) continue
    if (isSameFile(source, there))
      throw new ImportUsageError([
        `The result in ${place} would overwrite the file itself; ${howElse}`,
      ])
    if (!there.isFile()) throw new ImportUsageError([`${written} is no file; ${howElse}`])
  }
  // A name that was typed may be overwritten, one that is ours by rule may belong to somebody else.
  if (flags.result === undefined && !(await isFreeOrResult(place)))
    throw new ImportUsageError([`${place} is there and is no result of an import; ${howElse}`])
  return place
}

async function isFreeOrResult(path: string): Promise<boolean> {
  if ((await statOf(path)) === undefined) return true
  const handle = await open(path).catch(() => undefined)
  if (handle === undefined) return false
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(resultHead.length), 0)
    return buffer.toString('utf8', 0, bytesRead) === resultHead
  } finally {
    await handle.close()
  }
}
