import { afterAll, describe, expect, test } from 'vitest'
import { assertBooksBalance } from '../../test/invariants.ts'
import { eventsSeen, makeClaim, nativeCalls } from '../../test/native-calls.ts'
import { type TestTenant, world } from '../../test/world.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction } from '../platform/db.ts'
import { placeClaims, placementOf, recallClaims } from './index.ts'

const it = world()
afterAll(() => assertBooksBalance(it.database.ownerPool))

async function prepared() {
  const tenant = await it.tenant()
  const api = nativeCalls(tenant)
  const { body: agency } = await api.post('/agencies', { name: 'Fair Collect' })
  await makeClaim(tenant, 'C')
  return { tenant, api, agency }
}

const unitOf = ({ tenantId }: TestTenant) => ({ tenantId, now: it.now })

async function claimIdOf(tenant: TestTenant, reference: string): Promise<string> {
  const { rows } = await it.database.ownerPool.query<{ id: string }>(
    'select claim_id as id from quittance.claim where tenant_id = $1 and reference = $2',
    [tenant.tenantId, reference],
  )
  return rows[0]!.id
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** `PLACED < null`, for each change that was told. */
const told = async (tenant: TestTenant) =>
  (await eventsSeen(it, tenant, 'event.partnerClaimExternalStatus.')).map(
    ({ data }) => `${data.claimRef} ${data.partner}: ${data.previous} > ${data.externalStatus}`,
  )

describe('agencies', () => {
  test('are made, shown, changed and deleted; a name is taken once and stays', async () => {
    const tenant = await it.tenant()
    const api = nativeCalls(tenant)
    const contact = { person: 'Ada', email: 'ada@agency.example' }
    const made = await api.post('/agencies', { name: 'A', contact, defaultChannel: 'EMAIL' })
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'A', contact, defaultChannel: 'EMAIL', isActive: true },
    })
    expect(await api.post('/agencies', { name: 'A' })).toMatchObject({
      status: 409,
      body: { code: 'agency_exists' },
    })
    const { id } = made.body
    expect((await api.patch(`/agencies/${id}`, { name: 'B' })).status).toBe(400)
    expect((await api.patch(`/agencies/${id}`, { isActive: false })).body).toEqual({
      ...made.body,
      isActive: false,
    })
    expect((await api.get('/agencies')).body.items).toHaveLength(1)
    expect((await api.get(`/agencies/${id}`)).body.contact).toEqual(contact)
    expect((await api.delete(`/agencies/${id}`)).status).toBe(204)
    expect((await api.get(`/agencies/${id}`)).body.code).toBe('agency_not_found')
    expect((await api.delete(`/agencies/${id}`)).status).toBe(404)
  })

  test('are listed in pages, and a cursor that we did not give is refused', async () => {
    const api = nativeCalls(await it.tenant())
    for (const name of ['A', 'B', 'C']) await api.post('/agencies', { name })
    const first = await api.get('/agencies?limit=2')
    const second = await api.get(`/agencies?limit=2&cursor=${first.body.nextCursor}`)
    const names = [...first.body.items, ...second.body.items].map(({ name }) => name)
    expect(names).toEqual(['A', 'B', 'C'])
    expect(second.body.nextCursor).toBeNull()
    expect((await api.get('/agencies?cursor=x')).body.code).toBe('invalid_cursor')
  })

  test('of another tenant do not exist, and one with claims stays', async () => {
    const { api, agency } = await prepared()
    const other = nativeCalls(await it.tenant())
    expect((await other.get(`/agencies/${agency.id}`)).status).toBe(404)
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    expect((await api.delete(`/agencies/${agency.id}`)).body.code).toBe('agency_in_use')
  })
})

