import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'

/** Runs the command line from sources or a package, installing and compiling first where needed. */
export async function run(argv) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  try {
    await ensureInstalled(root)
    const compiled = await ensureBuilt(root)
    const main = path.join(compiled, 'src', 'cli', 'main.js')
    const { runCli } = await import(pathToFileURL(main).href)
    await runCli(argv)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
