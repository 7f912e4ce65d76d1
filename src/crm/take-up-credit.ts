import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Subscriber } from '../events/index.ts'
import type { TenantFinder } from '../identity/index.ts'
import { newId } from '../kernel/id.ts'
import { inTransaction, type Tx } from '../platform/db.ts'
import { Refusal } from '../platform/refusal.ts'
import { tenantsDueBy, type TimedWork } from '../platform/timed-work.ts'
import { takeUpCredit } from './book-payment.ts'
import { cardById } from './cards.ts'
import { configNamed, configOf } from './configuration.ts'
import { crmContext, type CrmDeps } from './deps.ts'
import type { Payment } from './payment.ts'
import { paymentById } from './payment.ts'
import { claimsMeant, finishCharge, openCredits, type Posting, readOnly } from './posting.ts'
import { gatewayOf } from './resolve-payment.ts'
import type { Session } from './sessions.ts'
import { storeTakenUp } from './store-payment.ts'

export interface CrmWorkDeps extends CrmDeps {
  readonly tenants: TenantFinder
  readonly log: Logger
}

type Tenant = Session['tenant']

/** Notes the accounts on which an invoice was posted and a payment of this door has credit left. */
export function creditSubscriber(): Subscriber {
  return {
    name: 'crm-credit',
    types: ['event.claim.created'],
    wanting: (tenantId) =>
      sql`select from crm_payment where tenant_id = ${tenantId} and credit_minor > 0`,
    async handle(tx, events) {
      const references = events.map(({ data }) => String(data['accountReference']))
      await sql`
        insert into crm_take_up (tenant_id, account_id, asked_at, ask_id)
        select a.tenant_id, a.account_id, ${tx.now}, ${newId()}::uuid from account a
        where a.tenant_id = ${tx.tenantId} and a.reference = any(${references}::text[]) and exists (
          select from crm_payment p where p.tenant_id = a.tenant_id and p.account_id = a.account_id and p.credit_minor > 0)
        on conflict (tenant_id, account_id) do update set ask_id = excluded.ask_id`.execute(tx.db)
    },
  }
}

/** Lets new invoices take up credit, and finishes charges whose request died. */
export function crmWork(deps: CrmWorkDeps): TimedWork {
  const { db, clock } = deps
  return {
    name: 'crm',
    tenantsDue: () => tenantsDueBy({ db, clock }, 'crm_tenants_due'),
    async runDue(tenantId, signal) {
      const tenant = await deps.tenants.tenantOf(tenantId)
      if (!tenant) return
      await takeUpAll(deps, tenant, signal)
      await finishCharges(deps, tenant, signal)
    },
    nextDueAt: (tenantId) =>
      readOnly(deps, tenantId, async (tx) => {
        const { rows } = await sql<{ at: Date | null }>`
          select min(asked_at) as at from crm_take_up where tenant_id = ${tenantId}`.execute(tx.db)
        return rows[0]?.at ?? undefined
      }),
  }
}

interface Asked {
  readonly accountId: string
  readonly reference: string
  readonly askId: string
}

const accountsAtOnce = 100

async function takeUpAll(deps: CrmDeps, tenant: Tenant, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const asked = await readOnly(deps, tenant.tenantId, nextAsked)
    if (asked.length === 0) return
    for (const one of asked) await takeUpOn(deps, tenant, one)
  }
}

async function nextAsked(tx: Tx): Promise<Asked[]> {
  const { rows } = await sql<Asked>`
    select u.account_id as "accountId", a.reference, u.ask_id as "askId" from crm_take_up u
    join account a on a.tenant_id = u.tenant_id and a.account_id = u.account_id
    where u.tenant_id = ${tx.tenantId} and u.asked_at <= ${tx.now}
    order by u.asked_at, u.account_id limit ${accountsAtOnce}`.execute(tx.db)
  return rows
}

