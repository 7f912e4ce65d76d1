import { readFile, writeFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { beforeAll, describe, expect, test } from 'vitest'
import { entities } from '../../../src/faces/wallee/registry.ts'
import { world } from '../../world.ts'
import { servedOf, sideBars, stateOf, withTable } from './operation-table.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
beforeAll(async () => {
  us = client(it, await it.tenant())
})

test('the table of operations in the documentation is what the code serves', async () => {
  const file = new URL('../../../docs/faces/wallee.md', import.meta.url)
  const page = await readFile(file, 'utf8')
  const renewed = await withTable(page)
  if (process.env.WRITE_TABLE) await writeFile(file, renewed)
  else expect(page === renewed, 'run it with WRITE_TABLE=1 to renew the table').toBe(true)
  expect(sideBars.v1).toHaveLength(389)
  expect(sideBars.v2).toHaveLength(445)
})

test('entities have names of their own, and refer to entities that there are', () => {
  const names = entities.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  const references = entities.flatMap(({ fields }) =>
    Object.values(fields).flatMap(({ type }) => (type.kind === 'reference' ? [type.entity] : [])),
  )
  expect(references.filter((name) => !names.includes(name))).toEqual([])
})

test('every operation of a payment gateway is answered with the name of its group', async () => {
  for (const [version, listed] of [
    [1, sideBars.v1],
    [2, sideBars.v2],
  ] as const) {
    const served = servedOf(version)
    const foreign = listed.filter((one) => stateOf(version, one, served) === 'gateway')
    expect(foreign.length).toBeGreaterThan(200)
    for (const [group, method, path] of foreign) {
      const below = path
        .replace(version === 1 ? '/api' : '/api/v2.0', '')
        .replaceAll(/\{\w+\}/g, '7')
      const answer =
        version === 1 ? await us.v1(method as 'GET', below) : await us.v2(method, below)
      expect(answer.status, `${group} ${method} ${path}`).toBe(version === 1 ? 442 : 404)
      expect(answer.body.message).toMatch(/belongs to a payment gateway/)
    }
  }
})

describe.each([1, 2] as const)('the published contract of version %i', (version) => {
  const document = async () =>
    (await it.inject({ method: 'GET', url: `/docs/wallee-v${version}.json` })).body

  test('is valid OpenAPI and names each operation once', async () => {
    const body = await document()
    const result = await new Validator().validate(structuredClone(body))
    expect(result).toMatchObject({ valid: true })
    const operations = Object.values(body.paths as Record<string, Record<string, any>>).flatMap(
      (path) => Object.values(path),
    )
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(operations.every(({ summary }) => summary !== '')).toBe(true)
  })

  test('lists every operation that is mounted, and no other', async () => {
    const body = await document()
    const listed = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`,
      ),
    )
    expect(listed.toSorted()).toEqual([...servedOf(version)].toSorted())
    for (const operation of listed) {
      const [method = '', path = ''] = operation.split(' ')
      const below = path.replace(version === 1 ? '/api' : '/api/v2.0', '').replaceAll('{}', '7')
      const account = { account: '7' }
      const answer =
        version === 1
          ? await us.v1(method as 'GET', below)
          : await us.v2(method, below, undefined, account)
      expect(answer.body?.message ?? '', operation).not.toMatch(/there is no such operation/)
      expect(answer.status, operation).toBeLessThan(version === 1 ? 443 : 430)
    }
  })
})
