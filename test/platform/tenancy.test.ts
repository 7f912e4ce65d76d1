import { beforeEach, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../invariants.ts'
import { type TestTenant, world } from '../world.ts'
import { contents, operations, requestOf, seedBooks, writes } from './doors.ts'
import { kinds, makeOfAll, operationsOn } from './native-samples.ts'

const it = world()
const secret = 'only-the-other-tenant-may-see-this'
let tenant: TestTenant
let other: TestTenant
beforeEach(async () => {
  tenant = await it.tenant('Own')
  other = await it.tenant('Other')
})

const titled = operations.map((operation) => [operation.id, operation] as const)
const everything = () => contents(it.database.ownerPool)
const ofTenant = ({ tenantId }: TestTenant) => contents(it.database.ownerPool, tenantId)

describe.each(titled)('%s', (_id, operation) => {
  test('works with its own token on its own books', async () => {
    await seedBooks(tenant)
    const answer = await tenant.call(requestOf(operation, { tenantId: tenant.tenantId }))
    expect(answer.status).toBe(operation.method === 'DELETE' ? 204 : 200)
    if (operation.method === 'POST') {
      for (const one of Object.values(answer.body)) expect(one).toMatchObject({ success: true })
    }
  })

  test('is forbidden with the token of another tenant, whoever owns the object', async () => {
    if (operation.door === '/q/v1') {
      // This door takes the tenant from the token: there is no other tenant to name.
      expect(operation.url(other.tenantId)).toBe(operation.url(tenant.tenantId))
      return
    }
    await seedBooks(other, secret)
    const before = await everything()
    for (const id of [other.tenantId, other.tenantId.toUpperCase()]) {
      const answer = await tenant.call(requestOf(operation, { tenantId: id }))
      expect(answer).toMatchObject({ status: 403, body: { message: 'Forbidden' } })
    }
    const reversed = await other.call(requestOf(operation, { tenantId: tenant.tenantId }))
    expect(reversed).toMatchObject({ status: 403, body: { message: 'Forbidden' } })
    expect(await everything()).toEqual(before)
  })

  test('finds nothing of another tenant by its references and leaves it untouched', async () => {
    await seedBooks(other, secret)
    const before = await ofTenant(other)
    const answer = await tenant.call(requestOf(operation, { tenantId: tenant.tenantId }))
    expect(JSON.stringify(answer.body)).not.toContain(secret)
    if (operation.door === '/q/v1') expect(answer.status).toBe(404)
    else if (absent.has(operation.id)) expect(answer.status).toBe(absent.get(operation.id))
    else if (operation.method === 'GET') {
      const { body } = answer
      expect(Array.isArray(body) ? body : body.events).toEqual([])
    } else if (!makers.has(operation.id)) {
      for (const one of Object.values(answer.body)) expect(one).toMatchObject({ success: false })
    }
    expect(await ofTenant(other)).toEqual(before)
  })
})

// Reads of one thing say that it is not there.
const absent = new Map([
  ['get_account', 400],
  ['get_communication_message_urls', 400],
  ['get_landing_page_url', 404],
])
// These need nothing that exists already, so the same references open books of the tenant's own.
const makers = new Set(['create_accounts', 'create_claims', 'import_claims'])

describe('two tenants with the same references', () => {
  test.each(writes.map((operation) => [operation.id, operation] as const))(
    '%s changes the books of its caller only',
    async (_id, operation) => {
      await seedBooks(tenant, 'own')
      await seedBooks(other, secret)
      const before = { own: await ofTenant(tenant), other: await ofTenant(other) }
      const answer = await tenant.call(requestOf(operation, { tenantId: tenant.tenantId }))
      expect(answer.status).toBeLessThan(300)
      expect(await ofTenant(tenant)).not.toEqual(before.own)
      expect(await ofTenant(other)).toEqual(before.other)
      const again = await other.call(requestOf(operation, { tenantId: other.tenantId }))
      expect(again.status).toBe(answer.status)
      expect(await ofTenant(other)).not.toEqual(before.other)
    },
  )

  test('are decided in one batch without meeting', async () => {
    await seedBooks(tenant, 'own')
    await seedBooks(other, secret)
    const pay = (who: TestTenant, amount: number) =>
      who.post('match_account_payment', [
        {
          accountReference: 'ACC',
          currency: 'EUR',
          totalAmount: amount,
          matchStrategy: 'ORDERED_LEDGER_ENTRIES',
        },
      ])
    const rounds = Array.from({ length: 10 }, () => [pay(tenant, 10), pay(other, 20)]).flat()
    for (const answer of await Promise.all(rounds)) {
      expect(answer.body.ACC).toMatchObject({ success: true })
    }
    const claimOf = async (who: TestTenant) =>
      (await who.get('get_account_claims', 'accountReference=ACC')).body[0].amount
    expect(await claimOf(tenant)).toBe(900)
    expect(await claimOf(other)).toBe(800)
  })
})

test('a pagination id of another tenant is refused (D-83)', async () => {
  for (const who of [tenant, other]) {
    await seedBooks(who)
    const invoice = (reference: string) => ({
      accountReference: 'ACC',
      ledgerEntryReference: reference,
      invoiceDetails: { amount: 1, dueDate: '2026-01-31' },
      context: {},
    })
    await who.post('add_account_ledger_entries', [invoice('INV-2'), invoice('INV-3')])
  }
  const first = await other.get('get_account_claims', 'accountReference=ACC&limit=1')
  const { paginationId } = first.body
  expect(paginationId).toEqual(expect.any(String))
  const query = `accountReference=ACC&paginationId=${encodeURIComponent(paginationId)}`
  expect(await other.get('get_account_claims', query)).toMatchObject({ status: 200 })
  expect(await tenant.get('get_account_claims', query)).toMatchObject({ status: 400 })
})

/** Messages are decided in the background; once they are, nothing changes by itself. */
async function untilDecided({ tenantId }: TestTenant): Promise<void> {
  const open = async () => {
    const { rows } = await it.database.ownerPool.query(
      `select from quittance.message where tenant_id = $1
         and (status = 'SENDING' or status = 'QUEUED' and decided_at is null)`,
      [tenantId],
    )
    return rows.length
  }
  await expect.poll(open, { timeout: 30_000 }).toBe(0)
}

describe('what tenants make at our own door', () => {
  test('is found by its maker and by nobody else, and stays as it is', async () => {
    await seedBooks(tenant)
    await seedBooks(other, secret)
    // Whoever has things of the same kinds passes all checks that come before the one of whose a thing is.
    await makeOfAll(tenant, 'own')
    const made = await makeOfAll(other, secret)
    await untilDecided(other)
    const before = await ofTenant(other)
    const tried = operationsOn(kinds)
    expect(tried.length).toBeGreaterThan(40)
    for (const { operation, kind } of tried) {
      const { id, method, path, body } = operation
      const name = made.get(kind) ?? ''
      const url = `/q/v1${path}`.replace('{version}', '1').replaceAll(/\{\w+\}/g, name)
      const answer = await tenant.call({
        method,
        url,
        ...(body ? { headers: { 'content-type': 'application/json' }, payload: '{}' } : {}),
      })
      // What needs a body may say first what is wrong with it.
      const wanted = body ? [400, 404, 409] : [404]
      expect({ id, isRefused: wanted.includes(answer.status), answer }).toMatchObject({
        isRefused: true,
      })
      expect(JSON.stringify(answer.body)).not.toContain(secret)
    }
    expect(await ofTenant(other)).toEqual(before)
  })

  test('is in the lists of its maker only', async () => {
    await seedBooks(other, secret)
    await makeOfAll(other, secret)
    for (const kind of kinds) {
      const [mine, theirs] = await Promise.all(
        [tenant, other].map((who) => who.call({ method: 'GET', url: `/q/v1${kind}` })),
      )
      expect(JSON.stringify(mine?.body)).not.toContain(secret)
      if (mine?.status === 200) expect(JSON.stringify(theirs?.body)).not.toBe('{"items":[]}')
    }
  })
})

test('the books of all these tenants balance', async () => {
  await assertBooksBalance(it.database.ownerPool)
})
