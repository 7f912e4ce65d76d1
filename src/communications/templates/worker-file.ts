import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../../platform/package-root.ts'

/**
 * The program of a rendering process, as a file that Node can run. Compiled code has it beside itself. Tests run from
 * sources, which a process of Node 20 cannot: there it is compiled on its own first, into `.cache`, once for each content.
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
  const cache = path.join(root, '.cache')
  await mkdir(cache, { recursive: true })
  const scratch = await mkdtemp(path.join(cache, 'compiling-'))
  const compiler = path.join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')
  const places = ['--rootDir', root, '--outDir', scratch]
  await promisify(execFile)(process.execPath, [compiler, source, ...options, ...places])
  const target = path.join(cache, `renderer-${await fingerprintOf(scratch)}`)
  // Whoever compiled the same before was first; its files are these.
  await rename(scratch, target).catch(() => rm(scratch, { recursive: true, force: true }))
  return path.join(target, path.relative(root, source).replace(/\.ts$/, '.js'))
}

const options = [
  '--ignoreConfig',
  '--noCheck',
  '--skipLibCheck',
  '--rewriteRelativeImportExtensions',
  '--module',
  'nodenext',
  '--target',
  'es2023',
]

async function fingerprintOf(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names
    .filter((name) => name.isFile())
    .map((name) => path.join(name.parentPath, name.name))
  const hash = createHash('sha256')
  for (const file of files.toSorted())
    hash.update(path.relative(directory, file)).update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}
