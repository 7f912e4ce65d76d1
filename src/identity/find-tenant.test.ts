import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { createSealer } from '../platform/sealer.ts'
import { createTenant } from './create-tenant.ts'
import { createTenantFinder } from './find-tenant.ts'

const sealer = createSealer(Buffer.alloc(32, 1))
const clock = { ms: Date.parse('2026-03-01T12:00:00Z') }
const now = () => new Date(clock.ms)

let database: TestDatabase
let tenantId: string
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  const created = await createTenant(
    database.db,
    { name: 'Acme', isSandbox: true },
    { now, sealer },
  )
  tenantId = created.tenantId
})

describe('finding a tenant', () => {
  it('answers who it is', async () => {
    const finder = createTenantFinder({ db: database.db, now })
    expect(await finder.tenantOf(tenantId)).toEqual({
      tenantId,
      name: 'Acme',
      timeZone: 'Europe/Berlin',
      isSandbox: true,
      settings: {},
    })
  })

  it('finds none where there is none', async () => {
    const finder = createTenantFinder({ db: database.db, now })
    expect(await finder.tenantOf(newId())).toBeUndefined()
    expect(await finder.tenantOf('no uuid')).toBeUndefined()
  })

  it('sees a change after half a minute, and not before', async () => {
    const finder = createTenantFinder({ db: database.db, now })
    await finder.tenantOf(tenantId)
    await database.ownerPool.query(
      `update quittance.tenant set settings = '{"rateLimitPerSecond": 7}' where tenant_id = $1`,
      [tenantId],
    )
    clock.ms += 29_000
    expect(await finder.tenantOf(tenantId)).toMatchObject({ settings: {} })
    clock.ms += 1000
    expect(await finder.tenantOf(tenantId)).toMatchObject({
      settings: { rateLimitPerSecond: 7 },
    })
  })

  it('does not remember that a tenant was missing', async () => {
    const finder = createTenantFinder({ db: database.db, now })
    const later = newId()
    expect(await finder.tenantOf(later)).toBeUndefined()
    await database.ownerPool.query(
      'insert into quittance.tenant (tenant_id, name, created_at) values ($1, $2, now())',
      [later, 'Late'],
    )
    expect(await finder.tenantOf(later)).toMatchObject({ name: 'Late' })
  })
})
