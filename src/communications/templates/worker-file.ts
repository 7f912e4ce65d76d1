import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../../platform/package-root.ts'

/**
 * The program of a rendering process, as a file that Node can run. Compiled code has it beside itself. Tests run from
 * sources, which a process of Node 20 cannot: there it is compiled on its own first, into a directory of this process.
 */
export async function workerFile(): Promise<string> {
  const here = fileURLToPath(import.meta.url)
  if (here.endsWith('.js')) return path.join(path.dirname(here), 'worker.js')
  compiled ??= compileWorker(path.join(path.dirname(here), 'worker.ts'))
  return compiled
}

let compiled: Promise<string> | undefined

async function compileWorker(source: string): Promise<string> {
  const root = packageRoot()
  await mkdir(path.join(root, '.cache'), { recursive: true })
  const target = await mkdtemp(path.join(root, '.cache', 'worker-'))
  process.once('exit', () => rmSync(target, { recursive: true, force: true }))
  const compiler = path.join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')
  const options = [
    '--ignoreConfig',
    '--noCheck',
    '--skipLibCheck',
    '--rewriteRelativeImportExtensions',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--rootDir',
    root,
    '--outDir',
    target,
  ]
  await promisify(execFile)(process.execPath, [compiler, source, ...options], { cwd: root })
  return path.join(target, path.relative(root, source).replace(/\.ts$/, '.js'))
}
