import { readFile, realpath, writeFile } from 'node:fs/promises'
import { pc } from './colours.ts'
import { Bookkeeper, callContext } from '../book/index.ts'
import { createTenantFinder, type Tenant } from '../identity/index.ts'
import {
  type ImportSummary,
  ImportUsageError,
  type Mapping,
  type MappingOptions,
  mappingOf,
  mergedMapping,
  noResultFile,
  openResultFile,
  readSavedMapping,
  runImport,
  type SavedMapping,
} from '../imports/index.ts'
import { loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { schemaName } from '../platform/db.ts'
import { type Database, withDatabase } from './database.ts'
import { grouped, progressDisplay } from './import-progress.ts'
import { printJson, printLine, printNote } from './output.ts'
import { type NamedTenant, tenantsNamed } from './tenant-named.ts'

export interface ImportFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'>, MappingOptions {
  tenant?: string
  map?: string[]
  mapping?: string
  saveMapping?: string
  result?: string
  dryRun?: boolean
  json?: boolean
}

const usageExitCode = 2
const someRowsFailedExitCode = 1
const lanes = 2
const queueMax = 1_000_000

/** Loads a file. Exits with 0 when every row is in the book, 1 when some are not, 2 when the command cannot be used. */
export async function importCommand(file: string, flags: ImportFlags): Promise<void> {
  try {
    const saved = await savedMappingOf(flags)
    const mapping = mappingOf(saved)
    if (flags.tenant === undefined)
      throw new ImportUsageError(['--tenant is missing; give the id or the name of a tenant'])
    await refuseSameFile(file, flags.result)
    const config = loadConfig(processEnv(), placeOf(flags))
    const startedAt = performance.now()
    const summary = await withDatabase(config, (database) =>
      importInto(database, { file, mapping, flags }),
    )
    if (flags.saveMapping !== undefined) await saveMapping(flags.saveMapping, saved)
    report(summary, flags, (performance.now() - startedAt) / 1_000)
    const isAllIn = summary.isComplete && summary.refused + summary.invalid === 0
    if (!isAllIn) process.exitCode = someRowsFailedExitCode
  } catch (error) {
    if (!(error instanceof ImportUsageError)) throw error
    printNote(`${pc.red('Failed:')} ${error.message}`)
    process.exitCode = usageExitCode
  }
}

async function savedMappingOf(flags: ImportFlags): Promise<SavedMapping> {
  const saved =
    flags.mapping === undefined ? undefined : readSavedMapping(await readText(flags.mapping))
  return mergedMapping(saved, { maps: flags.map ?? [], options: flags })
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ImportUsageError([`${path} cannot be read: ${(error as Error).message}`])
  }
}

async function saveMapping(path: string, saved: SavedMapping): Promise<void> {
  await writeFile(path, `${JSON.stringify(saved, null, 2)}\n`)
}

async function refuseSameFile(file: string, result: string | undefined): Promise<void> {
  if (result === undefined) return
  const [from, to] = await Promise.all(
    [file, result].map((path) => realpath(path).catch(() => path)),
  )
  if (from === to) throw new ImportUsageError(['--result would overwrite the file itself'])
}

function placeOf({ dataDir, databaseUrl }: ImportFlags): Flags {
  return {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  }
}

async function importInto(
  database: Database,
  call: { file: string; mapping: Mapping; flags: ImportFlags },
): Promise<ImportSummary> {
  const { file, mapping, flags } = call
  const { tenant, now } = await findTenant(database, flags.tenant ?? '')
  const bookkeeper = new Bookkeeper({
    connection: database.connection,
    lanes,
    queueMax,
    nowOf: now,
    isDryRun: flags.dryRun ?? false,
    isBulk: true,
    onBug: (error) => printNote(error instanceof Error ? (error.stack ?? '') : String(error)),
  })
  const results = flags.result === undefined ? noResultFile : await openResult(flags.result)
  const display = progressDisplay(flags.json === true)
  const stop = stopAsked()
  try {
    const summary = await runImport({
      file,
      mapping,
      bookkeeper,
      context: callContext(tenant, { originator: 'Import' }),
      results,
      analyse: () => analyse(database.ownerPool, flags.dryRun ?? false),
      onProgress: (progress) => display.show(progress),
      signal: stop.signal,
    })
    await results.finish()
    return summary
  } catch (error) {
    await results.abandon()
    throw error
  } finally {
    display.end()
    stop.forget()
    await bookkeeper.close()
  }
}

