import { sql } from 'kysely'
import { baseOfReceeveReference } from '../../../book/index.ts'
import { linkOf, linkUrl } from '../../../links/index.ts'
import { inTransaction, type Tx } from '../../../platform/db.ts'
import { Refusal } from '../../../platform/refusal.ts'
import type { Services } from '../../../platform/services.ts'

export interface LandingPage {
  readonly URL: string
  /** The claim's own reference, whichever form it was asked for in. */
  readonly claimReference: string
}

interface PageRow {
  readonly claimId: string
  readonly claimReference: string
  readonly status: string
  readonly settings: Record<string, unknown>
}

/** Where a claim's debtor can settle it (13.1, D-95); claims that are deleted or unknown have no such place. */
export async function getLandingPageUrl(
  services: Services,
  tenantId: string,
  claimReference: string,
): Promise<LandingPage> {
  const unit = { tenantId, now: services.clocks.nowOf(tenantId) }
  return inTransaction(services.db, unit, async (tx) => {
    const page = await findPage(tx, claimReference)
    if (!page) throw new Refusal('landing_page_not_found', 'not_found', 'Not found')
    const code = await linkOf(tx, page.claimId)
    const place = { publicUrl: services.publicUrl(), settings: page.settings }
    return { URL: linkUrl(place, code), claimReference: page.claimReference }
  })
}

/** The claim by its own reference, else in the receeve form (D-41). */
async function findPage(tx: Tx, reference: string): Promise<PageRow | undefined> {
  const base = baseOfReceeveReference(reference) ?? reference
  const { rows } = await sql<PageRow>`
    select c.claim_id as "claimId", c.reference as "claimReference", c.status, t.settings
    from claim c join tenant t on t.tenant_id = c.tenant_id
    where c.tenant_id = ${tx.tenantId} and c.reference in (${reference}, ${base})
      and (c.reference = ${reference} or c.receeve_reference = ${reference})
    order by (c.reference = ${reference}) desc limit 1`.execute(tx.db)
  const [row] = rows
  return row && isShown(row) ? row : undefined
}

const isShown = ({ status }: PageRow) => status === 'ACTIVE' || status === 'RESOLVED'
