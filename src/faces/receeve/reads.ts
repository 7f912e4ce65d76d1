import { type Kysely, sql } from 'kysely'
import { type TSchema, Type } from 'typebox'
import { Account, CalendarDate, Debtor, Metadata, Reference } from '../../accounts/schema.ts'
import type { Json } from '../../book/index.ts'
import { ClaimChange } from '../../claims/schema.ts'
import { inTransaction } from '../../platform/db.ts'
import { Mandate } from '../../mandates/schema.ts'
import type { Services } from '../../platform/services.ts'
import type { Tables } from '../../platform/tables.ts'
import { getAccountMandates } from './operations/account-mandates.ts'
import { getAccount } from './operations/get-account.ts'
import { getAccountClaims } from './operations/get-account-claims.ts'
import {
  CommunicationPage,
  type CommunicationType,
  communicationTypes,
  getCommunicationMessageUrls,
} from './operations/get-communication-message-urls.ts'
import { getDebtorAccountsAndClaims } from './operations/get-debtor-accounts-and-claims.ts'
import { getEvents } from './operations/get-events.ts'
import { getMessage } from './operations/get-message.ts'
import { getLandingPageUrl } from './operations/get-landing-page-url.ts'

export interface ReadCall {
  readonly services: Services
  readonly tenantId: string
  readonly query: Json
}

export interface ReadOperation {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly query: TSchema
  readonly answer: TSchema
  /** Statuses of refusals beyond those that every read has. */
  readonly errors?: readonly number[]
  answerTo(call: ReadCall): Promise<unknown>
}

const tracing = {
  triggerName: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  minorVersion: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
}
const pageLimit = { minimum: 1, maximum: 10_000 }

const ShownClaim = Type.Object({
  ...ClaimChange.properties,
  claimReference: Type.String(),
  status: Type.String({ enum: ['ACTIVE', 'RESOLVED'] }),
})

