import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The directory that holds package.json, from sources and from compiled code alike. */
export function packageRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(directory, 'migrations', '0001-identity.sql'))) {
    const parent = path.dirname(directory)
    if (parent === directory) throw new Error('The migrations folder of Quittance is missing')
    directory = parent
  }
  return directory
}
