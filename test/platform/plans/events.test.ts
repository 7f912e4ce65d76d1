import { pino } from 'pino'
import { beforeAll, expect, test, vi } from 'vitest'
import { handOut } from '../../../src/events/hand-out.ts'
import { type TestTenant, world } from '../../world.ts'
import { expectAtMost, type Scan, scansOf, statementsOf, tablesIn } from './explain.ts'
import { fill, fillingMs, many, write } from './history.ts'

const it = world()
const type = 'event.test.happened'
let tenant: TestTenant

beforeAll(async () => {
  tenant = await it.tenant()
  await fill(it, tenant, ['events'])
}, fillingMs)

/** Hands out what there is to somebody who wants these events. */
async function handedOut(types: readonly string[]): Promise<number> {
  let count = 0
  const subscriber = {
    name: `reads ${types.join(' ')}`,
    types,
    handle: (_tx: unknown, events: readonly unknown[]) => {
      count += events.length
      return Promise.resolve()
    },
  }
  const options = {
    db: it.database.db,
    log: pino({ level: 'silent' }),
    nowOf: () => it.now,
    subscribers: [subscriber],
  }
  await handOut(options, tenant.tenantId)
  return count
}

test.each([[[type]], [['event.test.other']]])(
  'whoever has read thousands of events, or passed over them, reads only what came since: %j',
  async (types) => {
    const isWanted = types.includes(type)
    // An older transaction of somebody else may hold the reading up.
    if (isWanted) await vi.waitFor(async () => expect(await countOf(types)).toBe(many), 20_000)
    else await handedOut(types)
    await write(it, tenant, five)
    await it.database.ownerPool.query('analyze quittance.event')
    const { connection } = it.database
    const scans: Scan[] = []
    let seen = 0
    await vi.waitFor(async () => {
      const statements = await statementsOf(async () => {
        seen += await handedOut(types)
      })
      scans.push(...(await scansOf({ connection, tenantId: tenant.tenantId }, statements)))
      expect(tablesIn(scans)).toContain('event')
      expect(seen).toBe(isWanted ? 5 : 0)
    }, 20_000)
    // A dozen cursors are all that there is of them.
    expectAtMost(20, scans)
  },
)

const five = `
  insert into event (tenant_id, message_id, type, data, occurred_at)
  select $1::uuid, gen_random_uuid(), '${type}', '{}', now() from generate_series(1, 5)`

const totals = new Map<string, number>()
async function countOf(types: readonly string[]): Promise<number> {
  const key = types.join(' ')
  const total = (totals.get(key) ?? 0) + (await handedOut(types))
  totals.set(key, total)
  return total
}
