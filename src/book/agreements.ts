import type { Book } from './book.ts'
import type { Desk } from './desk.ts'
import type { Json, Mandate, PromiseToPay } from './model.ts'
import { msOf, over, overLists, type Statement } from './statement.ts'

/** How promises and mandates are kept. Batches in which nobody asks for them send none of these statements. */
export const loadMandates = overLists(
  { accounts: 't uuid, r text' },
  ({ accounts }) => `
select m.tenant_id as "tenantId", m.account_id as "accountId", m.mandate_id as "mandateId", m.position
from ${accounts} join account a on a.tenant_id = w.t and a.reference = w.r
join mandate m on m.tenant_id = a.tenant_id and m.account_id = a.account_id`,
)

/** The promise of a claim `c`, beside its other fields; the flag spares others the look. */
export const promiseOfClaim = `case when c.has_promise then (
  select json_build_object('promiseId', p.promise_id, 'claimId', p.claim_id, 'amountMinor', p.amount_minor,
    'currency', p.currency, 'dueOn', p.due_on, 'expiresAtMs', ${msOf('p.expires_at')},
    'status', p.status, 'paidMinor', p.paid_minor, 'createdAtMs', ${msOf('p.created_at')},
    'endedAtMs', null)
  from promise p where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'ACTIVE') end`

// The one that ends goes before the one that takes its place: a claim has one active promise at any time.
const savePromises = over(
  `tenant_id uuid, promise_id uuid, claim_id uuid, status text, amount_minor bigint, currency text,
    due_on date, expires_at timestamptz, paid_minor bigint, created_at timestamptz, ended_at timestamptz`,
  (rows) => `
insert into promise (tenant_id, promise_id, claim_id, status, amount_minor, currency, due_on, expires_at, paid_minor,
  created_at, ended_at)
select r.* from ${rows}
order by r.status = 'ACTIVE', r.tenant_id, r.promise_id
on conflict (tenant_id, promise_id) do update
  set status = excluded.status, paid_minor = excluded.paid_minor, ended_at = excluded.ended_at`,
)

const flagPromises = over(
  `tenant_id uuid, claim_id uuid`,
  (rows) => `
update claim c set has_promise = exists (select from promise p
  where p.tenant_id = c.tenant_id and p.claim_id = c.claim_id and p.status = 'ACTIVE')
from ${rows}
where c.tenant_id = r.tenant_id and c.claim_id = r.claim_id`,
)

const deleteMandates = over(
  `tenant_id uuid, account_id uuid, mandate_id text`,
  (rows) => `
delete from mandate m using ${rows}
where m.tenant_id = r.tenant_id and m.account_id = r.account_id and m.mandate_id = r.mandate_id`,
)

const insertMandates = over(
  `tenant_id uuid, account_id uuid, mandate_id text, position integer, provider text,
    debtor_reference text, product_references jsonb, representation jsonb, client_ip_address text,
    created_at timestamptz`,
  (rows) => `
insert into mandate (tenant_id, account_id, mandate_id, position, provider, debtor_reference, product_references,
  representation, client_ip_address, created_at)
select r.* from ${rows}`,
)

/** The rows of promises and mandates that a batch writes. */
export interface AgreementRows {
  /** By id: a claim that moved has its promise in two books. */
  readonly promises: Map<string, Json>
  readonly promisedClaims: Map<string, Json>
  readonly deletedMandates: Json[]
  readonly mandates: Json[]
}

export function emptyAgreements(): AgreementRows {
  return { promises: new Map(), promisedClaims: new Map(), deletedMandates: [], mandates: [] }
}

/** Their statements, in the order in which they are sent. */
export function agreementWrites(
  rows: AgreementRows,
): { name: string; statement: Statement; rows: Json[] }[] {
  return [
    { name: 'write_mandates_deleted', statement: deleteMandates, rows: rows.deletedMandates },
    { name: 'write_mandates', statement: insertMandates, rows: rows.mandates },
    { name: 'write_promises', statement: savePromises, rows: [...rows.promises.values()] },
    {
      name: 'write_promise_flags',
      statement: flagPromises,
      rows: [...rows.promisedClaims.values()],
    },
  ]
}

export function collectAgreements(
  rows: AgreementRows,
  { desk, book, at }: { desk: Desk; book: Book; at: string },
): void {
  const tenant_id = desk.tenantId
  for (const promise of book.changed('promises')) {
    const { promiseId, claimId: claim_id } = promise
    rows.promises.set(promiseId, { tenant_id, ...promiseRow(promise) })
    rows.promisedClaims.set(claim_id, { tenant_id, claim_id })
  }
  const mandates = book.mandateChanges
  if (!mandates) return
  const key = { tenant_id, account_id: book.account.accountId }
  for (const mandate_id of mandates.deleted) rows.deletedMandates.push({ ...key, mandate_id })
  for (const mandate of mandates.added.values()) {
    rows.mandates.push({ ...key, ...mandateRow(mandate), created_at: at })
  }
}

function promiseRow(promise: PromiseToPay): Json {
  return {
    promise_id: promise.promiseId,
    claim_id: promise.claimId,
    status: promise.status,
    amount_minor: promise.amountMinor,
    currency: promise.currency,
    due_on: promise.dueOn,
    expires_at: isoOf(promise.expiresAtMs),
    paid_minor: promise.paidMinor,
    created_at: isoOf(promise.createdAtMs),
    ended_at: promise.endedAtMs === null ? null : isoOf(promise.endedAtMs),
  }
}

function mandateRow(mandate: Mandate): Json {
  return {
    mandate_id: mandate.mandateId,
    position: mandate.position,
    provider: mandate.provider,
    debtor_reference: mandate.debtorReference,
    product_references: mandate.productReferences,
    representation: mandate.representation,
    client_ip_address: mandate.clientIpAddress,
  }
}

const isoOf = (ms: number) => new Date(ms).toISOString()
