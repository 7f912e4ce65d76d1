import { createHmac } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import type { Answer, TestTenant, World } from '../../world.ts'

export interface Key {
  readonly userId: number
  readonly key: string
}

/** A caller of both doors, signing as the SDKs do. */
export interface Client {
  readonly tenant: TestTenant
  readonly spaceId: number
  v1(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer<any>>
  v2(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<any>>
  as(key: Key): Client
  in(spaceId: number): Client
}

export function macHeaders(
  of: Key & { at: Date },
  method: string,
  target: string,
): Record<string, string> {
  const timestamp = String(Math.floor(of.at.getTime() / 1000))
  const secured = ['1', of.userId, timestamp, method, target].join('|')
  return {
    'x-mac-version': '1',
    'x-mac-userid': String(of.userId),
    'x-mac-timestamp': timestamp,
    'x-mac-value': createHmac('sha512', Buffer.from(of.key, 'base64'))
      .update(secured)
      .digest('base64'),
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function bearer(
  of: Key & { at: Date },
  method: string,
  target: string,
  header: Record<string, unknown> = {},
): string {
  const claims = {
    sub: String(of.userId),
    iat: Math.floor(of.at.getTime() / 1000),
    requestPath: target,
    requestMethod: method,
  }
  const signed = `${part({ alg: 'HS256', typ: 'JWT', ver: 1, ...header })}.${part(claims)}`
  const key = Buffer.from(of.key, 'base64')
  return `Bearer ${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

const withSpace = (path: string, spaceId: number) =>
  path.includes('spaceId=') ? path : `${path}${path.includes('?') ? '&' : '?'}spaceId=${spaceId}`

/** Speaks to both doors as a tenant's first user, or another key. */
export function client(
  it: World,
  tenant: TestTenant,
  options: Partial<Key & { spaceId: number }> = {},
): Client {
  const key = {
    userId: options.userId ?? tenant.wallee.userId,
    key: options.key ?? tenant.wallee.authenticationKey,
  }
  const spaceId = options.spaceId ?? tenant.wallee.spaceId
  const send = (request: InjectOptions, body: unknown) =>
    it.inject({
      ...request,
      ...(body === undefined
        ? {}
        : {
            headers: { ...request.headers, 'content-type': 'application/json' },
            payload: JSON.stringify(body),
          }),
    })
  return {
    tenant,
    spaceId,
    v1(method, path, body) {
      const url = withSpace(`/api${path}`, spaceId)
      const headers = macHeaders({ ...key, at: it.now }, method, url)
      return send({ method, url, headers }, body)
    },
    v2(method, path, body, more = {}) {
      const url = `/api/v2.0${path}`
      const authorization = bearer({ ...key, at: it.now }, method, url)
      const headers = { authorization, space: String(spaceId), ...more }
      return send({ method, url, headers }, body)
    },
    as: (other) => client(it, tenant, { ...other, spaceId }),
    in: (other) => client(it, tenant, { ...key, spaceId: other }),
  }
}
