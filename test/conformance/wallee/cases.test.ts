import { beforeAll, expect, test } from 'vitest'
import { assertBooksBalance } from '../../invariants.ts'
import { world } from '../../world.ts'
import {
  address,
  bookOf,
  collect,
  configure,
  createCase,
  item,
  type Json,
  reaches,
  readCase,
  unique,
  wholeCase,
} from './cases.ts'
import { client, type Client } from './sign.ts'

const it = world()
let us: Client
let skipping: number
beforeAll(async () => {
  us = client(it, await it.tenant())
  skipping = await configure(us)
})

const pending = (more: Json = {}) =>
  createCase(us, wholeCase({ collectorConfiguration: skipping, ...more }))
const leftOf = async (id: number) => (await readCase(us, id))['amount']

test('the call of the published page works as it is given: an amount is added by space, id, amount and external id', async () => {
  const made = await pending()
  expect(made).toMatchObject({ state: 'PENDING', amount: 100.25, currency: 'EUR' })
  const path = `/debt-collection-case/addCollectedAmount?spaceId=${us.spaceId}&id=${made['id']}&collectedAmount=40.10&externalId=E-1`
  const receipt = await us.v1('POST', path)
  expect(receipt.status, JSON.stringify(receipt.body)).toBe(200)
  expect(receipt.body).toMatchObject({
    amount: 40.1,
    externalId: 'E-1',
    debtCollectionCase: made['id'],
    linkedSpaceId: us.spaceId,
    createdBy: us.tenant.wallee.userId,
  })
  expect((await us.v1('POST', path)).body).toEqual(receipt.body)
  expect(await leftOf(made['id'])).toBe(60.15)
  expect(await bookOf(it, us, made['reference'])).toMatchObject({ status: 'ACTIVE', owed: 6015 })
  const again = await us.v2(
    'POST',
    `/debt-collection/cases/${made['id']}/payment-receipts?collectedAmount=0.15&externalId=E-2`,
  )
  expect(again.body).toMatchObject({ amount: 0.15, externalId: 'E-2' })
  expect(await leftOf(made['id'])).toBe(60)
})

test('fifty parallel repeats of a receipt book it once', async () => {
  const made = await pending()
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => collect(us, made['id'], '10.05', 'same')),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  expect(await leftOf(made['id'])).toBe(90.2)
  const other = await pending()
  const elsewhere = await collect(us, other['id'], '10.05', 'same')
  expect(elsewhere.body.id).not.toBe(answers[0]!.body.id)
}, 60_000)

test('a repeat with another amount books nothing and leaves a label that tells of it', async () => {
  const made = await pending()
  const first = await collect(us, made['id'], '10', 'E-1')
  const second = await collect(us, made['id'], '20', 'E-1')
  expect(second.body).toEqual(first.body)
  const read = await readCase(us, made['id'])
  expect(read['amount']).toBe(90.25)
  expect(read['labels'].map((label: Json) => label['content'])).toContain('E-1')
})

test('amounts are read from text, to eight decimals, and refused with more than the currency has', async () => {
  const made = await pending({ lineItems: [item(1)] })
  expect((await collect(us, made['id'], '0.30000000000000004', 'noise')).body.amount).toBe(0.3)
  for (const [amount, why] of [
    ['0.305', 'decimals'],
    ['0', 'more than 0'],
    ['-1', 'more than 0'],
    ['x', 'decimal'],
  ] as const) {
    const refused = await collect(us, made['id'], amount, `bad${amount}`)
    expect(refused.status, amount).toBe(442)
    expect(refused.body.message).toContain(why)
  }
  expect(await leftOf(made['id'])).toBe(0.7)
  const yen = await pending({ currency: 'JPY', lineItems: [item(500)] })
  expect((await collect(us, yen['id'], '0.5', 'half')).status).toBe(442)
  expect((await collect(us, yen['id'], '100', 'whole')).status).toBe(200)
  expect(await leftOf(yen['id'])).toBe(400)
  const dinar = await pending({ currency: 'KWD', lineItems: [item(1.005)] })
  expect((await collect(us, dinar['id'], '0.001', 'fils')).status).toBe(200)
  expect(await leftOf(dinar['id'])).toBe(1.004)
})

test('money that comes while the case is being closed is booked with its receipt, or refused and not booked', async () => {
  const made = await pending()
  const collecting = Array.from({ length: 12 }, (_one, index) =>
    collect(us, made['id'], '1.01', `E-${index}`),
  )
  const closing = us.v1('POST', `/debt-collection-case/close?id=${made['id']}`)
  const answers = await Promise.all(collecting)
  expect((await closing).status).toBe(200)
  const booked = answers.filter(({ status }) => status === 200)
  expect(answers.filter(({ status }) => status === 442)).toHaveLength(12 - booked.length)
  expect(await bookOf(it, us, made['reference'])).toMatchObject({
    owed: 10_025 - 101 * booked.length,
  })
  const late = await collect(us, made['id'], '1.01', 'late')
  expect(late.status).toBe(442)
})

