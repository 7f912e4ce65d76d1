import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { testDatabase, type TestDatabase } from '../../../test/database.ts'
import { openClient } from './connections.ts'
import { silentLog } from './log.ts'
import { lockKey, WorkerLease } from './worker-lease.ts'

const waiting = { timeout: 30_000, interval: 10 }

let database: TestDatabase
const leases: WorkerLease[] = []
beforeAll(async () => {
  database = await testDatabase()
})
afterEach(() => Promise.all(leases.splice(0).map((lease) => lease.close())))
afterAll(() => database.close())

function leaseOf(open = () => openClient(database.ownerPool, { name: 'lease' })): WorkerLease {
  const lease = new WorkerLease(open, silentLog)
  leases.push(lease)
  return lease
}

async function isFree(worker: string): Promise<boolean> {
  const { rows } = await database.ownerPool.query<{ is_free: boolean }>(
    `select pg_try_advisory_xact_lock(${lockKey('$1')}) as is_free`,
    [worker],
  )
  return rows[0]!.is_free
}

async function breakConnection(): Promise<void> {
  await database.ownerPool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'lease' and datname = current_database()`,
  )
}

describe('a worker lease', () => {
  it('holds the lock of each worker until it is dropped', async () => {
    const lease = leaseOf()
    lease.add('one')
    lease.add('other')
    await lease.whenHeld()
    expect(await isFree('one')).toBe(false)
    await lease.drop('one')
    expect([await isFree('one'), await isFree('other')]).toEqual([true, false])
    await lease.close()
    await vi.waitFor(async () => expect(await isFree('other')).toBe(true), waiting)
  })

  it('takes every lock again when its connection breaks, and says so until then', async () => {
    let openNow = () => {}
    let blocked: Promise<void> | undefined
    const lease = leaseOf(async () => {
      await blocked
      return openClient(database.ownerPool, { name: 'lease' })
    })
    lease.add('one')
    await lease.whenHeld()
    expect(lease.whenHeld()).toBeUndefined()
    blocked = new Promise((resolve) => {
      openNow = resolve
    })
    await breakConnection()
    await vi.waitFor(() => expect(lease.whenHeld()).toBeDefined(), waiting)
    openNow()
    await lease.whenHeld()
    expect(await isFree('one')).toBe(false)
  })

  it('tries again until it may connect', async () => {
    let failures = 2
    const lease = leaseOf(() => {
      failures -= 1
      if (failures >= 0) return Promise.reject(new Error('no database'))
      return openClient(database.ownerPool, { name: 'lease' })
    })
    lease.add('one')
    await lease.whenHeld()
    expect(await isFree('one')).toBe(false)
  })

  it('lets those pass who wait for it when it is stopped', async () => {
    const lease = leaseOf(() => Promise.reject(new Error('no database')))
    lease.add('one')
    const held = lease.whenHeld()
    lease.stop()
    await held
    expect(lease.whenHeld()).toBeUndefined()
  })
})
