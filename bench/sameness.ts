import assert from 'node:assert/strict'
import { fillAccounts, fillClaims } from './fill.ts'
import type { Task } from './jobs.ts'
import { openPerRequestServer, type Place } from './place.ts'
import type { Bench } from './rows.ts'

// What may differ between two writings of the same thing: ids, times and the names that were given.
const ownValues =
  /"(account_id|number|command_id|commandId|created_at|createdAt|booked_at|resolved_at)": ?("[^"]*"|\d+)/g
const uuids = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/**
 * Does one task each way and compares all rows that it left. A denominator that writes less than the product would
 * flatter nobody but itself.
 */
export async function requireSameRows(bench: Bench): Promise<void> {
  const { place } = bench
  await fillAccounts(place, { prefix: 'same-post-', count: 3 })
  await fillClaims(place, { prefix: 'same-match-', count: 3 }, 5)
  const usual = await openPerRequestServer(place)
  try {
    const post = (number: number): Task => ({
      kind: 'post',
      accounts: { prefix: `same-post-${number}`, count: 1 },
      run: `same-${number}`,
    })
    await renameFirst(place)
    await overHttp(bench, post(0), place.url)
    await inSql(bench, post(1))
    await overHttp(bench, post(2), usual.url)
    const [ours, raw, perRequest] = await Promise.all(
      [0, 1, 2].map((number) => rowsOf(place, `same-post-${number}0`, number)),
    )
    assert.deepEqual(raw, ours, 'the statement and the server leave different rows for a post')
    assert.deepEqual(perRequest, ours, 'the comparison server leaves different rows for a post')
    const match = (from: number): Task => ({
      kind: 'match',
      accounts: { prefix: 'same-match-', count: 3 },
      from,
      run: `same-match-${from}`,
    })
    await overHttp(bench, match(0), place.url)
    await inSql(bench, match(1))
    const [matched, byFunction] = await Promise.all(
      [0, 1].map((number) => rowsOf(place, `same-match-${number}`, number)),
    )
    assert.deepEqual(
      byFunction,
      matched,
      'the function and the server leave different rows for a match',
    )
  } finally {
    await usual.close()
  }
}

/** `same-post-0` becomes `same-post-00`, the one account of a prefix of its own. */
async function renameFirst(place: Place): Promise<void> {
  await place.owner.query(
    `update quittance.account set reference = reference || '0' where tenant_id = $1 and reference like 'same-post-%'`,
    [place.tenantId],
  )
}

async function overHttp(bench: Bench, task: Task, url: string): Promise<void> {
  const { tenantId, token } = bench.place
  const extent = { seconds: 10, count: 1 }
  const report = await bench.http.run({ url, tenantId, token, connections: 1, extent, task })
  assert.equal(report.done, 1, report.failure)
}

async function inSql(bench: Bench, task: Task): Promise<void> {
  const { tenantId, connection } = bench.place
  const extent = { seconds: 10, count: 1 }
  const report = await bench.sql.run({ connection, tenantId, connections: 1, extent, task })
  assert.equal(report.done, 1, report.failure)
}

const tables = {
  account: 'order by 1',
  entry: 'order by 1',
  item: 'order by 1',
  claim: 'order by 1',
}

async function rowsOf(place: Place, reference: string, number: number): Promise<string[]> {
  const parts = Object.keys(tables).map(
    (table) => `select '${table}' as place, to_jsonb(r) as row from quittance.${table} r
      where r.tenant_id = $1 and r.account_id = (select account_id from quittance.account
        where tenant_id = $1 and reference = $2)`,
  )
  const events = `select 'event', jsonb_build_object('type', e.type, 'data', e.data, 'metadata', e.metadata)
    from quittance.event e where e.tenant_id = $1 and e.data ->> 'accountReference' = $2`
  const { rows } = await place.owner.query<{ place: string; row: string }>(
    `select place, row::text as row from (${[...parts, events].join(' union all ')}) all_rows`,
    [place.tenantId, reference],
  )
  return rows.map((found) => `${found.place} ${plain(found.row, reference, number)}`).toSorted()
}

function plain(row: string, reference: string, number: number): string {
  return row
    .replaceAll(ownValues, '"$1": 0')
    .replaceAll(uuids, 'id')
    .replaceAll(reference, 'account')
    .replaceAll(`same-${number}-0`, 'reference')
}
