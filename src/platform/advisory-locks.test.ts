import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { lockNumber } from './advisory-locks.ts'
import { packageRoot } from './package-root.ts'

test('each subject has the advisory lock that servers of other versions know it by', () => {
  expect(lockNumber('migrations')).toBe(7_184_226_001)
  expect(lockNumber('queue schema')).toBe(7_184_226_002)
  expect(lockNumber('workers')).toBe(7_184_226_003)
  expect(lockNumber('signing keys')).toBe(7_184_226_004)
})

test('nothing takes an advisory lock by a number of its own', async () => {
  const root = path.join(packageRoot(), 'src')
  const names = await readdir(root, { recursive: true })
  const sources = names.filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  expect(sources.length).toBeGreaterThan(100)
  const strays: string[] = []
  for (const name of sources) {
    const text = await readFile(path.join(root, name), 'utf8')
    if (!/advisory_(xact_)?lock/.test(text)) continue
    const isNumbered = /7_?184_?226_?\d{3}|advisory_(xact_)?lock(_shared)?\(\d/.test(text)
    const isListed = /lockNumber\(|lockKey\(/.test(text)
    if (isNumbered || !isListed) strays.push(name)
  }
  expect(strays).toEqual([])
})
