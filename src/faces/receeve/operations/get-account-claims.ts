import type { Json } from '../../../book/index.ts'
import { Refusal } from '../../../platform/refusal.ts'
import type { Reader } from '../../../platform/reader.ts'
import { type ClaimRow, claimView, selectClaims } from '../claim-view.ts'

export interface ClaimsWanted {
  readonly tenantId: string
  readonly accountReference: string
  readonly status?: 'ACTIVE' | 'RESOLVED' | undefined
  readonly limit?: number | undefined
  readonly paginationId?: string | undefined
}

export interface ClaimsPage {
  readonly results: Json[]
  readonly limit: number
  readonly paginationId: string | null
  readonly numberOfPages: number
}

const shown = `c.tenant_id = $1 and c.account_id =
    (select w.account_id from account w where w.tenant_id = $1 and w.reference = $2)
  and c.status in ('ACTIVE', 'RESOLVED') and ($3::text is null or c.status = $3)`

const defaultLimit = 1_000

/** All claims of an account, or one page of them where the caller asks for pages (9.5.1, D-83). */
export async function getAccountClaims(
  reader: Reader,
  wanted: ClaimsWanted,
): Promise<Json[] | ClaimsPage> {
  if (wanted.limit === undefined && wanted.paginationId === undefined)
    return allClaims(reader, wanted)
  const limit = wanted.limit ?? defaultLimit
  const after = wanted.paginationId === undefined ? '' : positionOf(wanted, wanted.paginationId)
  const [rows, counted] = await Promise.all([
    reader.read<ClaimRow>(wanted.tenantId, {
      name: 'receeve_claims_page',
      text: `${selectClaims} where ${shown} and c.reference > $4 order by c.reference limit $5`,
      values: [...filterOf(wanted), after, limit + 1],
    }),
    reader.read<{ total: number }>(wanted.tenantId, {
      name: 'receeve_claims_count',
      text: `select count(*) as total from claim c where ${shown}`,
      values: filterOf(wanted),
    }),
  ])
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    results: page.map(claimView),
    limit,
    paginationId: rows.length > limit && last ? paginationIdOf(wanted, last.reference) : null,
    numberOfPages: Math.max(1, Math.ceil((counted[0]?.total ?? 0) / limit)),
  }
}

async function allClaims(reader: Reader, wanted: ClaimsWanted): Promise<Json[]> {
  const rows = await reader.read<ClaimRow>(wanted.tenantId, {
    name: 'receeve_claims',
    text: `${selectClaims} where ${shown} order by c.reference`,
    values: filterOf(wanted),
  })
  return rows.map(claimView)
}

const filterOf = (wanted: ClaimsWanted) => [
  wanted.tenantId,
  wanted.accountReference,
  wanted.status ?? null,
]

/** Opaque to the caller: where the page ended, and for whom. */
function paginationIdOf(wanted: ClaimsWanted, externalClaimRef: string): string {
  const { tenantId, accountReference } = wanted
  const position = { accountId: accountReference, clientId: tenantId, externalClaimRef }
  return Buffer.from(JSON.stringify(position)).toString('base64')
}

function positionOf(wanted: ClaimsWanted, paginationId: string): string {
  const wrong = new Refusal(
    'invalid_pagination',
    'invalid',
    'paginationId is not one of this account',
  )
  let position: Record<string, unknown>
  try {
    position = JSON.parse(Buffer.from(paginationId, 'base64').toString('utf8')) as Record<
      string,
      unknown
    >
  } catch {
    throw wrong
  }
  const isOurs =
    position?.['clientId'] === wanted.tenantId && position['accountId'] === wanted.accountReference
  const reference = position?.['externalClaimRef']
  if (!isOurs || typeof reference !== 'string' || /\0/.test(reference)) throw wrong
  return reference
}
