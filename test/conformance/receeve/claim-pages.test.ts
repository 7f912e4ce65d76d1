import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { person, type TestTenant, world } from '../../world.ts'
import { claim, deleteClaim, invoice, openAccount, payment } from './given.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

const references = ['A', 'B', 'C', 'D', 'E', 'F', 'G']

async function withClaims(): Promise<TestTenant> {
  const tenant = await it.tenant()
  await openAccount(tenant)
  const shuffled = ['E', 'A', 'G', 'C', 'B', 'X', 'F', 'D']
  const body = Object.fromEntries(
    shuffled.map((reference) => [reference, claim(10, { accountReference: 'ACC' })]),
  )
  await tenant.post('create_claims', body)
  await deleteClaim(tenant, 'X')
  await tenant.post('resolve_claims', [
    { ref: 'B', reason: 'CLAIM_PAID' },
    { ref: 'G', reason: 'CLAIM_SOLD' },
  ])
  return tenant
}

const pageOf = async (tenant: TestTenant, query: string) =>
  (await tenant.get('get_account_claims', `accountReference=ACC&${query}`)).body

const namesOf = (claims: { claimReference: string }[]) => claims.map((one) => one.claimReference)

describe('get_account_claims (9.5, D-83)', () => {
  test('without a limit answers every claim that is not deleted, in the order of references', async () => {
    const tenant = await withClaims()
    expect(namesOf(await pageOf(tenant, ''))).toEqual(references)
  })

  test.each([
    ['ACTIVE', ['A', 'C', 'D', 'E', 'F']],
    ['RESOLVED', ['B', 'G']],
  ])('filters by status %s, with pages too', async (status, wanted) => {
    const tenant = await withClaims()
    expect(namesOf(await pageOf(tenant, `status=${status}`))).toEqual(wanted)
    const page = await pageOf(tenant, `status=${status}&limit=2`)
    expect(namesOf(page.results)).toEqual(wanted.slice(0, 2))
    expect(page.numberOfPages).toBe(Math.ceil(wanted.length / 2))
  })

  test.each([1, 2, 3, 7, 8, 10_000])('by pages of %i loses and repeats nothing', async (limit) => {
    const tenant = await withClaims()
    const seen: string[] = []
    const numberOfPages = Math.ceil(references.length / limit)
    let next: string | null = ''
    for (let count = 0; next !== null && count < 20; count += 1) {
      const more: string = next === '' ? '' : `&paginationId=${encodeURIComponent(next)}`
      const page = await pageOf(tenant, `limit=${limit}${more}`)
      expect(page).toMatchObject({ limit, numberOfPages })
      seen.push(...namesOf(page.results))
      next = page.paginationId
    }
    expect(next).toBeNull()
    expect(seen).toEqual(references)
  })

  test('with a paginationId alone goes on by 1000', async () => {
    const tenant = await withClaims()
    const { paginationId } = await pageOf(tenant, 'limit=3')
    const page = await pageOf(tenant, `paginationId=${encodeURIComponent(paginationId)}`)
    expect(page).toMatchObject({ limit: 1_000, paginationId: null, numberOfPages: 1 })
    expect(namesOf(page.results)).toEqual(references.slice(3))
  })

  test('a paginationId is base64 of a last key, as the published sample is', async () => {
    const tenant = await withClaims()
    const { paginationId } = await pageOf(tenant, 'limit=3')
    expect(JSON.parse(Buffer.from(paginationId, 'base64').toString())).toEqual({
      accountId: expect.any(String),
      clientId: tenant.tenantId,
      externalClaimRef: 'C',
    })
  })

  test('keeps its place when claims come and go between two pages', async () => {
    const tenant = await withClaims()
    const { paginationId } = await pageOf(tenant, 'limit=3')
    const fresh = claim(1, { accountReference: 'ACC' })
    await tenant.post('create_claims', { AA: fresh, CC: fresh })
    await deleteClaim(tenant, 'C')
    const more = `limit=2&paginationId=${encodeURIComponent(paginationId)}`
    expect(namesOf((await pageOf(tenant, more)).results)).toEqual(['CC', 'D'])
  })

  test('refuses a paginationId of another account, of another tenant, or none at all with 400', async () => {
    const tenant = await withClaims()
    const other = await withClaims()
    await tenant.post('create_accounts', {
      B: {
        currency: 'EUR',
        debtors: [person('E')],
        ledgerEntries: [invoice('I', 1), invoice('J', 1), payment('P', 1, 'I')],
      },
    })
    const ofOther = (await pageOf(other, 'limit=1')).paginationId
    const ofB = await tenant.get('get_account_claims', 'accountReference=B&limit=1')
    const wrong = [
      ofOther,
      ofB.body.paginationId,
      'nonsense',
      Buffer.from('null').toString('base64'),
    ]
    for (const paginationId of wrong) {
      expect(paginationId).toEqual(expect.any(String))
      const query = `accountReference=ACC&limit=2&paginationId=${encodeURIComponent(paginationId)}`
      const answer = await tenant.get('get_account_claims', query)
      expect(answer.status).toBe(400)
      expect(answer.body).toMatchObject({ success: false, messageIds: [] })
    }
  })

  test.each(['limit=0', 'limit=10001', 'limit=x', 'limit=1.5', 'status=DELETED'])(
    'refuses %s with 400',
    async (query) => {
      const tenant = await it.tenant()
      const answer = await tenant.get('get_account_claims', `accountReference=ACC&${query}`)
      expect(answer.status).toBe(400)
    },
  )

  test('names a missing accountReference in the published words', async () => {
    const tenant = await it.tenant()
    const answer = await tenant.get('get_account_claims', 'limit=1')
    expect(answer.status).toBe(400)
    expect(answer.body.message).toBe('Missing required request parameters: [accountReference]')
  })
})
