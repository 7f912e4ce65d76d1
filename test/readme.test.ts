import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoLines, seedDemo } from '../src/demo/index.ts'
import { packageRoot } from '../src/platform/package-root.ts'
import { world } from './world.ts'

const root = packageRoot()
const readme = readFileSync(path.join(root, 'README.md'), 'utf8')
const run = promisify(execFile)

const it = world({ port: 0 })
// Version 1 and 2 of the wallee doors are signed by the shell, which knows only the machine's time.
it.now = new Date()
let url = ''
let home = ''
let printed: string[] = []
beforeAll(async () => {
  url = await it.assembly.app.listen({ host: '127.0.0.1', port: 0 })
  const tenant = await seedDemo(it.assembly)
  printed = await demoLines(it.assembly, tenant, url)
  home = await mkdtemp(path.join(tmpdir(), 'quittance-readme-'))
  await symlink(it.assembly.services.config.dataDir, path.join(home, 'data'))
}, 120_000)
afterAll(() => rm(home, { recursive: true, force: true }))

/** How the doors say no. */
const trouble = /"success":false|urn:quittance:|EXCEPTION|"result":false|"defaultMessage"/

/** Runs blocks in one shell, as a reader does who pastes one after the other, and answers what each printed. */
async function pasted(blocks: readonly string[]): Promise<string[]> {
  const mark = '=====end of block====='
  const script = blocks.map((block) => `${block}\necho; echo '${mark}'\n`).join('')
  const { stdout, stderr } = await run('bash', ['-e', '-o', 'pipefail', '-c', script], {
    cwd: home,
    maxBuffer: 10_000_000,
  })
  expect(stderr).toBe('')
  return stdout.split(mark).slice(0, blocks.length)
}

/** The shell blocks of the README but for those that start or test a whole server. */
function blocksOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  return blocks
    .filter((block) => !/^npm (start|test)$/.test(block.trim()))
    .map((block) => block.replaceAll('http://127.0.0.1:8080', url))
}

describe('the README', () => {
  test('has an example for each door, and each works as it is printed', async () => {
    const blocks = blocksOf(readme)
    const outputs = await pasted(blocks)
    const shown = outputs.join('\n')
    expect(shown).not.toMatch(trouble)
    const of = (part: string) => {
      const place = blocks.findIndex((block) => block.includes(part))
      expect(place, part).toBeGreaterThanOrEqual(0)
      return outputs[place] ?? ''
    }
    expect(of('match_account_payment')).toContain('"success":true')
    expect(of('/invoices/show')).toContain('"unsettled_amount":50')
    expect(JSON.parse(of('/api/v2.0/debt-collection/cases'))).toMatchObject({
      amount: 50,
      reference: 'INVOICE-1',
    })
    expect(of('addCollectedAmount')).toContain('"amount":15')
    expect(JSON.parse(of('invoicequery'))).toMatchObject({ result: true, resultCode: 1 })
    expect(JSON.parse(of('/explain'))).toMatchObject({ totalMinor: 3_500 })
    expect(JSON.parse(of('get_landing_page_url')).URL).toMatch(/\/c\/\w{18}$/)
  }, 180_000)

  test('names no file that is not there', () => {
    for (const file of ['README.md', ...documents()]) {
      const text = readFileSync(path.join(root, file), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
        expect(existsSync(path.join(root, path.dirname(file), target)), `${file}: ${target}`).toBe(
          true,
        )
    }
  })

  test('leads over the list of documents to each of them', () => {
    const list = readFileSync(path.join(root, 'docs/README.md'), 'utf8')
    expect(readme).toContain('(docs/README.md)')
    for (const file of documents().filter((name) => !/README|decisions/.test(name)))
      expect(list).toContain(`(${path.relative('docs', file)})`)
  })
})

test('the documents of the doors have examples that work as they are printed', async () => {
  const of = (name: string) =>
    blocksOf(readFileSync(path.join(root, `docs/faces/${name}.md`), 'utf8'))
  const shown = (await pasted([...of('receeve'), ...of('payofin')])).join('\n')
  expect(shown).toContain('"claimReference":"INV-001-1')
  expect(shown).toContain('"balance":"')
  expect(shown).toContain('"paymentAmount":10')
  const crm = (await pasted(of('crmcom'))).join('\n')
  expect(crm).toContain('"payment_amount":225')
  expect(shown + crm).not.toMatch(trouble)
}, 120_000)

test('what npm start prints can be pasted and shows each door', async () => {
  const calls = printed.filter((line) => line.startsWith('    '))
  expect(calls.length).toBeGreaterThanOrEqual(6)
  const shown = (await pasted(calls)).join('\n')
  expect(shown).toContain('"currency":"EUR"')
  expect(shown).toContain('"balance":')
  expect(shown).toContain('"invoiceNo":"FATURA-2"')
  expect(shown).not.toMatch(trouble)
}, 120_000)

/** The documents by their paths from the root. */
function documents(): string[] {
  return readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name))
}
