import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import { EmbeddedPostgresError, useYourOwnDatabase } from './error.ts'
import type { Layout } from './layout.ts'

/** The role that owns everything in the cluster; the application's sessions use a lesser one. */
export const ownerRole = 'quittance_owner'

/** A fixed environment: nothing from ours may lead PostgreSQL elsewhere or change its language. */
export const childEnvironment = { LC_ALL: 'C', TZ: 'UTC' } as const

const initdbLimitMs = 120_000
const draftPrefix = 'pg.new-'

/** Creates the cluster unless it exists; one that was interrupted half way is begun again. */
export async function ensureCluster(
  layout: Layout,
  binaries: string,
  account?: Account,
): Promise<void> {
  removeDrafts(layout.dataDir)
  if (fs.existsSync(path.join(layout.cluster, 'PG_VERSION'))) return
  if (fs.existsSync(layout.cluster) && fs.readdirSync(layout.cluster).length > 0) {
    throw new EmbeddedPostgresError(
      `${layout.cluster} is not empty but holds no PostgreSQL cluster. Choose another --data-dir.`,
    )
  }
  // A name of its own: an initdb left over from a killed start may still write into another draft.
  const draft = fs.mkdtempSync(path.join(layout.dataDir, draftPrefix))
  if (account !== undefined) fs.chownSync(draft, account.uid, account.gid)
  await runInitdb(draft, binaries, account)
  fs.renameSync(draft, layout.cluster)
  // Else a power failure could give us the data back under the draft's name.
  flushDirectory(layout.dataDir)
}

async function runInitdb(draft: string, binaries: string, account?: Account): Promise<void> {
  const options = [
    `--pgdata=${draft}`,
    `--username=${ownerRole}`,
    // Safe because the socket lies in a directory only PostgreSQL's own user may enter.
    '--auth-local=trust',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ]
  const spawnOptions = { ...account, cwd: '/', env: childEnvironment, timeout: initdbLimitMs }
  try {
    await promisify(execFile)(path.join(binaries, 'bin', 'initdb'), options, spawnOptions)
  } catch (error) {
    removeDrafts(path.dirname(draft))
    throw new EmbeddedPostgresError(explain(error as NodeJS.ErrnoException & { stderr?: string }))
  }
}

/** Words for a PostgreSQL program that did not run or ended with an error. */
function explain(error: NodeJS.ErrnoException & { stderr?: string }): string {
  if (error.code !== 'ENOENT') {
    return `The database cluster could not be created: ${error.stderr?.trim() || error.message}`
  }
  // The program exists, its loader does not.
  return `The embedded PostgreSQL needs glibc, which this system lacks: ${useYourOwnDatabase}`
}

function removeDrafts(dataDir: string): void {
  const drafts = fs.readdirSync(dataDir).filter((name) => name.startsWith(draftPrefix))
  for (const name of drafts) {
    fs.rmSync(path.join(dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

function flushDirectory(directory: string): void {
  const descriptor = fs.openSync(directory, 'r')
  fs.fsyncSync(descriptor)
  fs.closeSync(descriptor)
}
