import type { FastifyBaseLogger } from 'fastify'
import { sql } from 'kysely'
import { type TSchema, Type } from 'typebox'
import { Account, CalendarDate, Debtor, Metadata, Reference } from '../../accounts/schema.ts'
import type { Json } from '../../book/index.ts'
import { ClaimChange } from '../../claims/schema.ts'
import { newId } from '../../kernel/id.ts'
import { inTransaction } from '../../platform/db.ts'
import { Mandate } from '../../mandates/schema.ts'
import type { Services } from '../../platform/services.ts'
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
  readonly log: FastifyBaseLogger
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
function announceAccountRead(call: ReadCall, accountReference: string): Promise<void> {
  const { services, tenantId } = call
  return announce(call, async () => {
    const wanted = { tenantId, accountReference, status: 'ACTIVE' as const }
    return (await getAccountClaims(services.reader, wanted)) as Json[]
  })
}

/** D-20: a read that names a trigger fires it for the claims that it read. */
function announceReads(call: ReadCall, claims: readonly Json[]): Promise<void> {
  return announce(call, () => Promise.resolve(claims))
}

async function announce(call: ReadCall, claimsRead: () => Promise<readonly Json[]>): Promise<void> {
  if (call.query['triggerName'] === undefined) return
  try {
    const claims = await claimsRead()
    if (claims.length > 0) await fireFor(call, claims)
  } catch (error) {
    // D-20: what was asked for is read, and a problem of the trigger never changes the answer.
    call.log.error({ err: error, tenantId: call.tenantId }, 'a read could not fire its trigger')
  }
}

/** Fires the trigger of a call for these claims, in their order, by one statement. */
async function fireFor({ services, tenantId, query }: ReadCall, claims: readonly Json[]) {
  const { triggerName, minorVersion } = query
  // D-21
  const metadata = {
    originator: 'ClientAPI',
    ...(minorVersion === undefined ? {} : { minorVersion }),
  }
  const read = claims.map(({ claimReference }) => ({ reference: claimReference, id: newId() }))
  const now = services.clocks.nowOf(tenantId)
  await inTransaction(services.db, { tenantId, now }, async (tx) => {
    // Claims are named as events name them (14.2.2). The ids ascend, so the rows keep the order.
    await sql`
      insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
      select c.tenant_id, r.id, 'event.customClaimTrigger.executed',
        jsonb_strip_nulls(jsonb_build_object('claimRef', c.reference, 'receeveClaimRef', c.receeve_reference,
          'accountReference', a.reference, 'externalDebtorRef', c.debtor_reference,
          'triggerName', ${triggerName}::text, 'triggerContext', '{}'::jsonb)),
        ${JSON.stringify(metadata)}::jsonb, ${now}::timestamptz
      from json_to_recordset(${JSON.stringify(read)}::json) as r(reference text, id uuid)
      join claim c on c.tenant_id = ${tenantId} and c.reference = r.reference and c.status <> 'DELETED'
      join account a on a.tenant_id = c.tenant_id and a.account_id = c.account_id
      order by r.id`.execute(tx.db)
  })
}
