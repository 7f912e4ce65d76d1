import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'

const stampName = '.built-from'
const sources = ['src', 'bench', 'tsconfig.json', 'tsconfig.build.json', 'package.json']

/**
 * Answers a directory with the compiled code of the sources as they are now, compiling them if
 * need be. Several processes may ask at once.
 */
export async function ensureBuilt(root) {
  const dist = path.join(root, 'dist')
  const compiler = path.join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')
  const canCompile = fs.existsSync(path.join(root, 'src')) && fs.existsSync(compiler)
  if (!canCompile && fs.existsSync(dist)) return dist
  if (!canCompile) throw new Error(`There is no compiled code in ${dist}. Run npm ci first`)
  const fingerprint = fingerprintOf(root)
  if (isBuiltFrom(dist, fingerprint)) return dist
  const home = isWritable(root) ? root : cacheOf(root, fingerprint)
  const target = path.join(home, 'dist')
  await withLock(path.join(home, '.cache', 'build.lock'), async () => {
    if (isBuiltFrom(target, fingerprint)) return
    await compile({ root, home, compiler, fingerprint })
  })
  return target
}

// Names and contents, not times: a checkout, a copy or a deleted file leaves misleading times.
function fingerprintOf(root) {
  const hash = createHash('sha256')
  for (const name of sources) addToHash(hash, root, name)
  return hash.digest('hex')
}

function addToHash(hash, root, name) {
  const file = path.join(root, name)
  const found = fs.statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return
  if (found.isDirectory()) {
    const children = fs.readdirSync(file).sort()
    for (const child of children) addToHash(hash, root, path.join(name, child))
    return
  }
  if (name.endsWith('.test.ts')) return
  const content = fs.readFileSync(file)
  hash.update(`${name}\0${content.length}\0`).update(content)
}

function isBuiltFrom(dist, fingerprint) {
  const stamp = path.join(dist, stampName)
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === fingerprint
}

async function compile({ root, home, compiler, fingerprint }) {
  console.error('Quittance compiles its sources')
  const scratch = fs.mkdtempSync(path.join(home, '.cache', 'build-'))
  const out = path.join(scratch, 'new')
  try {
    const options = ['-p', path.join(root, 'tsconfig.build.json'), '--outDir', out]
    const child = spawn(process.execPath, [compiler, ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    const [status] = await once(child, 'close')
    if (status !== 0) throw new Error('The sources do not compile; the reasons are above')
    copyAssets(path.join(root, 'src'), path.join(out, 'src'))
    fs.writeFileSync(path.join(out, stampName), fingerprint)
    swap(out, path.join(home, 'dist'), path.join(scratch, 'old'))
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}

// What the code reads beside itself: texts of languages, style sheets.
const assetPattern = /\.(?:json|css|svg|html|twig)$/

function copyAssets(from, to) {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name)
    const target = path.join(to, entry.name)
    if (entry.isDirectory()) copyAssets(source, target)
    else if (assetPattern.test(entry.name)) {
      fs.mkdirSync(to, { recursive: true })
      fs.copyFileSync(source, target)
    }
  }
}

// A directory cannot replace another in one step, so for an instant there is none: whoever looks
// then waits for the lock, and finds the new one.
function swap(from, to, aside) {
  if (fs.existsSync(to)) fs.renameSync(to, aside)
  fs.renameSync(from, to)
}

function isWritable(directory) {
  try {
    fs.accessSync(directory, fs.constants.W_OK)
    const probe = path.join(directory, '.cache')
    fs.mkdirSync(probe, { recursive: true })
    fs.accessSync(probe, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** A place of this user's own that looks like the package: what is not compiled is linked. */
function cacheOf(root, fingerprint) {
  const own = path.join(os.tmpdir(), `quittance-${process.getuid?.() ?? os.userInfo().uid}`)
  fs.mkdirSync(own, { mode: 0o700, recursive: true })
  refuseForeign(own)
  // Two clones with the same sources have their node_modules in different places.
  const key = createHash('sha256').update(`${root}\0${fingerprint}`).digest('hex').slice(0, 32)
  const home = path.join(own, key)
  fs.mkdirSync(path.join(home, '.cache'), { recursive: true })
  for (const name of ['node_modules', 'migrations', 'package.json']) {
    link(path.join(root, name), path.join(home, name))
  }
  return home
}

// Anybody may create names in the temporary directory; code is only run from what is ours alone.
function refuseForeign(directory) {
  if (process.platform === 'win32') return
  const found = fs.lstatSync(directory)
  const isOurs = found.isDirectory() && found.uid === process.getuid()
  if (isOurs && (found.mode & 0o022) === 0) return
  throw new Error(
    `${directory} is not this user's alone, so nothing is compiled into it; remove it`,
  )
}

function link(target, at) {
  try {
    fs.symlinkSync(target, at)
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}

if (
  process.argv[1] !== undefined &&
  fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
) {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
  console.log(await ensureBuilt(root))
}
