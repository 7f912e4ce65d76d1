import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import ts from 'typescript'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identify } from './process-table.ts'
import { isServerLockHeld, takeServerLock } from './server-lock.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'quittance-lock-'))
  file = path.join(directory, 'server.lock')
})

afterEach(() => {
  fs.rmSync(directory, { recursive: true, force: true })
})

function writeLock(pid: number, identity: string, at = file): void {
  fs.writeFileSync(at, JSON.stringify({ pid, identity }))
}

function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

function take(): { release: () => void } {
  const lock = takeServerLock(file)
  if ('release' in lock) return lock
  throw new Error(`held by ${lock.heldBy}`)
}

test('a lock that is held names its holder and is free after its release', () => {
  const lock = take()
  expect(takeServerLock(file)).toEqual({ heldBy: process.pid })
  expect(isServerLockHeld(file)).toBe(true)

  lock.release()
  expect(isServerLockHeld(file)).toBe(false)
  take().release()
  expect(fs.readdirSync(directory)).toEqual([])
})

test('a lock of a dead process is taken over and leaves no other file', () => {
  writeLock(deadPid(), 'boot/1')
  const lock = take()
  expect(fs.readdirSync(directory)).toEqual(['server.lock'])
  lock.release()
})

test.runIf(process.platform === 'linux')('a lock whose pid now is another process is stale', () => {
  writeLock(process.ppid, `${identify(process.ppid)}0`)
  expect(isServerLockHeld(file)).toBe(false)
  writeLock(process.ppid, identify(process.ppid) ?? '')
  expect(isServerLockHeld(file)).toBe(true)
})

test('a lock cut short by a power failure is taken over', () => {
  fs.writeFileSync(file, '{"pid":')
  take().release()
})

test('a server that died while taking over does not stand in the way', () => {
  writeLock(deadPid(), 'boot/1')
  writeLock(deadPid(), 'boot/2', `${file}.takeover`)
  take()
  expect(fs.readdirSync(directory)).toEqual(['server.lock'])
})

test('a release leaves alone a lock that has become somebody else’s', () => {
  const lock = take()
  writeLock(process.ppid, identify(process.ppid) ?? '')
  lock.release()
  expect(isServerLockHeld(file)).toBe(true)
})

test('exactly one of many processes wins a stale lock', async () => {
  const program = compileContender()
  for (let round = 0; round < 5; round += 1) {
    writeLock(deadPid(), 'boot/1')
    const contenders = Array.from({ length: 6 }, () => spawn(process.execPath, [program, file]))
    const answers = contenders.map(
      (child) =>
        new Promise<string>((resolve) => {
          child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
        }),
    )
    const outcomes = await Promise.all(answers)
    for (const child of contenders) child.kill('SIGKILL')
    expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1)
    fs.rmSync(file)
  }
})

// Each contender waits for the same instant and then holds what it got until it is killed.
function compileContender(): string {
  const compilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    rewriteRelativeImportExtensions: true,
  }
  for (const name of ['error', 'process-table', 'server-lock']) {
    const source = fs.readFileSync(path.join(import.meta.dirname, `${name}.ts`), 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions })
    fs.writeFileSync(path.join(directory, `${name}.js`), outputText)
  }
  fs.writeFileSync(path.join(directory, 'package.json'), '{"type":"module"}')
  const program = path.join(directory, 'contender.js')
  fs.writeFileSync(
    program,
    `import { takeServerLock } from './server-lock.js'
    while (Date.now() % 300 !== 0);
    const lock = takeServerLock(process.argv[2])
    console.log('release' in lock ? 'won' : 'lost')
    setInterval(() => {}, 1000)`,
  )
  return program
}