/** The note goes away with what it asked for. Taken up twice there is nothing left the second time. */
async function takeUpOn(deps: CrmDeps, tenant: Tenant, asked: Asked): Promise<void> {
  const { tenantId } = tenant
  const credits = await readOnly(deps, tenantId, (tx) => openCredits(tx, asked.accountId))
  const command = takeUpCredit(crmContext(tenant), {
    accountReference: asked.reference,
    credits,
  })
  const at = { tenantId, now: deps.nowOf(tenantId) }
  const [outcome] = await deps.bookkeeper.submitGroup([command], {
    companions: ([decided]) => [
      ...(decided && 'result' in decided ? storeTakenUp(at, decided.result.takenUp) : []),
      {
        text: `delete from crm_take_up where tenant_id = $1 and account_id = $2 and ask_id = $3`,
        values: [tenantId, asked.accountId, asked.askId],
      },
    ],
  })
  if (outcome && 'refusal' in outcome) throw outcome.refusal
}

const leaseMs = 120_000

/**
 * A charge is asked for again with its own key, at the provider that was asked before: it was made, and is posted now, or
 * is made now, or is declined. While that provider is not there it waits, for another would take the money twice.
 */
async function finishCharges(
  deps: CrmWorkDeps,
  tenant: Tenant,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const left = await takeOver(deps, tenant)
    if (!left) return
    const { payment, leaseId, gateway, claimIds, chargedBy, cardReference, chargeKey } = left
    const { tenantId } = tenant
    const { paymentId } = payment
    const charger = await (chargedBy === null
      ? deps.cards.chargerOf(tenantId, gateway)
      : deps.cards.chargerNamed(tenantId, chargedBy))
    if (!charger || cardReference === undefined) {
      // Its lease keeps it out of the way until it is looked at again.
      const what = charger ? 'charge waits for its card' : 'charge waits for its provider'
      deps.log.warn({ tenantId, paymentId, provider: chargedBy }, what)
      continue
    }
    const lease = { paymentId: payment.paymentId, leaseId }
    const { accountReference, currency, amountMinor } = payment
    const posting: Posting = {
      payment,
      accountReference,
      currency,
      amountMinor,
      claimIds,
      isBill: false,
      lease: payment.state === 'DRAFT' ? lease : undefined,
    }
    const charging = { posting, gateway, lease, cardReference, chargeKey, charger, isRepeat: true }
    await finishCharge(deps, tenant, charging).catch((error: unknown) => {
      // Nobody waits for the answer any more: a declined card leaves nothing behind.
      if (!(error instanceof Refusal) || error.code !== 'card_declined') throw error
    })
  }
}

interface Left {
  readonly payment: Payment
  readonly leaseId: string
  readonly gateway: string
  readonly chargedBy: string | null
  /** Undefined: it was begun before this was written down, and its card is gone. */
  readonly cardReference: string | undefined
  readonly chargeKey: string
  readonly claimIds: readonly string[]
}

function takeOver(deps: CrmDeps, { tenantId }: Tenant): Promise<Left | undefined> {
  const machineNow = deps.clock()
  return inTransaction(deps.db, { tenantId, now: deps.nowOf(tenantId) }, async (tx) => {
    const leaseId = newId()
    const { rows } = await sql<{ paymentId: string; chargedBy: string | null }>`
      update crm_payment set lease_id = ${leaseId}, leased_until = ${new Date(machineNow.getTime() + leaseMs)}
      where tenant_id = ${tenantId} and payment_id = (
        select payment_id from crm_payment
        where tenant_id = ${tenantId} and is_charging and leased_until <= ${machineNow}
        order by leased_until limit 1 for update skip locked)
      returning payment_id as "paymentId", charged_by as "chargedBy"`.execute(tx.db)
    const [row] = rows
    const payment = row && (await paymentById(tx, row.paymentId))
    if (!payment) return undefined
    const gateway = gatewayOf(configNamed(await configOf(tx), 'METHOD', payment.methodId)) ?? ''
    const { cardReference, chargeKey = payment.paymentId, ...details } = payment.details
    const claimIds = await claimsMeant(tx, details)
    const card = cardReference ?? (await cardById(tx, details.cardId))?.gatewayReference
    return {
      payment: { ...payment, details },
      leaseId,
      gateway,
      chargedBy: row.chargedBy,
      cardReference: card,
      chargeKey,
      claimIds,
    }
  })
}
