import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type * as Timers from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { findRunningPostgres, startEmbeddedPostgres } from '../platform/embedded-postgres/index.ts'
import { withDatabase, type Database } from './database.ts'

const dataDir = path.join(os.tmpdir(), `quittance-cli-${randomBytes(5).toString('hex')}`)
const config = { databaseUrl: undefined, dataDir }
afterEach(async () => {
  vi.restoreAllMocks()
  time.isInHurry = false
  await rm(dataDir, { recursive: true, force: true })
})

// What waits for others looks every tenth of a second; in a hurry a minute of such looks is over in a moment.
const time = vi.hoisted(() => ({ isInHurry: false }))
vi.mock('node:timers/promises', async (original) => {
  const timers = await original<typeof Timers>()
  return { ...timers, setTimeout: (ms: number) => timers.setTimeout(time.isInHurry ? 1 : ms) }
})

async function countTenants({ appPool }: Database): Promise<number> {
  const { rows } = await appPool.query<{ count: number }>('select count(*) as count from tenant')
  return rows[0]!.count
}

describe('a command on the embedded database', () => {
  it('starts it, brings the schema up to date, and stops it, even if two come at once', async () => {
    const counts = await Promise.all([
      withDatabase(config, countTenants, { isMade: true }),
      withDatabase(config, countTenants, { isMade: true }),
    ])
    expect(counts).toEqual([0, 0])
    expect(await findRunningPostgres(dataDir)).toBeUndefined()
  }, 120_000)

  it('makes none in a directory that may be mistyped', async () => {
    await expect(withDatabase(config, countTenants)).rejects.toThrow(
      `There is no database in ${dataDir}`,
    )
    expect(existsSync(dataDir)).toBe(false)
  })

  it('lets another that came to it finish, however long that takes, and says each minute what it waits for', async () => {
    let notes = 0
    vi.spyOn(process.stderr, 'write').mockImplementation((words) => {
      if (String(words).includes('it waits for quittance')) notes += 1
      return true
    })
    const begun = { owner: () => {}, guest: () => {} }
    const ownerBegun = new Promise<void>((resolve) => (begun.owner = resolve))
    const guestBegun = new Promise<void>((resolve) => (begun.guest = resolve))
    const waitForGuest = () => {
      begun.owner()
      return guestBegun
    }
    const owner = withDatabase(config, waitForGuest, { isMade: true })
    await ownerBegun
    const guest = withDatabase(config, async (visited) => {
      await countTenants(visited)
      time.isInHurry = true
      begun.guest()
      await vi.waitFor(() => expect(notes).toBe(2), { timeout: 60_000 })
      return countTenants(visited)
    })
    expect(await guest).toBe(0)
    await owner
    expect(await findRunningPostgres(dataDir)).toBeUndefined()
  }, 120_000)

  it('uses that of a running server and leaves it running', async () => {
    const server = await startEmbeddedPostgres({ dataDir })
    try {
      expect(await withDatabase(config, countTenants)).toBe(0)
      expect(await findRunningPostgres(dataDir)).toBeDefined()
    } finally {
      await server.stop()
    }
  }, 120_000)

  it('stops it when the work fails', async () => {
    await expect(
      withDatabase(config, () => Promise.reject(new Error('no work')), { isMade: true }),
    ).rejects.toThrow('no work')
    expect(await findRunningPostgres(dataDir)).toBeUndefined()
  }, 120_000)
})
