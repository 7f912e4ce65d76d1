import type pg from 'pg'
import { pino } from 'pino'
import { Type } from 'typebox'
import { addAccountLedgerEntries } from '../src/faces/receeve/operations/add-account-ledger-entries.ts'
import {
  type BearerDeps,
  bearerTenant,
  createTenantFinder,
  createTokenService,
} from '../src/identity/index.ts'
import { newId } from '../src/kernel/id.ts'
import { loadConfig, processEnv } from '../src/platform/config.ts'
import { createAppPool, kyselyOn, tenantsSetting } from '../src/platform/db.ts'
import { createHttp, parseJsonBodies } from '../src/platform/http.ts'
import { createRateLimiter } from '../src/platform/rate-limiter.ts'
import { createSealer, loadSecretKey } from '../src/platform/sealer.ts'
import { createTelemetry } from '../src/platform/telemetry.ts'

/**
 * The same post of one payment as usually built: a pool, and one transaction of several statements for each request.
 * Everything before that transaction is Quittance's own: Fastify, strict JSON, validation, token, rate limit.
 */
const [dataDir = '', databaseUrl = ''] = process.argv.slice(2)
const config = loadConfig(processEnv(), { dataDir, databaseUrl })
const poolSize = 16
const pool = createAppPool({ connectionString: databaseUrl }, poolSize)
const log = pino({ level: 'silent' })
const clock = () => new Date()
const db = kyselyOn(pool)
const tokens = await createTokenService({
  db,
  sealer: createSealer(await loadSecretKey(config)),
  issuer: config.issuer,
  now: clock,
  log,
})
const limiter = createRateLimiter({ ratePerSecond: 1_000_000, burst: 1_000_000, keysMax: 10 })
const callers: BearerDeps = {
  tokens,
  tenants: createTenantFinder({ db, now: clock }),
  limiter,
  clock,
}
const app = createHttp({ config, log, telemetry: createTelemetry() })
parseJsonBodies(app)

interface PaymentBody {
  accountReference: string
  ledgerEntryReference: string
  paymentDetails: { amount: number }
  context: Record<string, unknown>
}

app.route({
  method: 'POST',
  url: '/v1/:clientId/add_account_ledger_entries',
  schema: {
    params: Type.Object({ clientId: Type.String({ format: 'uuid' }) }),
    body: addAccountLedgerEntries.body,
  },
  async handler(request) {
    const { clientId } = request.params as { clientId: string }
    const tenant = await bearerTenant(callers, request.headers.authorization, clientId)
    const [payment] = request.body as [PaymentBody]
    const commandId = newId()
    await inTransaction((client) => book(client, { tenantId: tenant.tenantId, commandId, payment }))
    const messages = [`Successfully added Ledger Entries: ${payment.ledgerEntryReference}`]
    return {
      [payment.accountReference]: {
        success: true,
        messages,
        messageIds: [commandId],
        data: [payment],
      },
    }
  },
})

async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

interface Order {
  tenantId: string
  commandId: string
  payment: PaymentBody
}

async function book(client: pg.PoolClient, order: Order): Promise<void> {
  const { tenantId, commandId, payment } = order
  const { accountReference, ledgerEntryReference: reference, paymentDetails, context } = payment
  const { amount } = paymentDetails
  const now = clock()
  const query = (name: string, text: string, values: unknown[]) =>
    client.query({ name, text, values })
  await query('tenant', 'select set_config($1, $2, true)', [tenantsSetting, `{${tenantId}}`])
  const locked = await query('lock', lockAccount, [tenantId, accountReference])
  const { account_id: accountId, entry_seq: last } = locked.rows[0] as {
    account_id: string
    entry_seq: number
  }
  const words = [
    reference,
    amount,
    JSON.stringify(paymentDetails),
    JSON.stringify(context),
    now,
    commandId,
  ]
  await query('entry', insertEntry, [tenantId, accountId, last + 1, ...words])
  await query('totals', updateAccount, [tenantId, accountId, amount])
  const shown = {
    ledgerEntryReference: reference,
    paymentDetails: { ...paymentDetails, createdAt: now.getTime() },
    context,
  }
  const data = JSON.stringify({ accountReference, ledgerEntries: [shown] })
  const metadata = JSON.stringify({ originator: 'ClientAPI', commandId })
  await query('event', insertEvent, [tenantId, newId(), data, metadata, now])
}

const lockAccount =
  'select account_id, entry_seq from account where tenant_id = $1 and reference = $2 for no key update'
const insertEntry = `insert into entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect,
    amount_minor, excess_minor, details, context, created_at, booked_at, command_id)
  values ($1, $2, $3, $4, 'payment', 'ledger', 'cash:EUR', 'credit:account', -1, $5, $5, $6, $7, $8, $8, $9)`
const updateAccount =
  'update account set entry_seq = entry_seq + 1, credit_minor = credit_minor + $3 where tenant_id = $1 and account_id = $2'
const insertEvent = `insert into event (tenant_id, message_id, type, data, metadata, occurred_at)
  values ($1, $2, 'event.accountLedgerEntries.added', $3, $4, $5)`

const url = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(`listening on ${url}`)
process.on('SIGTERM', () => process.exit(0))
