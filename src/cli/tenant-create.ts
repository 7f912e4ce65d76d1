import { pc } from './colours.ts'
import { createTenant, type CreatedTenant } from '../identity/index.ts'
import { loadConfig, processEnv, type Flags } from '../platform/config.ts'
import { openSealer } from '../platform/installation-sealer.ts'
import { withDatabase } from './database.ts'
import { printJson, printLine, printPairs } from './output.ts'

export interface TenantCreateFlags extends Pick<Flags, 'dataDir' | 'databaseUrl'> {
  name: string
  sandbox?: boolean
  timeZone?: string
  json?: boolean
}

/** Opens a tenant and prints its credentials, also while a server runs on the same data. */
export async function createTenantCommand(flags: TenantCreateFlags): Promise<void> {
  const config = loadConfig(processEnv(), placeOf(flags))
  const { name, timeZone } = flags
  const input = { name, isSandbox: flags.sandbox ?? false, ...(timeZone ? { timeZone } : {}) }
  const created = await withDatabase(
    config,
    async ({ db, ownerPool }) => {
      const sealer = await openSealer(config, ownerPool)
      return createTenant(db, input, { now: () => new Date(), sealer })
    },
    { isMade: true },
  )
  if (flags.json === true) printJson(created)
  else printTenant(created)
}

function placeOf({ dataDir, databaseUrl }: TenantCreateFlags): Flags {
  return {
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  }
}

function printTenant({ tenantId, name, oauth, wallee, crmcom, payofin }: CreatedTenant): void {
  printLine(`${pc.green('✓')} ${pc.bold(name)} is open. Its secrets are shown this once:\n`)
  printPairs([
    ['tenant id ({clientId} of /v1)', tenantId],
    ['OAuth client id', oauth.clientId],
    ['OAuth client secret', oauth.clientSecret],
    ['wallee space id', String(wallee.spaceId)],
    ['wallee user id', String(wallee.userId)],
    ['wallee authentication key', wallee.authenticationKey],
    ['CRM.COM organisation', crmcom.organisation],
    ['CRM.COM username', crmcom.username],
    ['CRM.COM password', crmcom.password],
    ['Payofin merchant id', String(payofin.merchantId)],
    ['Payofin ApiKey', payofin.apiKey],
    ['Payofin SecretKey', payofin.secretKey],
  ])
}