test('more than the case asks for becomes credit of the account, and the case closes by itself', async () => {
  const made = await pending()
  const over = await collect(us, made['id'], '150', 'much')
  expect(over.body.amount).toBe(150)
  const closed = await reaches(us, made['id'], 'CLOSED')
  expect(closed['amount']).toBe(0)
  expect(await bookOf(it, us, made['reference'])).toMatchObject({
    status: 'RESOLVED',
    owed: 0,
    credit: 4975,
  })
  const late = await collect(us, made['id'], '1', 'late')
  expect(late.status).toBe(442)
  expect((await collect(us, made['id'], '150', 'much')).body).toEqual(over.body)
}, 30_000)

test('a repeated create answers the first case, also in parallel, whatever else it says', async () => {
  const body = wholeCase({ collectorConfiguration: skipping })
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => us.v2('POST', '/debt-collection/cases', body)),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201))
  const ids = new Set(answers.map((answer) => answer.body.id))
  expect(ids.size).toBe(1)
  const other = await createCase(us, { ...wholeCase(), externalId: body['externalId'] })
  expect(ids.has(other['id'])).toBe(true)
  expect(other['reference']).toBe(body['reference'])
})

test('a case that lacks something is prepared: told what is missing, completed, reviewed, placed', async () => {
  const bare = await us.v1('POST', '/debt-collection-case/create', {
    reference: unique('R'),
    externalId: unique('X'),
    collectorConfiguration: await configure(us, { skipReviewEnabled: false }),
  })
  expect(bare.body).toMatchObject({ state: 'PREPARING', environment: 'PRODUCTION' })
  expect(bare.body.amount).toBeUndefined()
  const { id } = bare.body
  const early = await us.v1('POST', `/debt-collection-case/markAsPrepared?id=${id}`)
  expect(early.status).toBe(442)
  expect(early.body.message).toMatch(/currency, lineItems, billingAddress/)
  const version = (await readCase(us, id))['version']
  const attributes = { colour: { label: 'Colour', value: 'red' } }
  const taxed = item(119, { taxes: [{ title: 'VAT', rate: 19 }], quantity: 3, attributes })
  const filled = await us.v1('POST', '/debt-collection-case/update', {
    id,
    version,
    currency: 'EUR',
    lineItems: [taxed, item(-19, { uniqueId: 'rebate', type: 'DISCOUNT' })],
    billingAddress: address,
    language: 'de-CH',
  })
  expect(filled.status, JSON.stringify(filled.body)).toBe(200)
  expect(filled.body).toMatchObject({ amount: 100, state: 'PREPARING', version: version + 1 })
  expect(filled.body.lineItems[0]).toMatchObject({
    attributes,
    amountExcludingTax: 100,
    taxAmount: 19,
    aggregatedTaxRate: 19,
    unitPriceIncludingTax: 39.66666667,
  })
  const reviewing = await us.v1('POST', `/debt-collection-case/markAsPrepared?id=${id}`)
  expect(reviewing.body).toMatchObject({ state: 'REVIEWING' })
  expect(reviewing.body.reviewStartedOn).toBeDefined()
  expect(await bookOf(it, us, bare.body.reference)).toEqual({})
  const tasks = await us.tenant.call({ method: 'GET', url: '/q/v1/tasks' })
  const task = tasks.body.items.find((one: Json) => one['title'].includes(bare.body.reference))
  expect(task).toMatchObject({ kind: 'DEBT_COLLECTION_REVIEW', status: 'OPEN' })
  const reviewed = await us.v2('POST', `/debt-collection/cases/${id}/mark-reviewed?expand=source`)
  expect(reviewed.body).toMatchObject({
    state: 'PENDING',
    reviewer: us.tenant.wallee.userId,
    source: { name: { 'en-US': 'Web service' }, forcedPreparingState: false },
  })
  const done = await us.tenant.call({ method: 'GET', url: `/q/v1/tasks/${task.id}` })
  expect(done.body).toMatchObject({ status: 'DONE', action: 'MARK_AS_REVIEWED' })
  const frozen = await us.v1('POST', '/debt-collection-case/update', {
    id,
    version: reviewed.body.version,
    lineItems: [item(5)],
  })
  expect(frozen.status).toBe(442)
  const placed = await reaches(us, id, 'PROCESSING')
  expect(placed['processingTimeoutOn']).toMatch(/^2027-03-10/)
  expect(placed['labels'].map((label: Json) => label['content'])).toEqual(['manual', 'PLACED'])
  const placement = await us.tenant.call({
    method: 'GET',
    url: `/q/v1/claims/${bare.body.reference}/placement`,
  })
  expect(placement.body).toMatchObject({ agency: 'manual', status: 'PLACED' })
}, 30_000)

