import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { operationsOf } from '../../../src/faces/wallee/openapi.ts'
import { entities } from '../../../src/faces/wallee/registry.ts'
import { world } from '../../world.ts'
import { servedOf, stateOf } from './operation-table.ts'
import { homeAccount } from './samples.ts'
import { firstMethods, type Place, type SdkMethod, secondMethods } from './sdk-methods.ts'
import { actionScenes, type Scene, type Stage, verbScenes } from './sdk-scenarios.ts'
import { client, type Client } from './sign.ts'

const it = world()
const place = {} as { -readonly [Name in keyof Place]: Place[Name] }
let us: Client
beforeAll(async () => {
  // The SDKs sign with the machine's own time.
  it.now = new Date()
  const tenant = await it.tenant()
  us = client(it, tenant)
  await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = it.assembly.app.server.address() as AddressInfo
  Object.assign(place, tenant.wallee, {
    origin: `http://127.0.0.1:${port}`,
    accountId: await homeAccount(us),
  })
})

/** Methods of groups that are served which no test calls, and why. */
const notCalled: Record<string, string> = {}

const nameless = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')

const served = (version: 1 | 2) =>
  new Map(
    entities.flatMap((entity) =>
      operationsOf(entity, version).map(
        (operation) =>
          [`${operation.method} ${nameless(operation.path)}`, { entity, operation }] as const,
      ),
    ),
  )

const sdks = [
  ['postfinancecheckout-3', 1, firstMethods('postfinancecheckout-3', place)],
  ['postfinancecheckout-4', 1, firstMethods('postfinancecheckout-4', place)],
  ['postfinancecheckout-5', 2, secondMethods('postfinancecheckout-5', place)],
] as const

/** What a method is called with, by the operation that it asks for. */
function sceneOf(method: SdkMethod, stage: Stage): Promise<Scene> | undefined {
  const found = served(stage.version).get(`${method.method} ${nameless(method.path)}`)
  if (!found) return undefined
  const { entity, operation } = found
  return operation.verb === undefined
    ? actionScenes[`${operation.method} ${operation.path}`]?.(stage)
    : verbScenes[operation.verb]!(stage, entity)
}

const isServed = (version: 1 | 2, { method, path }: SdkMethod) =>
  served(version).has(`${method} ${nameless(path)}`)

describe.each(sdks)('the SDK %s', (_sdk, version, methods) => {
  const ours = methods.filter(
    (method) => isServed(version, method) && notCalled[method.name] === undefined,
  )

  test.each(ours.map((method) => [method.name, method] as const))(
    'calls %s and understands the answer',
    async (_name, method) => {
      const scene = await sceneOf(method, { it, us, version })
      expect(scene, `there is no scene for ${method.method} ${method.path}`).toBeDefined()
      const answer = await method.call(scene!).catch(async (error: any) => {
        const body = error.body ?? (await error.response?.text?.())
        throw new Error(`${method.name}: ${JSON.stringify(body ?? String(error))}`)
      })
      scene!.check?.(answer)
    },
  )

  test('has no method of a group that is served which is neither called, nor told why it is not', () => {
    const services = new Set(ours.map(({ name }) => name.split('.')[0]))
    const open = methods
      .filter(({ name }) => services.has(name.split('.')[0]))
      .filter((method) => !isServed(version, method) && notCalled[method.name] === undefined)
      .filter(
        ({ method, path }) => stateOf(version, ['', method, path], servedOf(version)) !== 'gateway',
      )
    expect(open.map(({ name, method, path }) => `${name}: ${method} ${path}`)).toEqual([])
    expect(services.size).toBeGreaterThan(20)
  })
})

test('what is told not to be called is there, and is not called for a reason', () => {
  const names = new Set(sdks.flatMap(([, , methods]) => methods.map(({ name }) => name)))
  for (const [name, reason] of Object.entries(notCalled)) {
    expect(names).toContain(name)
    expect(reason.length).toBeGreaterThan(10)
  }
})