describe('a claim', () => {
  test('is handed over, and said so once (D-105)', async () => {
    const { tenant, api } = await prepared()
    const placed = await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    expect(placed).toMatchObject({
      status: 201,
      body: { claimReference: 'C', agency: 'Fair Collect', status: 'PLACED', endedAt: null },
    })
    const again = await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    expect(again).toEqual({ ...again, status: 200, body: placed.body })
    expect(await told(tenant)).toEqual(['C Fair Collect: null > PLACED'])
    const claimId = await claimIdOf(tenant, 'C')
    const found = await inTransaction(it.database.db, unitOf(tenant), (tx) =>
      placementOf(tx, [claimId, newId()]),
    )
    expect([...found.keys()]).toEqual([claimId])
    expect(found.get(claimId)).toMatchObject({ partner: 'Fair Collect', status: 'PLACED' })
  })

  test('goes to one agency at a time, to one that is known and active, and only while it is active', async () => {
    const { tenant, api } = await prepared()
    const { body: other } = await api.post('/agencies', { name: 'Other' })
    const refused = async (path: string, body: object) => (await api.post(path, body)).body.code
    expect(await refused('/claims/C/placement', { agency: 'Nobody' })).toBe('agency_not_found')
    expect(await refused('/claims/X/placement', { agency: 'Other' })).toBe('claim_not_found')
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    expect(await refused('/claims/C/placement', { agency: 'Other' })).toBe('placed_elsewhere')
    await api.patch(`/agencies/${other.id}`, { isActive: false })
    expect(await refused('/claims/C/placement', { agency: 'Other' })).toBe('agency_inactive')
    await makeClaim(tenant, 'R')
    await tenant.post('resolve_claims', [{ ref: 'R', reason: 'CLAIM_PAID' }])
    expect(await refused('/claims/R/placement', { agency: 'Fair Collect' })).toBe(
      'claim_not_active',
    )
    expect(await told(tenant)).toHaveLength(1)
  })

  test('is taken back, and may be handed over again', async () => {
    const { tenant, api } = await prepared()
    expect((await api.post('/claims/C/placement/recall')).body.code).toBe('not_placed')
    expect((await api.get('/claims/C/placement')).body.code).toBe('placement_not_found')
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const said = { externalStatus: 'FIELD_VISIT' }
    await api.post('/claims/C/placement/status', said)
    expect((await api.post('/claims/C/placement/status', said)).body).toMatchObject(said)
    const recalled = await api.post('/claims/C/placement/recall')
    expect(recalled.body).toMatchObject({ status: 'RECALLED', endedAt: it.now.toISOString() })
    expect((await api.post('/claims/C/placement/recall')).status).toBe(409)
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    expect((await api.get('/claims/C/placement')).body.status).toBe('PLACED')
    expect((await api.get('/placements?claimReference=C')).body.items).toHaveLength(2)
    expect((await api.get('/placements?status=RECALLED')).body.items).toHaveLength(1)
    expect(await told(tenant)).toEqual([
      'C Fair Collect: null > PLACED',
      'C Fair Collect: PLACED > FIELD_VISIT',
      'C Fair Collect: FIELD_VISIT > RECALLED',
      'C Fair Collect: null > PLACED',
    ])
  })

  test('stays active when its placement is closed without a reason, and is resolved with one', async () => {
    const { tenant, api } = await prepared()
    const place = () => api.post('/claims/C/placement', { agency: 'Fair Collect' })
    await place()
    expect((await api.post('/claims/C/placement/close', {})).body.status).toBe('CLOSED')
    expect((await place()).status).toBe(201)
    const reason = 'CLAIM_DISCHARGED'
    const closed = await api.post('/claims/C/placement/close', { reason })
    expect(closed).toMatchObject({ status: 200, body: { status: 'CLOSED' } })
    expect((await api.get('/claims/C/placement')).body).toEqual(closed.body)
    expect(await eventsSeen(it, tenant, 'event.claim.resolved')).toMatchObject([
      { data: { claimRef: 'C', reason } },
    ])
    expect((await api.post('/claims/C/placement/close', { reason })).body.code).toBe('not_placed')
    expect((await api.post('/claims/C/placement/close', { reason: 'BORED' })).status).toBe(400)
    expect(await told(tenant)).toHaveLength(4)
  })

  test('that is closed twice with the same key is closed once', async () => {
    const { tenant, api } = await prepared()
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const close = () =>
      tenant.call({
        method: 'POST',
        url: '/q/v1/claims/C/placement/close',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
        payload: '{"reason":"FRAUDULENT"}',
      })
    const first = await close()
    const second = await close()
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body).toEqual(first.body)
    expect(second.headers['idempotent-replayed']).toBe('true')
    expect(await eventsSeen(it, tenant, 'event.claim.resolved')).toHaveLength(1)
  })

  test('that is paid leaves its agency', async () => {
    const { tenant, api } = await prepared()
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const credit = { amount: 10_000, currency: 'EUR', originator: 'CLIENT' }
    await tenant.post('credit_claims', { C: credit })
    await until(async () => (await api.get('/claims/C/placement')).body.status === 'CLOSED')
    expect((await api.get('/claims/C/placement')).body.cause.ended).toMatchObject({
      kind: 'CLAIM',
      reason: 'CLAIM_PAID',
    })
  })

  test('of two that place and recall many at once ends in one state', async () => {
    const { tenant, api } = await prepared()
    await makeClaim(tenant, 'C2')
    const ids = [await claimIdOf(tenant, 'C'), await claimIdOf(tenant, 'C2')]
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const place = () =>
      inTransaction(it.database.db, unitOf(tenant), (tx) =>
        placeClaims(
          tx,
          [...ids, newId()].map((claimId) => ({ claimId, partner: 'Fair Collect', cause: {} })),
        ),
      )
    const outcomes = await Promise.all([place(), place()])
    const all = outcomes.flatMap((outcome) => [...outcome.values()]).sort()
    expect(all).toEqual([
      'ALREADY_PLACED',
      'ALREADY_PLACED',
      'ALREADY_PLACED',
      'NOT_ACTIVE',
      'NOT_ACTIVE',
      'PLACED',
    ])
    const recall = () =>
      inTransaction(it.database.db, unitOf(tenant), (tx) =>
        recallClaims(
          tx,
          ids.map((claimId) => ({ claimId, cause: {} })),
        ),
      )
    const recalled = await Promise.all([recall(), recall()])
    expect(new Set(recalled.map(({ size }) => size))).toEqual(new Set([0, 2]))
    expect(await told(tenant)).toHaveLength(4)
  })
})

