import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type pg from 'pg'
import { inject } from 'vitest'
import { createAppPool, createOwnerPool, kyselyOn, type Connection } from '../src/platform/db.ts'
import type { Tables } from '../src/platform/tables.ts'
import { connectionTo, withClient } from './global-setup.ts'

export interface TestDatabase {
  connection: Connection
  /** Acts as the owner of the schema, past row-level security. */
  ownerPool: pg.Pool
  /** Acts as the application role, as the running server does. */
  appPool: pg.Pool
  /** Kysely on `appPool`. */
  db: Kysely<Tables>
  close(): Promise<void>
}

/** A fresh, migrated database for one test file; `close` it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const { connection: server, prefix, template } = inject('testServer')
  const name = `${prefix}${randomBytes(8).toString('hex')}`
  await withClient(server, (client) =>
    client.query(`create database ${name} template ${template} strategy wal_log`),
  )
  const connection = connectionTo(server, name)
  const ownerPool = createOwnerPool(connection, 2)
  const appPool = createAppPool(connection, 8)
  return {
    connection,
    ownerPool,
    appPool,
    db: kyselyOn(appPool),
    async close() {
      await Promise.all([ownerPool.end(), appPool.end()])
      await withClient(server, (client) => client.query(`drop database ${name} with (force)`))
    },
  }
}
