import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createAccount } from '../accounts/index.ts'
import { type Bookkeeper, callContext } from '../book/index.ts'
import { type CreatedTenant, createTenant } from '../identity/index.ts'
import { matchPayment } from '../payments/index.ts'
import type { Sealer } from '../platform/sealer.ts'
import type { Services } from '../platform/services.ts'
import { demoAccounts } from './accounts.ts'
import { installStrategy, pageOf } from './chase.ts'
import { seedCrmSamples } from './crm-samples.ts'
import { doorLines } from './door-lines.ts'
import { seedDoors } from './doors.ts'

export interface DemoDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
  readonly sealer: Sealer
}

/** The file in the data directory that keeps the demo tenant's credentials; secrets are stored nowhere else readable. */
export function demoFile(dataDir: string): string {
  return path.join(dataDir, 'demo.json')
}

/** Makes the demo tenant with accounts, debts and payments on the first run; later runs find it. */
export async function seedDemo({ services, bookkeeper, sealer }: DemoDeps): Promise<CreatedTenant> {
  const { db, clock, config } = services
  const file = demoFile(config.dataDir)
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as CreatedTenant
  const tenant = await createTenant(db, { name: 'Demo', isSandbox: true }, { now: clock, sealer })
  const context = () =>
    callContext(
      { tenantId: tenant.tenantId, timeZone: 'Europe/Berlin', settings: {} },
      { originator: 'Demo' },
    )
  // Before the accounts: a claim that was there before there was a journey is not on one.
  await installStrategy({ db, now: clock() }, tenant.tenantId)
  const accounts = demoAccounts(clock())
  const opened = await bookkeeper.submitGroup(
    accounts.map(({ account }) => createAccount(context(), account)),
  )
  const payments = accounts.flatMap(({ account, paidMinor }) =>
    paidMinor === 0
      ? []
      : [
          matchPayment(context(), {
            accountReference: account.reference,
            totalMinor: paidMinor,
            currency: account.currency,
            strategy: 'ORDERED_INVOICES_WITH_FEES_THEN_ACCOUNT_ENTRIES',
            providerName: 'demo-bank',
            trackingId: `demo-${account.reference}`,
          }),
        ],
  )
  const paid = await bookkeeper.submitGroup(payments)
  for (const outcome of [...opened, ...paid]) if ('refusal' in outcome) throw outcome.refusal
  await seedCrmSamples({ db, bookkeeper, now: clock() }, tenant.tenantId)
  await seedDoors({ services, bookkeeper }, tenant)
  // Renamed into place: a crash leaves either no file or a whole one.
  await writeFile(`${file}.new`, `${JSON.stringify(tenant, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return tenant
}

// The first invoice of the first account, of which nothing is paid.
const claimShown = 'INV-001-1'

/** What a newcomer needs to look around, as lines to print. */
export async function demoLines(
  { services }: DemoDeps,
  tenant: CreatedTenant,
  url: string,
): Promise<string[]> {
  const { db, clock, config } = services
  const { dataDir } = config
  const { tenantId } = tenant
  const page = await pageOf(
    { db, now: clock() },
    { tenantId, claimReference: claimShown, publicUrl: services.publicUrl() },
  )
  const call = `-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'`
  return [
    '',
    `  API contracts   ${url}/docs`,
    `  Health, metrics ${url}/readyz  ${url}/metrics`,
    `  Demo tenant     ${tenantId}`,
    `  Client id       ${tenant.oauth.clientId}`,
    `  Client secret   ${tenant.oauth.clientSecret}`,
    `  Kept in         ${demoFile(dataDir)}`,
    '',
    '  A first look:',
    `    TOKEN=$(curl -s -X POST ${url}/v1/oauth2/token -u '${tenant.oauth.clientId}:${tenant.oauth.clientSecret}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `    curl -s "${url}/v1/${tenantId}/get_account?accountReference=DEMO-001" -H "Authorization: Bearer $TOKEN"`,
    '',
    `  A debtor's page ${page}`,
    `  The outbox      bin/quittance outbox list --tenant ${tenantId} --data-dir ${dataDir}`,
    `  Chase them for 60 days, in seconds:`,
    `    curl -s -X POST ${url}/q/v1/test-clock/advance ${call} -d '{"days": 60}'`,
    '',
    ...doorLines(tenant, url, demoFile(dataDir)),
  ]
}
