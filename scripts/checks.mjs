import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { licenceProblems } from './licences.mjs'

/** The checks that need no database: formatting, lint, types, who imports whom, unused code, licences. */
export const checks = [
  { name: 'formatting', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--quiet'] },
  { name: 'types', command: ['typescript-native', '-p', 'tsconfig.json'] },
  {
    name: 'imports',
    command: ['depcruise', 'src', 'test', 'bench', '--config', '.dependency-cruiser.cjs'],
  },
  { name: 'unused code', command: ['knip', '--no-progress'] },
  { name: 'licences', run: licences },
]

const entryPoints = {
  prettier: 'prettier/bin/prettier.cjs',
  oxlint: 'oxlint/bin/oxlint',
  'typescript-native': 'typescript-native/bin/tsc',
  depcruise: 'dependency-cruiser/bin/dependency-cruise.mjs',
  knip: 'knip/bin/knip.js',
  vitest: 'vitest/vitest.mjs',
}

/** Runs a tool of node_modules and answers whether it was content. */
export async function runTool(root, [tool, ...options], env = {}) {
  const script = path.join(root, 'node_modules', entryPoints[tool])
  const child = spawn(process.execPath, [script, ...options], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  })
  const [status] = await once(child, 'close')
  return status === 0
}

export async function runCheck(root, check) {
  console.log(`\n── ${check.name}`)
  const isGood = await (check.run ? check.run(root) : runTool(root, check.command))
  console.log(`${isGood ? '✓' : '✗'} ${check.name}`)
  return isGood
}

async function licences(root) {
  const problems = licenceProblems(root)
  for (const problem of problems) console.error(problem)
  return problems.length === 0
}
