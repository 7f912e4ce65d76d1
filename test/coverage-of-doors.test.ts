import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { documents } from '../src/docs.ts'
import { Settings } from '../src/identity/settings-schema.ts'
import { packageRoot } from '../src/platform/package-root.ts'
import { world } from './world.ts'

const it = world()
const root = packageRoot()
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const pages = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => read(path.join('docs', name)))
const doors = Object.keys(documents())

interface Contract {
  readonly paths: Record<string, Record<string, { operationId?: string; responses?: object }>>
}

async function contractOf(door: string): Promise<Contract> {
  const { status, body } = await it.inject({ method: 'GET', url: `/docs/${door}.json` })
  expect(status).toBe(200)
  return body as never
}

describe.each(doors)('the contract of %s', (door) => {
  test('is served, and every operation in it says what it answers', async () => {
    const { paths } = await contractOf(door)
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    expect(operations.length).toBeGreaterThan(0)
    const silent = operations.filter(({ responses = {} }) => Object.keys(responses).length === 0)
    expect(silent).toEqual([])
  })

  test('names no operation twice', async () => {
    const { paths } = await contractOf(door)
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ operationId }) => operationId ?? []),
    )
    expect(ids.filter((id, place) => ids.indexOf(id) !== place)).toEqual([])
  })
})

test('every group of our own operations stands in a document', async () => {
  const { paths } = await contractOf('native')
  const groups = new Set(
    Object.keys(paths).map((name) => /^(?:\/q\/v1)?\/([a-z-]+)/.exec(name)?.[1] ?? name),
  )
  const text = pages.join('\n') + read('README.md')
  expect([...groups].filter((group) => !text.includes(`/q/v1/${group}`))).toEqual([])
})

test('every method of the CRM.COM door stands in its document', async () => {
  const { paths } = await contractOf('crmcom')
  const text = read('docs/faces/crmcom.md')
  const names = Object.keys(paths).map(
    (name) => name.split('/').findLast((part) => part !== '') ?? name,
  )
  expect(names.filter((name) => !text.includes(name))).toEqual([])
})

test('every setting of the process stands in docs/operating.md', () => {
  const source = read('src/platform/config.ts')
  const settings = new Set(source.match(/\bQUITTANCE_[A-Z0-9_]+[A-Z0-9]\b|\bDATABASE_URL\b/g))
  expect(settings.size).toBeGreaterThan(20)
  const text = read('docs/operating.md')
  expect([...settings].filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})

test('every setting of a tenant stands in docs/operating.md', () => {
  const text = read('docs/operating.md')
  const names = Object.keys(Settings.properties)
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})
