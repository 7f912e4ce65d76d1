import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDirectories } from './directories.ts'

let place: string
beforeAll(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'quittance-directories-'))
})
afterAll(() => fs.rmSync(place, { recursive: true }))

test('makes what is missing and names the topmost that it made', () => {
  const deep = path.join(place, 'a', 'b', 'c')
  expect(makeDirectories(deep, 0o700)).toBe(path.join(place, 'a'))
  expect(fs.statSync(deep).mode & 0o777).toBe(0o700)
  expect(makeDirectories(path.join(place, 'a', 'd'), 0o700)).toBe(path.join(place, 'a', 'd'))
  expect(makeDirectories(deep, 0o700)).toBeUndefined()
})

test('fails where a file is in the way', () => {
  const file = path.join(place, 'file')
  fs.writeFileSync(file, '')
  expect(() => makeDirectories(file, 0o700)).toThrow('EEXIST')
  expect(() => makeDirectories(path.join(file, 'below'), 0o700)).toThrow('ENOTDIR')
})

test.runIf(fs.existsSync('/proc/self'))('gives up where no directory can be made', () => {
  expect(() => makeDirectories('/proc/no-such/place', 0o700)).toThrow('ENOENT')
})
