import { expect, test } from 'vitest'
import { world } from '../../world.ts'
import { client } from './sign.ts'

const it = world({ workers: false })

test('of two that are made at once below an account with room for one, one is refused', async () => {
  const us = client(it, await it.tenant())
  const make = (name: string, more: object) =>
    us.v2('POST', '/accounts', { name, scope: 1, ...more })
  const parent = await make('Parent', { subaccountLimit: 1 })
  expect(parent.status, JSON.stringify(parent.body)).toBe(201)
  const holder = await it.database.ownerPool.connect()
  try {
    await holder.query('begin')
    await holder.query('select from quittance.wallee_account where id = $1 for update', [
      parent.body.id,
    ])
    const both = ['First', 'Second'].map((name) => make(name, { parentAccount: parent.body.id }))
    await expect.poll(waiting, { timeout: 20_000 }).toBe(2)
    await holder.query('rollback')
    const statuses = (await Promise.all(both)).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 422])
  } finally {
    holder.release(true)
  }
})

async function waiting(): Promise<number> {
  const { rows } = await it.database.ownerPool.query<{ count: number }>(
    `select count(*) as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]?.count ?? 0
}
