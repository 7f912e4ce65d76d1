import { pc } from './colours.ts'
import { Bookkeeper, callContext } from '../book/index.ts'
import { createTenantFinder, type Tenant } from '../identity/index.ts'
import {
  type ImportSummary,
  ImportUsageError,
  type Mapping,
  mappingOf,
  noResultFile,
  partOf,
  resultFile,
  runImport,
  type SavedMapping,
} from '../imports/index.ts'
import { loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { schemaName } from '../platform/db.ts'
import { type Database, withDatabase } from './database.ts'
import {
  checkMappingPlace,
  type MappingFlags,
  savedMappingOf,
  saveMapping,
} from './import-mapping.ts'
import { grouped, type ProgressDisplay, progressDisplay } from './import-progress.ts'
import { type ResultFlags, resultPlaceOf } from './import-result.ts'
import { printJson, printLine, printNote } from './output.ts'
import { type NamedTenant, tenantsNamed } from './tenant-named.ts'

export interface ImportFlags
  extends Pick<Flags, 'dataDir' | 'databaseUrl'>, MappingFlags, ResultFlags {
  tenant?: string
  json?: boolean
}

const usageExitCode = 2
const notAllDoneExitCode = 1
const lanes = 2
const queueMax = 1_000_000

/**
 * Loads a file. Exits with 0 when every row is in the book, 1 when some are not or the mapping could not be kept, 2 when the
 * command cannot be used.
 */
export async function importCommand(file: string, flags: ImportFlags): Promise<void> {
  try {
    const saved = await savedMappingOf(flags)
    const mapping = mappingOf(saved)
    if (flags.tenant === undefined)
      throw new ImportUsageError(['--tenant is missing; give the id or the name of a tenant'])
    const resultPlace = await resultPlaceOf(file, flags)
    const mappingPlace = flags.saveMapping
    if (mappingPlace !== undefined) await checkMappingPlace(mappingPlace, { file, resultPlace })
    const config = loadConfig(processEnv(), placeOf(flags))
    const startedAt = performance.now()
    await withDatabase(config, async (database) => {
      const summary = await importInto(database, { file, mapping, flags, resultPlace })
      const seconds = (performance.now() - startedAt) / 1_000
      // Before the database is left, which may have to wait for others.
      report(summary, flags, { seconds, resultPlace: writtenPlaceOf(summary, resultPlace) })
      const isKept = mappingPlace === undefined || (await isMappingKept(mappingPlace, saved))
      const isAllIn = summary.isComplete && summary.refused + summary.invalid === 0
      if (!isAllIn || !isKept) process.exitCode = notAllDoneExitCode
    })
  } catch (error) {
    if (!(error instanceof ImportUsageError)) throw error
    printNote(`${pc.red('Failed:')} ${error.message}`)
    process.exitCode = usageExitCode
  }
}

/** By now the rows are in the book: where the mapping cannot be kept, that is told and fails nothing else. */
async function isMappingKept(place: string, saved: SavedMapping): Promise<boolean> {
  const failure = await saveMapping(place, saved)
  if (failure !== undefined) printNote(`${pc.red('Failed:')} ${failure}`)
  return failure === undefined
}

function placeOf({ dataDir, databaseUrl }: ImportFlags): Flags {
  return {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  }
}

interface ImportCall {
  readonly file: string
  readonly mapping: Mapping
  readonly flags: ImportFlags
  readonly resultPlace: string | undefined
}

async function importInto(database: Database, call: ImportCall): Promise<ImportSummary> {
  const { file, mapping, flags, resultPlace } = call
  const { tenant, now } = await findTenant(database, flags.tenant ?? '')
  const display = progressDisplay(flags.json === true)
  const bookkeeper = new Bookkeeper({
    connection: database.connection,
    lanes,
    queueMax,
    nowOf: now,
    isDryRun: flags.dryRun ?? false,
    isBulk: true,
    onBug: (error) => display.note(error instanceof Error ? (error.stack ?? '') : String(error)),
  })
  const stop = stopAsked(display)
  try {
    return await runImport({
      file,
      mapping,
      bookkeeper,
      context: callContext(tenant, { originator: 'Import' }),
      results: resultPlace === undefined ? noResultFile : resultFile(resultPlace),
      analyse: () => analyse(database.ownerPool, flags.dryRun ?? false),
      onProgress: (progress) => display.show(progress),
      signal: stop.signal,
    })
  } finally {
    display.end()
    stop.forget()
    await bookkeeper.close()
  }
}

/** An import that was stopped leaves its result under the name that says so. */
function writtenPlaceOf(summary: ImportSummary, place: string | undefined): string | undefined {
  return place === undefined || summary.isComplete ? place : partOf(place)
}

const grownTables = ['account', 'debtor', 'account_debtor', 'entry', 'item', 'claim']

/** Lets the planner know how large the tables are by now. */
async function analyse(ownerPool: Database['ownerPool'], isDryRun: boolean): Promise<void> {
  if (isDryRun) return
  const tables = grownTables.map((table) => `${schemaName}.${table}`)
  await ownerPool.query(`analyze ${tables.join(', ')}`)
}

/** The first signal ends the import after what is being booked, the second at once. */
function stopAsked(display: ProgressDisplay): { signal: AbortSignal; forget(): void } {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(notAllDoneExitCode)
    display.note('Stopping after the rows that are being booked; once more ends it at once')
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

interface Ran {
  readonly seconds: number
  readonly resultPlace: string | undefined
}

function report(summary: ImportSummary, flags: ImportFlags, { seconds, resultPlace }: Ran): void {
  const { problems, ...counts } = summary
  const isDryRun = flags.dryRun ?? false
  if (flags.json === true) {
    const rowsPerSecond = Math.round(summary.rows / Math.max(seconds, 0.001))
    const file = resultPlace === undefined ? {} : { resultFile: resultPlace }
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
  if (resultPlace !== undefined) printNote(`  What became of every row: ${resultPlace}`)
  if (failed > 0 && resultPlace === undefined)
    printNote('  --result file.csv writes what became of every row')
  if (!summary.isComplete)
    printNote('Stopped before the end; the same command goes on with the rest')
}
