import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, world } from '../../world.ts'
import { isSeedPresent, readPaths } from './seed.ts'

const operations = [
  'POST oauth2/token',
  'GET get_account',
  'POST create_accounts',
  'POST update_account_meta',
  'POST add_account_ledger_entries',
  'POST add_account_products',
  'POST update_account_products',
  'POST add_account_debtors',
  'POST update_account_debtors',
  'GET get_account_claims',
  'POST set_account_scores',
  'POST match_account_payment',
  'POST update_account_ledger_entries_amounts',
  'GET get_debtor_accounts_and_claims',
  'POST create_claims',
  'POST recreate_claims',
  'POST update_claims',
  'POST import_claims',
  'POST resolve_claims',
  'POST credit_claims',
  'POST debit_claims',
  'POST pause_journeys',
  'POST resume_journeys',
  'POST stop_journeys',
  'GET get_landing_page_url',
  'GET get_events',
  'GET get_message',
  'GET get_communication_message_urls',
  'POST create_promises_to_pay',
  'POST execute_custom_triggers',
  'POST create_account_mandates',
  'POST delete_account_mandates',
  'GET get_account_mandates',
  'POST upload_files',
]

const it = world()
let tenant: TestTenant
let contract: { paths: Record<string, Record<string, unknown>> }
beforeAll(async () => {
  tenant = await it.tenant()
  contract = (await it.inject({ method: 'GET', url: '/docs/receeve.json' })).body as never
})

const pathOf = (name: string) =>
  name === 'oauth2/token' ? `/v1/${name}` : `/v1/{clientId}/${name}`

describe.runIf(!isSeedPresent)('the published reference', () => {
  test.skip('is not at ../shared/seeds: the list of operations is not compared', () => undefined)
})

test.runIf(isSeedPresent)('the list of operations is that of the published reference', () => {
  expect(readPaths().toSorted()).toEqual(operations.toSorted())
})

test('there are 34 operations', () => {
  expect(new Set(operations).size).toBe(34)
})

describe.each(operations)('%s', (operation) => {
  const [verb, name = ''] = operation.split(' ')
  const method = verb === 'GET' ? 'GET' : 'POST'

  test('stands in the contract', () => {
    expect(Object.keys(contract.paths[pathOf(name)] ?? {})).toContain(method.toLowerCase())
  })

  test('is answered, be it that its input is missing', async () => {
    const url = pathOf(name).replace('{clientId}', tenant.tenantId)
    const { clientId, clientSecret } = tenant.oauth
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
    const isToken = name === 'oauth2/token'
    const headers = {
      ...(isToken ? { authorization: `Basic ${basic}` } : {}),
      ...(method === 'POST' && !isToken ? { 'content-type': 'application/json' } : {}),
    }
    const body = method === 'POST' && !isToken ? { payload: '"nothing"' } : {}
    const answer = await tenant.call({ method, url, headers, ...body })
    // A path that there is not is 403; 404 would be something that is not there behind a path that is.
    const unimplemented = [403, 404, 405, 500, 501, 503]
    expect(unimplemented, `${answer.status} ${JSON.stringify(answer.body)}`).not.toContain(
      answer.status,
    )
  })
})

test('what is no operation is 403, so that the tests above can fail', async () => {
  const answer = await tenant.post('get_rich', {})
  expect(answer.status).toBe(403)
})
