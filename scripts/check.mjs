import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

// npm run check: everything but the tests.
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
await ensureInstalled(root)
const { checks, runCheck } = await import('./checks.mjs')
for (const check of checks) {
  if (!(await runCheck(root, check))) process.exitCode = 1
}
