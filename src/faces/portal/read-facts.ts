import type { Json } from '../../book/index.ts'
import { explainClaim } from '../../claims/index.ts'
import { addMinor } from '../../kernel/money.ts'
import type { Services } from '../../platform/services.ts'

/** One booking as a person sees it. */
export interface Booking {
  readonly kind: string
  readonly part: 'amount' | 'fees'
  readonly feeName: string | null
  readonly movedMinor: number
  readonly totalMinor: number
  readonly createdAt: Date
}

/** What is shown of a claim: what is owed, since when, and why. */
export interface Facts {
  readonly claimId: string
  readonly claimReference: string
  readonly receeveReference: string
  readonly accountReference: string
  readonly debtorReference: string | null
  readonly debtorName: string | undefined
  readonly country: string | undefined
  /** What a transfer names, so that it is recognised. */
  readonly paymentReference: string
  readonly currency: string
  readonly status: 'ACTIVE' | 'RESOLVED'
  readonly resolutionReason: string | null
  readonly dueOn: string
  readonly amountMinor: number
  readonly feesMinor: number
  readonly totalMinor: number
  /** What is still asked for of each kind of fee; a kind without a name has an empty one. */
  readonly fees: readonly { readonly name: string; readonly amountMinor: number }[]
  readonly promise: { readonly amountMinor: number; readonly dueOn: string } | undefined
  readonly bookings: readonly Booking[]
}

interface ClaimRow {
  readonly claimId: string
  readonly reference: string
  readonly receeveReference: string
  readonly accountReference: string
  readonly debtorReference: string | null
  readonly debtor: Json | null
  readonly paymentReference: string | null
  readonly accountPaymentReference: string | null
  readonly currency: string
  readonly status: 'ACTIVE' | 'RESOLVED'
  readonly resolutionReason: string | null
  readonly dueOn: string
  readonly promise: { amountMinor: number; dueOn: string } | null
}

const selectClaim = `
select c.claim_id as "claimId", c.reference, c.receeve_reference as "receeveReference", a.reference as "accountReference",
  c.debtor_reference as "debtorReference", c.primary_debtor as debtor, c.payment_reference as "paymentReference",
  a.payment_reference as "accountPaymentReference", a.currency, c.status, c.resolution_reason as "resolutionReason",
  c.current_due_on as "dueOn",
  (select json_build_object('amountMinor', p.amount_minor, 'dueOn', p.due_on) from promise p
    where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'ACTIVE' and p.expires_at > $3) as promise
from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
where c.tenant_id = $1 and c.claim_id = $2 and c.status in ('ACTIVE', 'RESOLVED')`

interface Explained {
  readonly amountMinor: number
  readonly feesMinor: number
  readonly totalMinor: number
  readonly entries: readonly Booking[]
}

/** The facts of a claim as they are now; undefined where it has no page any more. */
export async function readFacts(
  { reader, clocks }: Pick<Services, 'reader' | 'clocks'>,
  tenantId: string,
  claimId: string,
): Promise<Facts | undefined> {
  const [row] = await reader.read<ClaimRow>(tenantId, {
    name: 'portal_claim',
    text: selectClaim,
    values: [tenantId, claimId, clocks.nowOf(tenantId)],
  })
  if (!row) return undefined
  const explained = (await explainClaim(reader, tenantId, row.reference)) as unknown as Explained
  const contact = row.debtor?.['contactInformation'] as Json | undefined
  return {
    claimId: row.claimId,
    claimReference: row.reference,
    receeveReference: row.receeveReference,
    accountReference: row.accountReference,
    debtorReference: row.debtorReference,
    debtorName: nameOf(row.debtor ?? {}),
    country: contact?.['country'] as string | undefined,
    paymentReference: row.paymentReference ?? row.accountPaymentReference ?? row.reference,
    currency: row.currency,
    status: row.status,
    resolutionReason: row.resolutionReason,
    dueOn: row.dueOn,
    amountMinor: explained.amountMinor,
    feesMinor: explained.feesMinor,
    totalMinor: explained.totalMinor,
    fees: feesByName(explained.entries),
    promise: row.promise ?? undefined,
    // An entry that only notes something moved nothing, and explains nothing to a debtor.
    bookings: asOnePayment(explained.entries.filter(({ movedMinor }) => movedMinor !== 0)),
  }
}

function feesByName(entries: readonly Booking[]): Facts['fees'] {
  const byName = new Map<string, number>()
  for (const { part, feeName, movedMinor } of entries) {
    const name = feeName ?? ''
    if (part === 'fees') byName.set(name, addMinor(byName.get(name) ?? 0, movedMinor))
  }
  const fees = [...byName].map(([name, amountMinor]) => ({ name, amountMinor }))
  return fees.filter(({ amountMinor }) => amountMinor !== 0)
}

/** Money that came at once and paid fees and amount is one payment to whoever sent it. */
function asOnePayment(bookings: readonly Booking[]): Booking[] {
  const shown: Booking[] = []
  for (const booking of bookings) {
    const before = shown.at(-1)
    const isSame =
      before?.kind === 'payment' &&
      booking.kind === 'payment' &&
      before.createdAt.getTime() === booking.createdAt.getTime()
    if (!isSame) {
      shown.push(booking)
      continue
    }
    shown.pop()
    shown.push({ ...booking, movedMinor: addMinor(before.movedMinor, booking.movedMinor) })
  }
  return shown
}

function nameOf(debtor: Json): string | undefined {
  const person = [debtor['firstName'], debtor['lastName']].filter(isText).join(' ')
  return person || [debtor['companyName']].find(isText)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
