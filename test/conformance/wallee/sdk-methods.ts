import { createRequire } from 'node:module'

type Json = Record<string, any>

/** One method of an SDK that speaks to the server: which request it makes, and how it is called. */
export interface SdkMethod {
  readonly name: string
  readonly method: string
  /** Complete, with `{name}` for what the caller fills in. */
  readonly path: string
  /** How its parameters are called, the body's among them. */
  readonly params: readonly string[]
  call(given: { params: Json; body?: unknown }): Promise<any>
}

export interface Place {
  /** Where the server listens, without a path. */
  readonly origin: string
  readonly spaceId: number
  readonly accountId: number
  readonly userId: number
  readonly authenticationKey: string
}

const require = createRequire(import.meta.url)

// What every service has besides: it sets the service up and calls nothing.
const setUp = new Set(['constructor', 'setTimeout', 'setDefaultAuthentication', 'getVersion'])

/** The methods of a version 1 SDK, read from its own source: the path, and the parameters in their order. */
export function firstMethods(sdk: string, place: Place): SdkMethod[] {
  const { api } = require(sdk).PostFinanceCheckout
  return servicesOf(api).flatMap(([service, made]) =>
    functionsOf(made.prototype).flatMap(([name, source]) => {
      const path = /(?:url|localVarPath) = '([^']+)'/.exec(source)?.[1]
      if (path === undefined) return []
      const params = paramsOf(source)
      return [
        {
          name: `${service}.${name}`,
          method: /method: '(\w+)'/.exec(source)?.[1] ?? '',
          path: `/api${path}`,
          params,
          async call({ params: given, body }: { params: Json; body?: unknown }) {
            const { spaceId, accountId, userId, authenticationKey } = place
            const one = new made({
              space_id: spaceId,
              user_id: userId,
              api_secret: authenticationKey,
            })
            one.basePath = `${place.origin}/api`
            const known: Json = { spaceId, accountId, ...given }
            const args = params.map((param) => (param in known ? known[param] : body))
            return (await one[name](...args)).body
          },
        },
      ]
    }),
  )
}

/** The methods of the version 2 SDK, by their twins that give the whole response. */
export function secondMethods(sdk: string, place: Place): SdkMethod[] {
  const module = require(sdk)
  return servicesOf(module).flatMap(([service, made]) =>
    functionsOf(made.prototype).flatMap(([raw, source]) => {
      const path = /path: `([^`]+?)`/.exec(source)?.[1]
      if (path === undefined || !raw.endsWith('Raw')) return []
      const name = raw.slice(0, -'Raw'.length)
      const params = [
        ...new Set(
          [...source.matchAll(/requestParameters\['(\w+)'\]/g)].map(([, param]) => param!),
        ),
      ]
      const bodyName = /body:.*?requestParameters\['(\w+)'\]/.exec(source)?.[1]
      return [
        {
          name: `${service}.${name}`,
          method: /method: '(\w+)'/.exec(source)?.[1] ?? '',
          path: `/api/v2.0${path}`,
          params,
          async call({ params: given, body }: { params: Json; body?: unknown }) {
            const { origin, userId, authenticationKey } = place
            const config = new module.Configuration({
              basePath: `${origin}/api/v2.0`,
              httpBearerAuth: new module.HttpBearerAuth(userId, authenticationKey),
            })
            const known = { space: place.spaceId, account: place.accountId, ...given }
            const asked = Object.fromEntries(
              Object.entries(known).filter(([param]) => params.includes(param)),
            )
            return new made(config)[name]({
              ...asked,
              ...(bodyName === undefined ? {} : { [bodyName]: body }),
            })
          },
        },
      ]
    }),
  )
}

const servicesOf = (module: Json): [string, any][] =>
  Object.entries(module).filter(([name]) => name.endsWith('Service'))

function functionsOf(prototype: object): [string, string][] {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    typeof value === 'function' && !setUp.has(name) ? [[name, String(value)] as const] : [],
  ) as [string, string][]
}

/** `create(spaceId, entity, options = {})` without the options. */
function paramsOf(source: string): string[] {
  const list = /^\w+\s*\(([^)]*)\)/.exec(source)?.[1] ?? ''
  return list
    .split(',')
    .map((param) => param.trim().split(/\s/)[0]!)
    .filter((param) => param !== '' && param !== 'options')
}
