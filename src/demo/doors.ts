import { createAccount } from '../accounts/index.ts'
import { type Bookkeeper, callContext, type Json } from '../book/index.ts'
import { createCase, markReviewed } from '../cases/index.ts'
import type { CreatedTenant } from '../identity/index.ts'
import { addDays, dateIn } from '../kernel/dates.ts'
import { ensureConfigured, topUp } from '../payofin/index.ts'
import { createDefinition } from '../plans/index.ts'
import { inTransaction } from '../platform/db.ts'
import type { Services } from '../platform/services.ts'

export interface DoorsDeps {
  readonly services: Services
  readonly bookkeeper: Bookkeeper
}

const zone = 'Europe/Berlin'
/** What a Payofin merchant finds, and what a case of the wallee doors stands on. */
export const liraAccount = 'DEMO-TRY'
const caseAccount = 'DEMO-CASE'
const caseClaim = 'CASE-1'

/**
 * Gives the demo tenant what each door needs to show something: for Payofin an account in lira and a float, for wallee a
 * case that a collector works, and plans for the debtor's page.
 */
export async function seedDoors(deps: DoorsDeps, tenant: CreatedTenant): Promise<void> {
  const { db, clocks } = deps.services
  const { tenantId } = tenant
  await openAccounts(deps, tenantId)
  await inTransaction(db, { tenantId, now: clocks.nowOf(tenantId) }, async (tx) => {
    await ensureConfigured(tx)
    await topUp(tx, tenant.payofin.merchantId, { amount: '5000.00', note: 'Demo' })
    await createDefinition(tx, {
      name: 'Monthly',
      terms: {
        currency: 'EUR',
        instalments: { min: 2, max: 6 },
        interval: { unit: 'MONTH', count: 1 },
        firstDueWithinDays: 14,
        instalmentMin: 1_000,
        fee: 0,
        toleranceDays: 3,
        brokenAfterMissed: 2,
      },
    })
  })
  await openCase(deps, tenant)
}

async function openAccounts({ services, bookkeeper }: DoorsDeps, tenantId: string): Promise<void> {
  const today = dateIn(services.clocks.nowOf(tenantId), zone)
  const invoice = (ledgerEntryReference: string, amount: number, daysLate: number): Json => ({
    ledgerEntryReference,
    invoiceDetails: { amount, dueDate: addDays(today, -daysLate) },
    context: {},
  })
  const context = () =>
    callContext({ tenantId, timeZone: zone, settings: {} }, { originator: 'Demo' })
  const outcomes = await bookkeeper.submitGroup([
    createAccount(context(), {
      reference: liraAccount,
      currency: 'TRY',
      debtors: [debtor('CUSTOMER-TRY', ['Ayşe', 'Yılmaz'], { country: 'TR', city: 'İzmir' })],
      ledgerEntries: [invoice('FATURA-1', 18_450, 12), invoice('FATURA-2', 20_900, -18)],
    }),
    createAccount(context(), {
      reference: caseAccount,
      currency: 'CHF',
      debtors: [
        debtor('CUSTOMER-CASE', ['Reto', 'Frei'], {
          country: 'CH',
          city: 'Chur',
          postalCode: '7000',
          addressLine1: 'Am Platz',
          houseNumber: '1',
        }),
      ],
      ledgerEntries: [invoice(caseClaim, 25_000, 70)],
    }),
  ])
  for (const outcome of outcomes) if ('refusal' in outcome) throw outcome.refusal
}

function debtor(
  debtorReference: string,
  [firstName, lastName]: readonly [string, string],
  place: Json,
): Json {
  const email = `${debtorReference.toLowerCase()}@example.com`
  return { debtorReference, firstName, lastName, contactInformation: { ...place, email } }
}

async function openCase({ services, bookkeeper }: DoorsDeps, tenant: CreatedTenant): Promise<void> {
  const { tenantId, wallee } = tenant
  const nowOf = (of: string) => services.clocks.nowOf(of)
  const deps = { db: services.db, bookkeeper, nowOf }
  const actor = {
    tenant: { tenantId, timeZone: zone, isSandbox: true, settings: {} },
    userId: wallee.userId,
    originator: 'Demo',
  }
  const id = await createCase(deps, actor, { reference: caseClaim, externalId: caseClaim })
  await markReviewed(deps, actor, id)
}
