import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { findRunningPostgres, startEmbeddedPostgres } from '../platform/embedded-postgres/index.ts'
import { withDatabase, type Database } from './database.ts'

const dataDir = path.join(os.tmpdir(), `quittance-cli-${randomBytes(5).toString('hex')}`)
const config = { databaseUrl: undefined, dataDir }
afterEach(() => rm(dataDir, { recursive: true, force: true }))

async function countTenants({ appPool }: Database): Promise<number> {
  const { rows } = await appPool.query<{ count: number }>('select count(*) as count from tenant')
  return rows[0]!.count
}

describe('a command on the embedded database', () => {
  it('starts it, brings the schema up to date, and stops it, even if two come at once', async () => {
    const counts = await Promise.all([
      withDatabase(config, countTenants),
      withDatabase(config, countTenants),
    ])
    expect(counts).toEqual([0, 0])
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
    await expect(withDatabase(config, () => Promise.reject(new Error('no work')))).rejects.toThrow(
      'no work',
    )
    expect(await findRunningPostgres(dataDir)).toBeUndefined()
  }, 120_000)
})