const grownTables = ['account', 'debtor', 'account_debtor', 'entry', 'item', 'claim']

/** Lets the planner know how large the tables are by now. */
async function analyse(ownerPool: Database['ownerPool'], isDryRun: boolean): Promise<void> {
  if (isDryRun) return
  const tables = grownTables.map((table) => `${schemaName}.${table}`)
  await ownerPool.query(`analyze ${tables.join(', ')}`)
}

async function openResult(path: string) {
  return openResultFile(path).catch((error: unknown) => {
    throw new ImportUsageError([`${path} cannot be written: ${(error as Error).message}`])
  })
}

/** The first signal ends the import after what is being booked, the second at once. */
function stopAsked(): { signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(someRowsFailedExitCode)
    printNote('Stopping after the rows that are being booked; once more ends it at once')
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, stop)
  return {
    signal: controller.signal,
    forget: () => {
      for (const signal of signals) process.off(signal, stop)
    },
  }
}

interface Importing extends Pick<NamedTenant, 'now'> {
  readonly tenant: Tenant
}

async function findTenant(database: Database, named: string): Promise<Importing> {
  const [first, ...others] = await tenantsNamed(database, named)
  if (first === undefined) throw new ImportUsageError([`There is no tenant ${named}`])
  if (others.length > 0) {
    const ids = [first, ...others].map(({ tenantId }) => tenantId).join(', ')
    throw new ImportUsageError([`Several tenants are called ${named}: ${ids}`])
  }
  const { tenantId, now } = first
  const finder = createTenantFinder({ db: database.db, now: () => new Date() })
  const tenant = await finder.tenantOf(tenantId)
  if (tenant === undefined) throw new ImportUsageError([`There is no tenant ${named}`])
  return { tenant, now }
}

function report(summary: ImportSummary, flags: ImportFlags, seconds: number): void {
  const { problems, ...counts } = summary
  const rowsPerSecond = Math.round(summary.rows / Math.max(seconds, 0.001))
  const isDryRun = flags.dryRun ?? false
  if (flags.json === true) {
    const file = flags.result === undefined ? {} : { resultFile: flags.result }
    const time = { seconds: Math.round(seconds * 1_000) / 1_000, rowsPerSecond }
    printJson({ ...counts, isDryRun, ...time, ...file, problems })
    return
  }
  const { imported, unchanged, refused, invalid, rows } = summary
  const failed = refused + invalid
  const sign = failed === 0 && summary.isComplete ? pc.green('✓') : pc.yellow('!')
  const would = isDryRun ? ' (dry run: nothing was written)' : ''
  printLine(
    `${sign} ${grouped(rows)} rows: ${grouped(imported)} imported, ${grouped(unchanged)} unchanged, ` +
      `${grouped(refused)} refused, ${grouped(invalid)} invalid, ${seconds.toFixed(1)} s${would}`,
  )
  for (const { line, reference, reason } of problems)
    printNote(`  line ${line}${reference === '' ? '' : ` (${reference})`}: ${reason}`)
  if (failed > problems.length) printNote(`  and ${grouped(failed - problems.length)} more`)
  if (failed > 0 && flags.result === undefined)
    printNote('  --result file.csv writes what became of every row')
  if (!summary.isComplete)
    printNote('Stopped before the end; the same command goes on with the rest')
}