describe('the list for an agency', () => {
  test('has the claims that are with it, their debtors and what they ask for', async () => {
    const { tenant, api, agency } = await prepared()
    const debtor = {
      debtorReference: 'D',
      firstName: '=1+1',
      lastName: 'B',
      contactInformation: { country: 'DE' },
    }
    await makeClaim(tenant, 'F', { primaryDebtor: debtor, totalFees: 250 })
    for (const claim of ['C', 'F'])
      await api.post(`/claims/${claim}/placement`, { agency: 'Fair Collect' })
    const { status, body, headers } = await api.get(`/agencies/${agency.id}/claims`)
    expect([status, headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
    const lines = String(body).trimEnd().split('\n')
    expect(lines[0]).toMatch(/^claimReference,accountReference,debtorReference,/)
    expect(lines[1]).toContain('C,D-C,D-C,Ada,Byron,')
    expect(lines[1]).toContain('EUR,100.00,0.00,100.00,2026-01-31')
    expect(lines[2]).toContain(`F,D,D,'=1+1,B,`)
    expect(lines[2]).toContain('100.00,2.50,102.50')
    expect(lines).toHaveLength(3)
  })
})

describe('amounts that an agency collected', () => {
  const list = (...rows: string[]) =>
    ['claimReference;amount;currency;externalId', ...rows].join('\r\n')
  async function collect(tenant: TestTenant, agencyId: string, payload: string) {
    const headers = { 'content-type': 'text/csv' }
    const url = `/q/v1/agencies/${agencyId}/collections`
    return tenant.call({ method: 'POST', url, headers, payload })
  }
  async function outstanding(tenant: TestTenant): Promise<number> {
    return (await nativeCalls(tenant).get('/claims/C/explain')).body.totalMinor
  }

  test('are credited with originator DCA, each externalId once', async () => {
    const { tenant, api, agency } = await prepared()
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const text = list('C;25.50;EUR;E1', 'C;10;EUR;E2', 'C;10.00;EUR;E2')
    const first = await collect(tenant, agency.id, text)
    expect(first).toMatchObject({
      status: 200,
      body: { booked: 2, alreadyBooked: 1, refused: 0 },
    })
    expect(await outstanding(tenant)).toBe(10_000 - 2_550 - 1_000)
    const again = await collect(tenant, agency.id, text)
    expect(again.body).toMatchObject({ booked: 0, alreadyBooked: 3 })
    expect(await outstanding(tenant)).toBe(10_000 - 2_550 - 1_000)
    const { body } = await api.get('/claims/C/explain')
    expect(body.entries.at(-1)).toMatchObject({
      kind: 'payment',
      details: { meta: { originator: 'DCA', context: { externalId: 'E2' } } },
    })
  })

  test('that two lists bring at once are booked once', async () => {
    const { tenant, api, agency } = await prepared()
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const text = list('C;1.00;EUR;E1', 'C;2.00;EUR;E2')
    const answers = await Promise.all([1, 2, 3].map(() => collect(tenant, agency.id, text)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    const booked = answers.reduce((sum, { body }) => sum + body.booked, 0)
    expect(booked).toBe(2)
    expect(await outstanding(tenant)).toBe(10_000 - 300)
  })

  test('are refused row by row, and good rows are booked', async () => {
    const { tenant, api, agency } = await prepared()
    await makeClaim(tenant, 'ELSEWHERE')
    await api.post('/claims/C/placement', { agency: 'Fair Collect' })
    const answer = await collect(
      tenant,
      agency.id,
      list(
        'ELSEWHERE;1;EUR;E1',
        'C;1.005;EUR;E2',
        'C;0;EUR;E3',
        'C;1;EUR;',
        'C;1;euro;E5',
        'C;1;USD;E6',
        'C;1;USD;E6',
        'C;1;EUR;E7',
        'C;2;EUR;E7',
      ),
    )
    expect(answer.body).toMatchObject({ booked: 1, alreadyBooked: 0, refused: 8 })
    expect(answer.body.rows.map(({ row, code }: any) => `${row} ${code ?? 'booked'}`)).toEqual([
      '2 not_placed_here',
      '3 invalid_row',
      '4 invalid_row',
      '5 invalid_row',
      '6 invalid_row',
      '7 currency_mismatch',
      '8 currency_mismatch',
      '9 booked',
      '10 external_id_reused',
    ])
    expect(await outstanding(tenant)).toBe(9_900)
  })

  test('come in a list with the right columns, or nothing is booked', async () => {
    const { tenant, agency } = await prepared()
    const codeOf = async (text: string) => (await collect(tenant, agency.id, text)).body.code
    expect(await codeOf('claimReference,amount\nC,1\n')).toBe('invalid_list')
    expect(await codeOf(list('C;"1;EUR;E1'))).toBe('invalid_list')
    expect(await codeOf(list('C;1;EUR;\0'))).toBe('invalid_list')
    expect((await collect(tenant, newId(), list())).status).toBe(404)
    expect((await collect(tenant, agency.id, list())).body).toMatchObject({ booked: 0, rows: [] })
  })
})
