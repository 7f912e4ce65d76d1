import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { ensureInstalled } from './install.mjs'

// npm run bench: the table of bench/README.md, measured now on this machine.
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
try {
  await ensureInstalled(root)
  const compiled = await ensureBuilt(root)
  // The server and the load processes that the bench starts run this same code.
  process.env.BENCH_ROOT = root
  const { runBench } = await import(pathToFileURL(path.join(compiled, 'bench', 'main.js')).href)
  await runBench(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
