import { readFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'
import { foreignGroupOf } from '../../../src/faces/wallee/gateway.ts'
import { operationsOf } from '../../../src/faces/wallee/openapi.ts'
import { entities } from '../../../src/faces/wallee/registry.ts'

/** One operation of a published side bar: its group, method and path. */
export type Listed = readonly [group: string, method: string, path: string]

export const sideBars: { v1: Listed[]; v2: Listed[] } = JSON.parse(
  readFileSync(new URL('side-bars.json', import.meta.url), 'utf8'),
)

export type State = 'served' | 'gateway' | 'missing'

const nameless = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')

/** What is served, as method and path with the parameters' names taken out. */
export function servedOf(version: 1 | 2): Set<string> {
  const all = entities.flatMap((entity) => operationsOf(entity, version))
  return new Set(all.map(({ method, path }) => `${method} ${nameless(path)}`))
}

export function stateOf(version: 1 | 2, [, method, path]: Listed, served: Set<string>): State {
  if (served.has(`${method} ${nameless(path)}`)) return 'served'
  return foreignGroupOf(version, path) === undefined ? 'missing' : 'gateway'
}

const words: Record<State, string> = {
  served: 'served',
  gateway: 'belongs to a payment gateway',
  missing: 'not yet',
}

const begin =
  '<!-- operations: WRITE_TABLE=1 npx vitest run test/conformance/wallee/contract.test.ts -->'
const end = '<!-- operations end -->'

/** A page with the table of all published operations between its marks, formatted like every page. */
export async function withTable(page: string): Promise<string> {
  const [before = ''] = page.split(begin)
  const [, after = ''] = page.split(end)
  const text = `${before}${begin}\n\n${tableOf(1)}\n${tableOf(2)}\n${end}${after}`
  return format(text, { ...(await resolveConfig('docs/faces/wallee.md')), parser: 'markdown' })
}

function tableOf(version: 1 | 2): string {
  const served = servedOf(version)
  const listed = version === 1 ? sideBars.v1 : sideBars.v2
  const states = listed.map((operation) => ({
    operation,
    state: stateOf(version, operation, served),
  }))
  const count = (state: State) => states.filter((one) => one.state === state).length
  const rows = states.map(
    ({ operation: [group, method, path], state }) =>
      `| ${group} | ${method} | \`${path}\` | ${words[state]} |`,
  )
  return [
    `### Version ${version}: ${listed.length} operations`,
    '',
    `${count('served')} served, ${count('gateway')} of a payment gateway, ${count('missing')} not yet.`,
    '',
    '| group | method | path | state |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
