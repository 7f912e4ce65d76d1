import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { withLock } from './lock.mjs'

/** Installs the dependencies of a fresh clone; does nothing where they are. */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return
  await withLock(path.join(root, '.cache', 'install.lock'), async () => {
    if (!isInstalled(root)) await install(root)
  })
}

// npm writes this file last, so an installation that was cut short is repeated.
function isInstalled(root) {
  const modules = path.join(root, 'node_modules')
  if (existsSync(path.join(modules, '.package-lock.json'))) return true
  // Installed by another tool, or packed without the lock: then npm has nothing to repeat.
  return existsSync(modules) && !existsSync(path.join(root, 'package-lock.json'))
}

async function install(root) {
  console.error('Quittance installs its dependencies (once): npm ci')
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: root,
    // Standard output belongs to the command that is about to run.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  const [status] = await once(child, 'close').catch((error) => {
    throw new Error(`npm could not be started: ${error.message}`)
  })
  if (status !== 0) throw new Error(`npm ci failed in ${root}; its messages are above`)
}
