import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { accountFor } from './account.ts'
import { findPackage, prepareBinaries } from './binaries.ts'
import { ensureCluster } from './cluster.ts'
import { layoutOf } from './layout.ts'

const isRoot = process.getuid?.() === 0

let directory: string

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "quittance binaries ü'"))
  fs.chmodSync(directory, 0o755)
})

afterEach(() => {
  const home = path.join(directory, 'home')
  for (const closed of [home, path.join(home, 'native', 'lib')]) {
    if (fs.existsSync(closed)) fs.chmodSync(closed, 0o755)
  }
  fs.rmSync(directory, { recursive: true, force: true })
})

/** A package as npm leaves it when install scripts are off. */
function copyPackage(): { native: string; version: string } {
  const { native, version } = findPackage()
  const copy = path.join(directory, 'home', 'native')
  fs.cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  for (const name of fs.readdirSync(path.join(copy, 'lib'))) {
    const file = path.join(copy, 'lib', name)
    if (fs.lstatSync(file).isSymbolicLink()) fs.rmSync(file)
  }
  return { native: copy, version }
}

async function expectToRun(native: string): Promise<void> {
  const dataDir = path.join(directory, 'data')
  fs.mkdirSync(dataDir, { mode: 0o755 })
  const layout = layoutOf(dataDir)
  await ensureCluster(layout, native, accountFor(layout.cluster))
  expect(fs.existsSync(path.join(layout.cluster, 'PG_VERSION'))).toBe(true)
}

test('a platform without a package is told to bring its own database', () => {
  expect(() => findPackage('linux', 'mips')).toThrow(/linux-mips is not installed.*--database-url/s)
  expect(() => findPackage('win32', 'x64')).toThrow(/--database-url or DATABASE_URL/)
})

test('symlinks that ignored install scripts left out are created in place', async () => {
  const source = copyPackage()
  const runtime = path.join(directory, 'runtime')
  const native = prepareBinaries(source, runtime, accountFor(directory))
  expect(native).toBe(source.native)
  expect(fs.existsSync(runtime)).toBe(false)
  await expectToRun(native)
})

test.skipIf(isRoot)('a read-only package is copied (only an ordinary user meets one)', async () => {
  const source = copyPackage()
  fs.chmodSync(path.join(source.native, 'lib'), 0o555)
  const runtime = path.join(directory, 'runtime')
  const native = prepareBinaries(source, runtime)
  expect(native).toBe(path.join(runtime, source.version, 'native'))
  await expectToRun(native)
})

test.runIf(isRoot)('a package in a closed directory is copied once (only root)', async () => {
  const source = copyPackage()
  fs.chmodSync(path.join(directory, 'home'), 0o700)
  const runtime = path.join(directory, 'runtime')
  fs.mkdirSync(path.join(runtime, '17.0.0'), { recursive: true })
  const account = { uid: 65_534, gid: 65_534 }

  const native = prepareBinaries(source, runtime, account)
  expect(fs.readdirSync(runtime)).toEqual([source.version])
  const made = fs.statSync(native).ino
  expect(fs.statSync(prepareBinaries(source, runtime, account)).ino).toBe(made)
  await expectToRun(native)
})

test('a copy that was interrupted is made again', () => {
  const source = copyPackage()
  const runtime = path.join(directory, 'runtime')
  fs.mkdirSync(path.join(runtime, `${source.version}.new`, 'native', 'bin'), { recursive: true })
  fs.chmodSync(isRoot ? path.join(directory, 'home') : path.join(source.native, 'lib'), 0o500)

  const account = isRoot ? { uid: 65_534, gid: 65_534 } : undefined
  const native = prepareBinaries(source, runtime, account)
  expect(fs.existsSync(path.join(native, 'bin', 'postgres'))).toBe(true)
  expect(fs.readdirSync(runtime)).toEqual([source.version])
})

test('programs below a path a shell would read are refused', () => {
  const { native, version } = copyPackage()
  const odd = path.join(directory, 'home', 'a"b')
  fs.mkdirSync(odd)
  fs.renameSync(native, path.join(odd, 'native'))
  const source = { native: path.join(odd, 'native'), version }
  expect(() => prepareBinaries(source, directory)).toThrow(/a character a shell reads/)
})
