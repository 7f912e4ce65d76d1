import { sql } from 'kysely'
import { baseOfReceeveReference, refuse } from '../book/index.ts'
import type { Tx } from '../platform/db.ts'

/** Where a file belongs: exactly one of claim and product is given. */
export interface PlaceWanted {
  readonly accountReference: string
  readonly claimReference?: string | undefined
  readonly productReference?: string | undefined
}

export interface ClaimNamed {
  readonly claimId: string
  readonly reference: string
  readonly receeveReference: string
  readonly debtorReference: string | null
}

export interface Place {
  readonly accountId: string
  readonly claim: ClaimNamed | undefined
}

/** Finds the account, and the claim or product of it, or refuses as the book would. */
export async function findPlace(tx: Tx, wanted: PlaceWanted): Promise<Place> {
  const account = await tx.db
    .selectFrom('account')
    .select('account_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('reference', '=', wanted.accountReference)
    .executeTakeFirst()
  if (!account) throw refuse('account_not_found')
  const accountId = account.account_id
  if (wanted.claimReference !== undefined) {
    return { accountId, claim: await findClaim(tx, accountId, wanted.claimReference) }
  }
  await requireProduct(tx, accountId, wanted.productReference ?? '')
  return { accountId, claim: undefined }
}

interface ClaimRow extends ClaimNamed {
  readonly accountId: string
  readonly status: string
}

/** The claim by its own reference, else in the receeve form (D-41); one of another account is not found. */
async function findClaim(tx: Tx, accountId: string, reference: string): Promise<ClaimNamed> {
  const base = baseOfReceeveReference(reference) ?? reference
  const { rows } = await sql<ClaimRow>`
    select claim_id as "claimId", account_id as "accountId", reference, receeve_reference as "receeveReference",
      debtor_reference as "debtorReference", status
    from claim where tenant_id = ${tx.tenantId} and reference in (${reference}, ${base})`.execute(
    tx.db,
  )
  const claim =
    rows.find((row) => row.reference === reference) ??
    rows.find((row) => row.receeveReference === reference)
  if (!claim || claim.accountId !== accountId || claim.status === 'PENDING') {
    throw refuse('claim_not_found')
  }
  if (claim.status === 'DELETED') throw refuse('claim_deleted')
  return claim
}

async function requireProduct(tx: Tx, accountId: string, reference: string): Promise<void> {
  const product = await tx.db
    .selectFrom('product')
    .select('reference')
    .where('tenant_id', '=', tx.tenantId)
    .where('account_id', '=', accountId)
    .where('reference', '=', reference)
    .executeTakeFirst()
  if (!product) throw refuse('product_not_found')
}