/** The reads of this door. */
export const readOperations: readonly ReadOperation[] = [
  {
    id: 'get_account',
    tag: 'Account',
    summary: 'An account with its debtors, products, scores and ledger',
    query: Type.Object({ accountReference: Reference, ...tracing }),
    answer: Account,
    async answerTo(call) {
      const reference = String(call.query['accountReference'])
      const account = await getAccount(call.services.reader, call.tenantId, reference)
      await announceAccountRead(call, reference)
      return account
    },
  },
  {
    id: 'get_account_mandates',
    tag: 'AccountMandate',
    summary: 'The mandates of an account, in the order in which they were made',
    query: Type.Object({ accountReference: Reference, ...tracing }),
    answer: Type.Array(Mandate),
    async answerTo(call) {
      const reference = String(call.query['accountReference'])
      const mandates = await getAccountMandates(call.services.reader, call.tenantId, reference)
      await announceAccountRead(call, reference)
      return mandates
    },
  },
  {
    id: 'get_account_claims',
    tag: 'Account',
    summary: 'The claims of an account, all at once or by pages',
    query: Type.Object({
      accountReference: Reference,
      status: Type.Optional(Type.String({ enum: ['ACTIVE', 'RESOLVED'] })),
      paginationId: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })),
      limit: Type.Optional(Type.Integer(pageLimit)),
      ...tracing,
    }),
    answer: Type.Union([
      Type.Array(ShownClaim),
      Type.Object({
        results: Type.Array(ShownClaim),
        limit: Type.Integer(),
        paginationId: Type.Union([Type.String(), Type.Null()]),
        numberOfPages: Type.Integer(),
      }),
    ]),
    async answerTo(call) {
      const { query, tenantId } = call
      const answer = await getAccountClaims(call.services.reader, {
        tenantId,
        accountReference: String(query['accountReference']),
        status: query['status'] as 'ACTIVE' | 'RESOLVED' | undefined,
        limit: query['limit'] as number | undefined,
        paginationId: query['paginationId'] as string | undefined,
      })
      await announceReads(call, Array.isArray(answer) ? answer : answer.results)
      return answer
    },
  },
  {
    id: 'get_debtor_accounts_and_claims',
    tag: 'Account',
    summary: 'The accounts of a debtor with their claims',
    query: Type.Object({ debtorReference: Reference, ...tracing }),
    answer: Type.Array(
      Type.Object({
        accountReference: Type.String(),
        currency: Type.String(),
        meta: Type.Optional(Metadata),
        paymentReference: Type.Optional(Type.String()),
        portfolioReference: Type.Optional(Type.String()),
        claims: Type.Array(ShownClaim),
        debtors: Type.Array(Debtor),
      }),
    ),
    async answerTo(call) {
      const { reader } = call.services
      const reference = String(call.query['debtorReference'])
      const accounts = await getDebtorAccountsAndClaims(reader, call.tenantId, reference)
      await announceReads(
        call,
        accounts.flatMap((account) => account['claims'] as Json[]),
      )
      return accounts
    },
  },
  {
    id: 'get_landing_page_url',
    tag: 'LandingPage',
    summary: 'Where the debtor of a claim can settle it',
    query: Type.Object({ claimReference: Reference, ...tracing }),
    answer: Type.Object({ URL: Type.String() }),
    errors: [404],
    async answerTo(call) {
      const wanted = String(call.query['claimReference'])
      const page = await getLandingPageUrl(call.services, call.tenantId, wanted)
      await announceReads(call, [{ claimReference: page.claimReference }])
      return { URL: page.URL }
    },
  },
  {
    id: 'get_message',
    tag: 'Communication',
    summary: 'A message as it was sent, as text in .eml form',
    query: Type.Object({
      messageURL: Type.String({ pattern: '^\\/(.+.eml)$', maxLength: 500 }),
    }),
    answer: Type.String(),
    answerTo: ({ services, tenantId, query }) =>
      getMessage(services, tenantId, String(query['messageURL'])),
  },
  {
    id: 'get_communication_message_urls',
    tag: 'Communication',
    summary: 'Where to read what the debtor of a claim was told, by pages, the newest first',
    query: Type.Object({
      claimReference: Reference,
      communicationType: Type.Optional(Type.String({ enum: [...communicationTypes] })),
      startDate: Type.Optional(CalendarDate),
      limit: Type.Optional(Type.Integer(pageLimit)),
      page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    }),
    answer: CommunicationPage,
    answerTo: ({ services, tenantId, query }) =>
      getCommunicationMessageUrls(services, tenantId, {
        claimReference: String(query['claimReference']),
        communicationType: query['communicationType'] as CommunicationType | undefined,
        startDate: query['startDate'] as string | undefined,
        limit: (query['limit'] as number | undefined) ?? 1_000,
        page: (query['page'] as number | undefined) ?? 1,
      }),
  },
  {
    id: 'get_events',
    tag: 'Events',
    summary: 'The events of one type on one day, by pages',
    query: Type.Object({
      eventType: Type.String({ minLength: 1, maxLength: 255 }),
      date: CalendarDate,
      limit: Type.Optional(Type.Integer(pageLimit)),
      page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    }),
    answer: Type.Object({
      events: Type.Array(
        Type.Object({ messageId: Type.String(), timestamp: Type.String(), details: Metadata }),
      ),
      limit: Type.Integer(),
      page: Type.Integer(),
      numberOfPages: Type.Integer(),
    }),
    answerTo: ({ services, tenantId, query }) =>
      getEvents(services.reader, tenantId, {
        eventType: String(query['eventType']),
        date: String(query['date']),
        limit: (query['limit'] as number | undefined) ?? 1_000,
        page: (query['page'] as number | undefined) ?? 1,
      }),
  },
]

/** D-20: a read of an account that names a trigger fires it for every active claim of the account. */
async function announceAccountRead(call: ReadCall, accountReference: string): Promise<void> {
  if (call.query['triggerName'] === undefined) return
  const { services, tenantId } = call
  const wanted = { tenantId, accountReference, status: 'ACTIVE' as const }
  await announceReads(call, (await getAccountClaims(services.reader, wanted)) as Json[])
}

/** D-20: a read that names a trigger fires it for the claims that it read. */
async function announceReads(call: ReadCall, claims: readonly Json[]): Promise<void> {
  const name = call.query['triggerName']
  if (name === undefined || claims.length === 0) return
  const { services, tenantId } = call
  const { minorVersion } = call.query
  // D-21
  const metadata = {
    originator: 'ClientAPI',
    ...(minorVersion === undefined ? {} : { minorVersion }),
  }
  await inTransaction(
    services.db,
    { tenantId, now: services.clocks.nowOf(tenantId) },
    async (tx) => {
      const references = claims.map((claim) => String(claim['claimReference']))
      for (const names of await namesOfClaims(tx.db, tenantId, references)) {
        const data = { ...names, triggerName: name, triggerContext: {} }
        await tx.emit({ type: 'event.customClaimTrigger.executed', data, metadata })
      }
    },
  )
}

/** How events name these claims (14.2.2). */
async function namesOfClaims(
  db: Kysely<Tables>,
  tenantId: string,
  references: readonly string[],
): Promise<Json[]> {
  const { rows } = await sql<Json>`
    select c.reference as "claimRef", c.receeve_reference as "receeveClaimRef", a.reference as "accountReference",
      c.debtor_reference as "externalDebtorRef"
    from claim c join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
    where c.tenant_id = ${tenantId} and c.reference = any(${references}) and c.status <> 'DELETED'
    order by c.reference`.execute(db)
  return rows
}
