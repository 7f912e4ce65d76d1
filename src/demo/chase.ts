import { type Kysely, sql } from 'kysely'
import { findClaimNamed } from '../book/index.ts'
import { installStarterBundles } from '../communications/index.ts'
import { assignJourney, createJourney } from '../journeys/index.ts'
import { linkOf, linkUrl } from '../links/index.ts'
import { createAgency } from '../placements/index.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import type { Tables } from '../platform/tables.ts'
import { demoPortfolios } from './accounts.ts'
import { demoAgency, friendlyDunning } from './strategy.ts'

export interface ChaseDeps {
  readonly db: Kysely<Tables>
  readonly now: Date
}

const creditor = {
  name: 'Demo Energy & Telecom',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  email: 'service@demo-energy.example',
  phone: '+49 30 23125 000',
  address: {
    street: 'Beispielweg',
    houseNumber: '1',
    postcode: '10115',
    city: 'Berlin',
    country: 'DE',
  },
}

/** Gives the demo tenant a letterhead, templates, an agency, and the strategy that its claims from now on begin with. */
export function installStrategy({ db, now }: ChaseDeps, tenantId: string): Promise<void> {
  return inTransaction(db, { tenantId, now }, async (tx) => {
    const letterhead = JSON.stringify({ creditor })
    await sql`update tenant set settings = settings || ${letterhead}::jsonb
      where tenant_id = ${tenantId}`.execute(tx.db)
    const bundleIds = await installStarterBundles(tx)
    await createAgency(tx, {
      name: demoAgency,
      contact: { person: 'The desk', email: 'desk@faircollect.example' },
    })
    const { id } = await createJourney(tx, friendlyDunning(bundleIds))
    for (const portfolioReference of demoPortfolios)
      await assignJourney(tx, id, { portfolioReference })
  })
}

/** The address of the page on which the debtor of a claim settles it. */
export function pageOf(
  { db, now }: ChaseDeps,
  of: { tenantId: string; claimReference: string; publicUrl: string },
): Promise<string> {
  const { tenantId, claimReference, publicUrl } = of
  return inTransaction(db, { tenantId, now }, async (tx: Tx) => {
    const { claimId } = await findClaimNamed(tx, claimReference)
    return linkUrl({ publicUrl, settings: {} }, await linkOf(tx, claimId))
  })
}
