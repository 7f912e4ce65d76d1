import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { person, world } from '../../test/world.ts'
import { runCli } from './main.ts'

const it = world()
let tenantId: string
const printed = { out: '', err: '' }

beforeAll(async () => {
  const tenant = await it.tenant()
  tenantId = tenant.tenantId
  const main = [
    { id: 'call', type: 'webhook', name: 'hello' },
    { type: 'wait', days: 2 },
    { id: 'again', type: 'webhook', name: 'again' },
  ]
  const payload = { name: 'Dunning', document: { paths: { main } } }
  const made = await tenant.call({ method: 'POST', url: '/q/v1/journeys', payload })
  expect(made.status).toBe(201)
  const claim = {
    amount: 500,
    currency: 'EUR',
    originalDueDate: '2026-03-01',
    currentDueDate: '2026-03-01',
    primaryDebtor: person('D'),
  }
  const vip = { portfolioReference: 'P', primaryDebtor: person('VIP') }
  const body = { 'C-1': { ...claim, ...vip }, 'C-2': claim }
  const opened = await tenant.post('create_claims', body)
  expect(opened.body).toMatchObject({ 'C-1': { success: true }, 'C-2': { success: true } })
})
beforeEach(() => {
  printed.out = ''
  printed.err = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})
afterAll(() => {
  vi.restoreAllMocks()
})

const simulate = (...words: string[]) =>
  runCli([
    'node',
    'quittance',
    'journey',
    'simulate',
    `--tenant=${tenantId}`,
    `--database-url=${databaseUrl(it.database.connection)}`,
    ...words,
  ])

test('prints who would get what and when, a line for each', async () => {
  await simulate('--journey', 'Dunning', '--until', '9999-01-01')
  const lines = printed.out.trimEnd().split('\n')
  expect(lines[0]).toContain('when')
  expect(lines.slice(1, 5).map((line) => line.replace(/^\S+\s+/, '').split(/\s+/))).toEqual([
    ['C-1', 'call', 'webhook', '{"name":"hello","data":{}}'],
    ['C-2', 'call', 'webhook', '{"name":"hello","data":{}}'],
    ['C-1', 'again', 'webhook', '{"name":"again","data":{}}'],
    ['C-2', 'again', 'webhook', '{"name":"again","data":{}}'],
  ])
  expect(lines[5]).toContain('2 claims')
  expect(printed.err).toBe('')
})

test('answers one JSON object for a portfolio or for claims by name', async () => {
  await simulate('--journey', 'Dunning', '--until', '9999-01-01', '--portfolio', 'P', '--json')
  expect(JSON.parse(printed.out)).toMatchObject({ claims: 1, finished: 1, byStep: { call: 1 } })
  printed.out = ''
  await simulate('--journey', 'Dunning', '--until', '9999-01-01', '--claim', 'C-2', '--json')
  expect(JSON.parse(printed.out).events[0].claimReference).toBe('C-2')
})

test('says what is wrong with what was asked', async () => {
  await simulate('--journey', 'Dunning', '--until', 'soon', '--limit', '0')
  expect(printed.err).toContain('--until')
  expect(printed.err).toContain('--limit')
  expect(process.exitCode).toBe(1)
  printed.err = ''
  await simulate('--journey', 'Nobody', '--until', '9999-01-01')
  expect(printed.err).toContain('There is no such journey')
})