test('a stale version, a due date to come and line items that make no sense are refused and change nothing', async () => {
  const made = await createCase(us, wholeCase({ currency: null }))
  const { id, version } = made
  const change = (body: Json) => us.v2('PATCH', `/debt-collection/cases/${id}`, body)
  expect((await change({ version: version + 1, language: 'de' })).status).toBe(409)
  for (const wrong of [
    { dueDate: '2026-12-01T00:00:00.000Z' },
    { currency: 'EUR', lineItems: [item(1.005)] },
    { currency: 'EUR', lineItems: [item(1), item(2)] },
    { currency: 'EUR', lineItems: [item(-1)] },
  ])
    expect((await change({ version, ...wrong })).status, JSON.stringify(wrong)).toBe(422)
  const read = await readCase(us, id)
  expect(read).toMatchObject({ version, state: 'PREPARING' })
  expect(read['amount']).toBeUndefined()
})

test('documents are kept once they are what they are called, listed, and filed with the claim for every door', async () => {
  const made = await createCase(us, wholeCase({ lineItems: [] }))
  const { id } = made
  const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n')
  const content = encodeURIComponent(pdf.toString('base64'))
  const kept = await us.v1(
    'POST',
    `/debt-collection-case/attachDocument?id=${id}&fileName=contract.pdf&contentBase64=${content}`,
  )
  expect(kept.status, JSON.stringify(kept.body)).toBe(200)
  expect(kept.body).toMatchObject({
    fileName: 'contract.pdf',
    mimeType: 'application/pdf',
    debtCollectionCase: id,
  })
  const second = await us.v2('POST', `/debt-collection/cases/${id}/documents?fileName=note.txt`, {
    content: Buffer.from('a letter').toString('base64'),
  })
  expect(second.body).toMatchObject({ fileName: 'note.txt', mimeType: 'text/plain' })
  const list = await us.v2('GET', `/debt-collection/cases/${id}/documents`)
  expect(list.body.data.map((one: Json) => one['fileName'])).toEqual(['contract.pdf', 'note.txt'])
  const there = await us.v1('POST', `/debt-collection-case/documents?id=${id}`)
  expect(there.body.map((one: Json) => one['id'])).toEqual([kept.body.id, second.body.id])
  // What is no base64, is not what it is called, or has no name.
  for (const query of [
    'fileName=a.pdf&content=%2A%2A',
    'fileName=a.pdf&content=YQ',
    'content=YQ',
  ]) {
    const refused = await us.v2('POST', `/debt-collection/cases/${id}/documents?${query}`)
    expect(refused.status, JSON.stringify(refused.body)).toBe(400)
  }
  const { version } = await readCase(us, id)
  const filled = await us.v2('PATCH', `/debt-collection/cases/${id}`, {
    version,
    lineItems: [item(7)],
  })
  expect(filled.status).toBe(200)
  await us.v1('POST', `/debt-collection-case/markAsPrepared?id=${id}`)
  const files = await us.tenant.call({
    method: 'GET',
    url: `/q/v1/files?claimReference=${made['reference']}&accountReference=${(await bookOf(it, us, made['reference']))['account']}`,
  })
  expect(files.body.items.map((one: Json) => one['fileName']).toSorted()).toEqual([
    'contract.pdf',
    'note.txt',
  ])
})

test('a case that is deleted takes its documents along; bytes that another case names stay', async () => {
  const attach = async (text: string) => {
    const { id } = await createCase(us, wholeCase({ lineItems: [] }))
    const content = encodeURIComponent(Buffer.from(text).toString('base64'))
    const path = `/debt-collection-case/attachDocument?id=${id}&fileName=a.txt&contentBase64=${content}`
    const kept = await us.v1('POST', path)
    expect(kept.status, JSON.stringify(kept.body)).toBe(200)
    return { id, hash: kept.body.labels[0].content }
  }
  const [first, twin, alone] = [await attach('both'), await attach('both'), await attach('alone')]
  expect(first.hash).toBe(twin.hash)
  for (const { id } of [first, alone])
    expect((await us.v1('POST', '/debt-collection-case/delete', id)).status).toBe(200)
  const { rows } = await it.database.ownerPool.query(
    'select sha256, needed_until is null as "isNamed" from quittance.file_blob where tenant_id = $1 and sha256 = any($2)',
    [us.tenant.tenantId, [first.hash, alone.hash]],
  )
  const named = Object.fromEntries(rows.map((row: Json) => [row['sha256'], row['isNamed']]))
  expect(named).toEqual({ [twin.hash]: true, [alone.hash]: false })
})

test('the books balance after all that was collected here', async () => {
  await assertBooksBalance(it.database.ownerPool)
})
