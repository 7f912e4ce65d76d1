import fs from 'node:fs'
import path from 'node:path'

/**
 * Makes a directory and those above it that are missing, and answers the topmost that it made. Node's own never ends under
 * /proc, which has directories and yet says of every new name in them that there is no such place.
 */
export function makeDirectories(directory: string, mode: number): string | undefined {
  try {
    return makeOne(directory, mode)
  } catch (error) {
    const parent = path.dirname(directory)
    const isParentMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (!isParentMissing || fs.existsSync(parent)) throw error
    const topmost = makeDirectories(parent, mode)
    return makeOne(directory, mode) === undefined ? topmost : (topmost ?? directory)
  }
}

/** Answers nothing where the directory was there. */
function makeOne(directory: string, mode: number): string | undefined {
  try {
    fs.mkdirSync(directory, { mode })
    return directory
  } catch (error) {
    if (fs.statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return undefined
    throw error
  }
}
