import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './install.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
await ensureInstalled(root)
const { checks, runCheck, runTool } = await import('./checks.mjs')
const { findSystemPostgres, startSystemPostgres } = await import('./system-postgres.mjs')

// What must hold on every PostgreSQL that we support; the launcher and the crash tests have one of their own.
const databaseTests = [
  'test/conformance',
  'test/cross-door',
  'test/platform/async.test.ts',
  'test/platform/authentication.test.ts',
  'test/platform/columns.test.ts',
  'test/platform/hostile-input.test.ts',
  'test/platform/idempotency.test.ts',
  'test/platform/limits.test.ts',
  'test/platform/maintenance.test.ts',
  'test/platform/migrate.test.ts',
  'test/platform/operability.test.ts',
  'test/platform/plans',
  'test/platform/queue-bound.test.ts',
  'test/platform/schema.test.ts',
  'test/platform/tenancy.test.ts',
  'test/platform/tenant-settings.test.ts',
  'test/bulk-write.test.ts',
  'test/concurrency',
  'test/reactions',
  'test/real-data.test.ts',
  'test/simulator',
  'src/cli/doctor-books.test.ts',
  'src/cli/main.test.ts',
  'src/communications/messages',
  'src/events/subscribers.test.ts',
  'src/identity',
  'src/imports/import.test.ts',
  'src/journeys',
  'src/platform/jobs',
]

// Long, and about the doors: what they have the database do, every-entity.test.ts has it do as well.
const doorTests = ['sdk-every-method', 'fuzz', 'contract'].map(
  (name) => `test/conformance/wallee/${name}.test.ts`,
)

const totals = { passed: 0, failed: 0, skipped: 0 }
const filters = process.argv.slice(2)

if (filters.length === 0) {
  for (const check of checks) {
    const isGood = await runCheck(root, check)
    totals[isGood ? 'passed' : 'failed'] += 1
  }
}
await runTests('embedded PostgreSQL', filters)
const system =
  filters.length === 0 && process.env.TEST_DATABASE_URL === undefined && findSystemPostgres()
if (system) {
  const server = await startSystemPostgres(system)
  try {
    const without = doorTests.map((name) => `--exclude=${name}`)
    await runTests(`PostgreSQL ${system.version} of this machine`, [...databaseTests, ...without], {
      TEST_DATABASE_URL: server.url,
    })
  } finally {
    await server.stop()
  }
} else if (filters.length === 0) {
  console.log('\nNo PostgreSQL 15 to 18 on this machine: the tests ran on the embedded one only.')
}

console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed === 0 ? 0 : 1

async function runTests(where, paths, env = {}) {
  console.log(`\n── tests on ${where}`)
  const report = path.join(
    fs.mkdtempSync(path.join(os.tmpdir(), 'quittance-report-')),
    'report.json',
  )
  const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const isGood = await runTool(root, ['vitest', 'run', ...paths, ...options], env)
  count(report, isGood)
  fs.rmSync(path.dirname(report), { recursive: true, force: true })
}

function count(report, isGood) {
  if (!fs.existsSync(report)) {
    totals.failed += 1
    return
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    fs.readFileSync(report, 'utf8'),
  )
  // A file that could not be loaded has no tests that failed, and is a failure all the same.
  const broken = testResults.filter(
    (file) =>
      file.status === 'failed' && file.assertionResults.every((one) => one.status !== 'failed'),
  ).length
  totals.passed += numPassedTests
  totals.failed += numFailedTests + broken
  totals.skipped += numPendingTests + numTodoTests
  if (!isGood && numFailedTests + broken === 0) totals.failed += 1
  if (numPassedTests === 0) totals.failed += 1
}
