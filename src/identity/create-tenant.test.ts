import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { isUuid } from '../kernel/id.ts'
import { createSealer } from '../platform/sealer.ts'
import { createTenant } from './create-tenant.ts'
import { doorSecretContext } from './credentials.ts'

const sealer = createSealer(Buffer.alloc(32, 1))
const now = () => new Date('2026-03-01T12:00:00Z')

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

function create(name: string, more: { isSandbox?: boolean; timeZone?: string } = {}) {
  return createTenant(database.db, { name, isSandbox: false, ...more }, { now, sealer })
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function countRows(): Promise<number> {
  const { rows } = await database.ownerPool.query<{ count: number }>(
    `select (select count(*) from quittance.tenant) + (select count(*) from quittance.oauth_client)
      + (select count(*) from quittance.door_credential) as count`,
  )
  return rows[0]!.count
}

describe('creating a tenant', () => {
  it('gives it credentials for every door, in the promised shape', async () => {
    const created = await create(' Acme ')
    expect(created).toEqual({
      tenantId: expect.any(String),
      name: 'Acme',
      oauth: {
        clientId: expect.stringMatching(/^[a-z0-9]{26}$/),
        clientSecret: expect.stringMatching(/^[\w-]{43}$/),
      },
      wallee: {
        spaceId: expect.any(Number),
        userId: expect.any(Number),
        authenticationKey: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
      },
      crmcom: {
        organisation: expect.stringMatching(/^Q\d+$/),
        username: 'administrator',
        password: expect.stringMatching(/^[\w-]{43}$/),
      },
      payofin: {
        merchantId: expect.any(Number),
        apiKey: expect.any(String),
        secretKey: expect.any(String),
      },
    })
    expect(isUuid(created.tenantId)).toBe(true)
    expect(Buffer.from(created.wallee.authenticationKey, 'base64')).toHaveLength(32)
  })

  it('shares no credential with another tenant', async () => {
    const [one, other] = await Promise.all([create('One'), create('Other')])
    const values = [one, other].flatMap((tenant) => [
      tenant.tenantId,
      ...Object.values(tenant.oauth),
      tenant.wallee.userId,
      tenant.wallee.authenticationKey,
      tenant.crmcom.organisation,
      tenant.crmcom.password,
      ...Object.values(tenant.payofin),
    ])
    expect(new Set(values).size).toBe(values.length)
    expect(one.wallee.spaceId).not.toBe(other.wallee.spaceId)
  })

  it('keeps hashes of the secrets, and the signing one sealed besides', async () => {
    const { tenantId, oauth, wallee, crmcom, payofin } = await create('Secretive')
    const clients = await database.ownerPool.query(
      'select client_id, secret_sha256 from quittance.oauth_client where tenant_id = $1',
      [tenantId],
    )
    expect(clients.rows).toEqual([
      { client_id: oauth.clientId, secret_sha256: sha256(oauth.clientSecret) },
    ])
    const doors = await database.ownerPool.query<{ secret_sealed: Buffer | null }>(
      'select door, key_id, secret_sha256, secret_sealed from quittance.door_credential where tenant_id = $1 order by door',
      [tenantId],
    )
    const keyId = String(wallee.userId)
    expect(doors.rows).toEqual([
      {
        door: 'crmcom',
        key_id: `${crmcom.organisation}/${crmcom.username}`,
        secret_sha256: sha256(crmcom.password),
        secret_sealed: null,
      },
      {
        door: 'payofin',
        key_id: payofin.apiKey,
        secret_sha256: sha256(payofin.secretKey),
        secret_sealed: null,
      },
      {
        door: 'wallee',
        key_id: keyId,
        secret_sha256: sha256(wallee.authenticationKey),
        secret_sealed: expect.any(Buffer),
      },
    ])
    const sealed = doors.rows.at(-1)!.secret_sealed!
    const opened = sealer.open(sealed, doorSecretContext({ tenantId, door: 'wallee', keyId }))
    expect(opened.toString('base64')).toBe(wallee.authenticationKey)
  })

  it('notes whether it is a sandbox, where it is, and when it came', async () => {
    const { tenantId } = await create('Elsewhere', { isSandbox: true, timeZone: 'Europe/Madrid' })
    const { rows } = await database.ownerPool.query(
      'select name, is_sandbox, time_zone, settings, created_at from quittance.tenant where tenant_id = $1',
      [tenantId],
    )
    expect(rows).toEqual([
      {
        name: 'Elsewhere',
        is_sandbox: true,
        time_zone: 'Europe/Madrid',
        settings: {},
        created_at: now(),
      },
    ])
  })

  it('refuses a name that is none, or too long, and leaves no trace', async () => {
    const before = await countRows()
    for (const name of ['', '  ', 'x'.repeat(201), 'a\0b']) {
      await expect(create(name)).rejects.toMatchObject({ code: 'tenant_name_unusable' })
    }
    expect(await countRows()).toBe(before)
  })

  it('refuses a time zone that does not exist', async () => {
    await expect(create('Nowhere', { timeZone: 'Europe/Nowhere' })).rejects.toMatchObject({
      code: 'time_zone_unknown',
    })
  })

  it('leaves no trace when it fails half-way', async () => {
    const before = await countRows()
    const broken = {
      ...sealer,
      seal: () => {
        throw new Error('no seal')
      },
    }
    const creating = createTenant(
      database.db,
      { name: 'Half', isSandbox: false },
      { now, sealer: broken },
    )
    await expect(creating).rejects.toThrow('no seal')
    expect(await countRows()).toBe(before)
  })
})
