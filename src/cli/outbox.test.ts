import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { databaseUrl } from '../../test/database-url.ts'
import { bundle, closeSenders, openClaims, sendDue, senderOf, write } from '../../test/messages.ts'
import { type TestTenant, world } from '../../test/world.ts'
import { runCli } from './main.ts'

const it = world({ workers: false })
const printed = { out: '', err: '' }
let tenant: TestTenant
let sent: string
beforeEach(async () => {
  tenant = await it.tenant()
  await openClaims(tenant)
  const bundleId = await bundle(tenant)
  sent = await write(tenant, { bundleId })
  await sendDue(senderOf(it), tenant)
  Object.assign(printed, { out: '', err: '' })
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.out += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed.err += String(text)
    return true
  })
})
afterAll(() => closeSenders(it))
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = undefined
})

const outbox = (...words: string[]) =>
  runCli([
    'node',
    'quittance',
    'outbox',
    ...words,
    `--database-url=${databaseUrl(it.database.connection)}`,
  ])

test('lists messages with their reasons and says that nothing leaves the house', async () => {
  await outbox('list', `--tenant=${tenant.tenantId}`)
  expect(printed.err).toContain('E-mail is kept in the outbox and sent nowhere')
  const [titles, line] = printed.out.split('\n')
  expect(titles).toMatch(/^message +when +channel +status +claim +to +because$/)
  expect(line).toContain(sent)
  expect(line).toMatch(/email +SENT +C +ada@example\.com +The claim is open/)
})

test('lists as JSON what the API lists, and only what is asked for', async () => {
  await outbox('list', `--tenant=${tenant.tenantId}`, '--status=withheld', '--json')
  expect(JSON.parse(printed.out)).toEqual({ items: [], nextCursor: null })
})

test('shows one message, and its bytes as they left', async () => {
  await outbox('show', sent, `--tenant=${tenant.tenantId}`)
  expect(printed.out).toMatch(/status +SENT/)
  printed.out = ''
  await outbox('show', sent, `--tenant=${tenant.tenantId}`, '--eml')
  expect(printed.out).toContain(`Message-ID: <${sent}@acme.example>\r\n`)
})

test('takes a tenant by its name, and says when a list is empty', async () => {
  const named = `Only ${tenant.tenantId}`
  await it.tenant(named)
  await outbox('list', `--tenant=${named}`)
  expect(printed.out).toBe('')
  expect(printed.err).toContain('There are no such messages.')
  await it.tenant(named)
  await outbox('list', `--tenant=${named}`)
  expect(printed.err).toContain(`several tenants are called ${named}; give an id: `)
  expect(process.exitCode).toBe(1)
})

test.each([
  [['list', '--tenant=x'], '--tenant: there is no tenant "x"'],
  [['list', '--tenant=00000000-0000-7000-8000-000000000000'], '--tenant: there is no tenant'],
  [['show', 'x', '--tenant=00000000-0000-7000-8000-000000000000'], 'the id of a message'],
  [['list', '--tenant=00000000-0000-7000-8000-000000000000', '--limit=0'], '--limit'],
  [['list', '--tenant=00000000-0000-7000-8000-000000000000', '--status=odd'], '--status'],
])('says what is wrong with %j', async (words, problem) => {
  await outbox(...words)
  expect(printed.err).toContain(problem)
  expect(process.exitCode).toBe(1)
})
