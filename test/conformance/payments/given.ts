import { expect } from 'vitest'
import { type CheckDeps, paymentWork } from '../../../src/checkout/index.ts'
import { createGateways, disputeInSandbox, type Gateways } from '../../../src/gateways/index.ts'
import { inTransaction } from '../../../src/platform/db.ts'
import type { TestTenant, World } from '../../world.ts'
import { done } from '../receeve/given.ts'

export type ShareOf = [reference: string, amountMinor: number]

export interface Started {
  readonly paymentId: string
  /** The path of the sandbox's page. */
  readonly page: string
  readonly providerReference: string
}

/** Payments of one tenant, through our own door and past it. */
export interface Payer {
  send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Loose>
  started(...claims: ShareOf[]): Promise<Started>
  /** Pays on the sandbox's page, settled at once; answers the status of the page. */
  pay(started: Started): Promise<number>
  refresh(started: Pick<Started, 'paymentId'>): Promise<Loose>
  /** Lets the debtor's bank take the money back, and tells nobody. */
  disputeUnseen(started: Started, now?: Date): Promise<void>
  dispute(started: Started): Promise<void>
  /** The row as it lies, whatever tokens have run out. */
  rowOf(started: Pick<Started, 'paymentId'>): Promise<Row>
  /** `ACC chargeback 100`, one line for each payment and chargeback, by account and sequence. */
  money(): Promise<string[]>
}

// oxlint-disable-next-line typescript/no-explicit-any -- a value out of an answer; tests assert what it is
export type Loose = any

export interface Row {
  readonly state: string
  readonly checks: number
  readonly nextCheckAt: Date | null
}

export function gatewaysOf(it: World, nowOf = () => it.now): Gateways {
  const { services, sealer } = it.assembly
  const { db, config, clock } = services
  const publicUrl = () => services.publicUrl()
  return createGateways({ config, db, sealer, clock, nowOf, publicUrl })
}

/** The server's own work on payments, at a time of our own. */
export function workOf(it: World, nowOf = () => it.now) {
  const { services, bookkeeper } = it.assembly
  const { db, clock, log } = services
  const publicUrl = () => services.publicUrl()
  const gateways = gatewaysOf(it, nowOf)
  const deps: CheckDeps = { db, bookkeeper, gateways, nowOf, publicUrl, clock, log }
  return paymentWork(deps)
}

/** What is due now is done, by us or by the server's own round. */
export async function roundOf(it: World, tenant: TestTenant): Promise<void> {
  await workOf(it).runDue(tenant.tenantId, new AbortController().signal)
}

export function payerOf(it: World, tenant: TestTenant): Payer {
  const { tenantId } = tenant
  const { ownerPool } = it.database
  const send: Payer['send'] = (method, path, body) =>
    tenant.call({ method, url: `/q/v1${path}`, ...(body ? { payload: body } : {}) })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  return {
    send,
    async started(...claims) {
      const shares = claims.map(([reference, amountMinor]) => ({ reference, amountMinor }))
      const order = { claims: shares, returnUrl: 'https://a.example' }
      const answer = await send('POST', '/payments', order)
      expect(answer.status, JSON.stringify(answer.body)).toBe(201)
      const page = new URL(answer.body.redirectUrl).pathname
      return {
        paymentId: answer.body.paymentId,
        page,
        providerReference: page.split('/').at(-1) ?? '',
      }
    },
    async pay({ page }) {
      const payload = 'outcome=pay&card=5555555555554444'
      return (await it.inject({ method: 'POST', url: page, headers: form, payload })).status
    },
    refresh: ({ paymentId }) => send('POST', `/payments/${paymentId}/refresh`),
    async disputeUnseen({ providerReference }, now = it.now) {
      const { db } = it.assembly.services
      await inTransaction(db, { tenantId, now }, (tx) => disputeInSandbox(tx, providerReference))
    },
    async dispute({ paymentId }) {
      const answer = await send('POST', `/payments/${paymentId}/sandbox-dispute`)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    },
    async rowOf({ paymentId }) {
      const { rows } = await ownerPool.query<Row>(
        `select state, checks, next_check_at as "nextCheckAt" from quittance.portal_payment
         where tenant_id = $1 and payment_id = $2`,
        [tenantId, paymentId],
      )
      return rows[0]!
    },
    async money() {
      const { rows } = await ownerPool.query<{ line: string }>(
        `select a.reference || ' ' || e.kind || ' ' || e.amount_minor as line
         from quittance.entry e join quittance.account a using (tenant_id, account_id)
         where tenant_id = $1 and e.kind in ('payment', 'chargeback') order by a.reference, e.seq`,
        [tenantId],
      )
      return rows.map(({ line }) => line)
    },
  }
}

/** Moves a claim to another account (D-75), which is there already. */
export const moveClaim = (tenant: TestTenant, claim: string, accountReference: string) =>
  done(tenant, { operation: 'update_claims', body: { [claim]: { accountReference } }, key: claim })
