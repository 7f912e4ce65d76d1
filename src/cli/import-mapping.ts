import { open, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  ImportUsageError,
  type MappingOptions,
  mergedMapping,
  partOf,
  readSavedMapping,
  type SavedMapping,
} from '../imports/index.ts'
import { isSameFile, statOf } from './file-stat.ts'

export interface MappingFlags extends MappingOptions {
  map?: string[]
  mapping?: string
  /** Where the mapping is kept for the next time. */
  saveMapping?: string
}

/** The mapping that was saved, with what is typed in its place. */
export async function savedMappingOf(flags: MappingFlags): Promise<SavedMapping> {
  const saved =
    flags.mapping === undefined ? undefined : readSavedMapping(await readText(flags.mapping))
  return mergedMapping(saved, { maps: flags.map ?? [], options: flags })
}

async function readText(place: string): Promise<string> {
  try {
    return await readFile(place, 'utf8')
  } catch (error) {
    throw new ImportUsageError([`${place} cannot be read: ${(error as Error).message}`])
  }
}

/** Refuses a place where the mapping could not be kept, or where it would overwrite the file or its result. */
export async function checkMappingPlace(
  place: string,
  taken: { readonly file: string; readonly resultPlace: string | undefined },
): Promise<void> {
  const { file, resultPlace } = taken
  const results = resultPlace === undefined ? [] : [resultPlace, partOf(resultPlace)]
  const there = await statOf(place)
  for (const each of [file, ...results]) {
    const isSamePlace = path.resolve(each) === path.resolve(place)
    if (isSamePlace || (there && isSameFile(await statOf(each), there)))
      throw new ImportUsageError([`--save-mapping ${place} would overwrite ${each}`])
  }
  try {
    const handle = await open(place, 'a')
    await handle.close()
    // Until the import has shown that it can be used there is no mapping.
    if (there === undefined) await rm(await realpath(place))
  } catch (error) {
    throw new ImportUsageError([`--save-mapping: ${cannotBeWritten(place, error)}`])
  }
}

/** Keeps a mapping, or says why it could not. */
export async function saveMapping(place: string, saved: SavedMapping): Promise<string | undefined> {
  try {
    await writeFile(place, `${JSON.stringify(saved, null, 2)}\n`)
    return undefined
  } catch (error) {
    return `The mapping was not kept: ${cannotBeWritten(place, error)}`
  }
}

const cannotBeWritten = (place: string, error: unknown) =>
  `${place} cannot be written: ${(error as Error).message}`
