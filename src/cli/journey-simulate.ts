import { pc } from './colours.ts'
import { journeyNamed, simulateJourney } from '../journeys/index.ts'
import type { Simulate, Simulation } from '../journeys/schema.ts'
import { ConfigError, loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { inTransaction } from '../platform/db.ts'
import { withDatabase } from './database.ts'
import { printJson, printLine } from './output.ts'
import { tenantNamed } from './tenant-named.ts'

export interface JourneySimulateFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  tenant: string
  journey: string
  until: string
  journeyVersion?: string
  portfolio?: string
  claim?: string[]
  limit?: string
  json?: boolean
}

const claimsMax = 1_000
const versionMax = 1_000_000

/** Shows who would get what and when if claims began a journey now; nothing is sent and nothing changes. */
export async function simulateJourneyCommand(flags: JourneySimulateFlags): Promise<void> {
  const input = inputOf(flags)
  const { tenant, journey, dataDir, databaseUrl, json } = flags
  const config = loadConfig(processEnv(), {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  })
  const simulation = await withDatabase(config, async (database) => {
    const { tenantId, now } = await tenantNamed(database, tenant)
    const unit = { tenantId, now: now(), isReadOnly: true }
    return inTransaction(database.db, unit, async (tx) =>
      simulateJourney(tx, await journeyNamed(tx, journey), input),
    )
  })
  if (json === true) printJson(simulation)
  else printTable(simulation)
}

function inputOf(flags: JourneySimulateFlags): Simulate {
  const { until, portfolio, claim, limit, journeyVersion } = flags
  const problems: string[] = []
  const end = new Date(until)
  const isTime = /^\d{4}-\d{2}-\d{2}/.test(until) && !Number.isNaN(end.getTime())
  if (!isTime) problems.push('--until: give a date such as 2030-12-31, or a time of it')
  const limited = count('--limit', limit, { max: claimsMax, problems })
  const version = count('--journey-version', journeyVersion, { max: versionMax, problems })
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    until: end.toISOString(),
    ...(portfolio === undefined ? {} : { portfolioReference: portfolio }),
    ...(claim === undefined ? {} : { claimReferences: claim }),
    ...(limited === undefined ? {} : { limit: limited }),
    ...(version === undefined ? {} : { version }),
  }
}

function count(
  flag: string,
  text: string | undefined,
  { max, problems }: { max: number; problems: string[] },
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value
  problems.push(`${flag}: give a whole number from 1 to ${max}`)
  return undefined
}

function printTable({ events, claims, finished, isPartial, from, until }: Simulation): void {
  const rows = events.map(({ at, claimReference, step, type, details }) => {
    return [`${at.slice(0, 16)}Z`, claimReference, step, type, JSON.stringify(details)]
  })
  const titles = ['when', 'claim', 'step', 'what', 'details']
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === titles.length - 1 ? cell : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
  printLine(pc.dim(lineOf(titles)))
  for (const row of rows) printLine(lineOf(row))
  const more = isPartial ? ' There are more claims than these.' : ''
  printLine(
    `${pc.green('✓')} ${claims} ${claims === 1 ? 'claim' : 'claims'} from ${from} to ${until}, ${finished} to the end.${more}`,
  )
}
