import { pc } from './colours.ts'
import { loadConfig, processEnv, type Config, type Flags } from '../platform/config.ts'
import { isAbsent, withDatabase } from './database.ts'
import { checkBooks } from './doctor-books.ts'
import { bad, checkSafely, good, type Check } from './doctor-check.ts'
import { checkDatabase } from './doctor-database.ts'
import { checkDataDir, checkNode, checkSeal, checkSecretKey } from './doctor-machine.ts'
import { explain } from './explain.ts'
import { printJson, printLine } from './output.ts'

export interface DoctorFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  json?: boolean
}

/** Looks at everything that can be wrong and says what is; changes nothing. Exits with 1 when something is. */
export async function doctor({ json, ...place }: DoctorFlags): Promise<void> {
  const config = loadConfig(processEnv(), place)
  const checks = [
    checkNode(process.versions.node),
    await checkSafely('data directory', () => checkDataDir(config.dataDir)),
    await checkSafely('secret key', () => checkSecretKey(config)),
    ...(await checkEverythingStored(config)),
  ]
  const isHealthy = checks.every((check) => check.isOk)
  if (json === true) printJson({ isHealthy, checks })
  else for (const check of checks) printCheck(check)
  if (!isHealthy) process.exitCode = 1
}

async function checkEverythingStored(config: Config): Promise<Check[]> {
  const name = 'database'
  if (isAbsent(config)) return [good(name, 'none yet; the first start makes it')]
  try {
    return await withDatabase(
      config,
      async ({ ownerPool }) => {
        const checks = await checkDatabase(ownerPool)
        const isUsable = checks.every((check) => check.name !== 'migrations' || check.isOk)
        if (!isUsable) return checks
        const seal = await checkSafely('sealed secrets', () => checkSeal(config, ownerPool))
        return [...checks, seal, ...(await checkBooks(ownerPool))]
      },
      { isMigrating: false },
    )
  } catch (error) {
    return [bad(name, explain(error))]
  }
}

function printCheck({ name, isOk, detail }: Check): void {
  printLine(`${isOk ? pc.green('✓') : pc.red('✗')} ${name}: ${detail}`)
}
