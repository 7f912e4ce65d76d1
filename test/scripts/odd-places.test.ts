import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/platform/package-root.ts'

/** What of a clone runs. All else is for those who read, or made by what runs. */
const parts = [
  'bin',
  'scripts',
  'src',
  'bench',
  'migrations',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]
const isRoot = process.getuid?.() === 0
const startMaxMs = 100_000

interface User {
  readonly uid: number
  readonly gid: number
}

let home: string
let tree: string

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'quittance odd-'))
  // Who is not root, and root's PostgreSQL, go through it.
  fs.chmodSync(home, 0o755)
  tree = path.join(home, 'a clone')
  fs.mkdirSync(tree)
  for (const part of parts) {
    fs.cpSync(path.join(packageRoot(), part), path.join(tree, part), { recursive: true })
  }
  fs.symlinkSync(path.join(packageRoot(), 'node_modules'), path.join(tree, 'node_modules'))
  changeModes(tree, { directory: 0o555, file: 0o444 })
})
afterAll(() => {
  // Nothing can be removed from a directory that may not be written.
  changeModes(tree, { directory: 0o755, file: 0o644 })
  fs.rmSync(home, { recursive: true, force: true })
})

function changeModes(directory: string, modes: { directory: number; file: number }): void {
  fs.chmodSync(directory, modes.directory)
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const target = path.join(directory, entry.name)
    if (entry.isDirectory()) changeModes(target, modes)
    if (entry.isFile()) fs.chmodSync(target, modes.file)
  }
}

/** The words before a command that show root the tree as on a disk that is mounted to be read; modes do not stop root. */
function readOnlyMount(): string[] {
  const script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
  return ['unshare', '--mount', 'sh', '-c', script, tree]
}

function succeeds(words: readonly string[], user?: User): boolean {
  const [program = '', ...rest] = words
  return spawnSync(program, rest, { ...user, cwd: '/', stdio: 'ignore' }).status === 0
}

function findNobody(): User | undefined {
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  const fields = users.find((line) => line.startsWith('nobody:'))?.split(':')
  return fields && { uid: Number(fields[2]), gid: Number(fields[3]) }
}

/** Starts the server, asks for its health, ends it. Answers what it said besides where it listens. */
async function serveOnce(name: string, how: { user?: User; before?: string[] }): Promise<string> {
  const own = path.join(home, `place of ${name}`)
  const scratch = path.join(own, 'scratch files')
  fs.mkdirSync(scratch, { recursive: true })
  for (const place of how.user ? [own, scratch] : []) {
    fs.chownSync(place, how.user!.uid, how.user!.gid)
  }
  const command = [path.join(tree, 'bin', 'quittance'), 'serve', '--port', '0', '--data-dir']
  const words = [...(how.before ?? []), process.execPath, ...command, path.join(own, 'the data')]
  const child = spawn(words[0]!, words.slice(1), {
    ...how.user,
    cwd: '/',
    env: { ...process.env, TMPDIR: scratch, QUITTANCE_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  try {
    const url = await listening(child).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${said}`)
    })
    const answer = await fetch(`${url}/healthz`)
    expect(answer.status).toBe(200)
  } finally {
    // Also of a server that failed the test: its PostgreSQL ends with it.
    child.kill('SIGTERM')
    await ended
  }
  expect({ code: child.exitCode, signal: child.signalCode }).toEqual({ code: 0, signal: null })
  return said
}

/** The address that the server prints when it answers. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`the server ${why}; it printed "${printed}"`))
    }
    const timer = setTimeout(() => fail(`was not ready in ${startMaxMs} ms`), startMaxMs)
    child.once('exit', (code) => fail(`ended with ${code}`))
    child.stdout?.on('data', (data: Buffer) => {
      printed += data.toString()
      const url = /listening on (http:\/\/\S+)/.exec(printed)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    })
  })
}

test('serves from a read-only clone whose path has spaces', async (context) => {
  const before = isRoot ? readOnlyMount() : []
  if (isRoot && !succeeds([...before, 'true'])) {
    context.skip('root may write everywhere, and nothing can be mounted read-only here')
  }
  const listed = fs.readdirSync(tree)
  const said = await serveOnce('the present user', { before })
  expect(said).toContain('Quittance compiles its sources')
  expect(fs.readdirSync(tree)).toEqual(listed)
})

test('serves as nobody from the clone of somebody else', async (context) => {
  if (!isRoot) context.skip('only root may become nobody')
  const nobody = findNobody()
  if (!nobody) return context.skip('this machine has no user nobody')
  const file = path.join(tree, 'node_modules', '.package-lock.json')
  const read = [process.execPath, '-e', `fs.readFileSync(${JSON.stringify(file)})`]
  if (!succeeds(read, nobody)) context.skip('nobody may not read Node.js, or node_modules')
  const listed = fs.readdirSync(tree)
  const said = await serveOnce('nobody', { user: nobody })
  expect(said).toContain('Quittance compiles its sources')
  expect(fs.readdirSync(tree)).toEqual(listed)
})
