import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { sha256 } from '../identity/index.ts'
import { formatDecimal } from '../kernel/money.ts'
import type { Tx } from '../platform/db.ts'
import { refusePayofin } from './refusals.ts'
import type { Commission, Merchant, MerchantPatch, NewMerchant } from './schema.ts'

/** A merchant as our own operations need it; its balance in minor units. */
export interface StoredMerchant {
  readonly merchantId: number
  readonly name: string
  readonly address: string
  readonly phone: string
  readonly apiKey: string
  readonly addresses: string[]
  readonly sootCodes: number[] | null
  readonly currency: string
  readonly balanceMinor: number
  readonly isActive: boolean
}

const columns = sql`merchant_id as "merchantId", name, address, phone, api_key as "apiKey", addresses,
  soot_codes as "sootCodes", currency, balance_minor as "balanceMinor", is_active as "isActive"`

/** The merchant of an id. */
export function findMerchant(tx: Tx, merchantId: number): Promise<StoredMerchant> {
  return readMerchant(tx, merchantId, sql``)
}

async function readMerchant(
  { tenantId, db }: Tx,
  merchantId: number,
  locking: RawBuilder<unknown>,
): Promise<StoredMerchant> {
  const { rows } = await sql<StoredMerchant>`
    select ${columns} from payofin_merchant
    where tenant_id = ${tenantId} and merchant_id = ${merchantId} ${locking}`.execute(db)
  const [found] = rows
  if (!found) throw refusePayofin('merchant_unknown')
  return found
}

const merchantsMax = 1_000

/** All merchants of a tenant, by their id. */
export async function listMerchants({ tenantId, db }: Tx): Promise<Merchant[]> {
  const { rows } = await sql<StoredMerchant>`
    select ${columns} from payofin_merchant where tenant_id = ${tenantId} order by merchant_id
    limit ${merchantsMax}`.execute(db)
  return rows.map(shownMerchant)
}

/** A merchant as it is shown. */
export function shownMerchant({ balanceMinor, ...merchant }: StoredMerchant): Merchant {
  return { ...merchant, balance: formatDecimal(balanceMinor, merchant.currency) }
}

/** Adds a merchant with keys of its own and an empty float. The secret is answered this once. */
export async function addMerchant(
  tx: Tx,
  input: NewMerchant,
): Promise<Merchant & { secretKey: string }> {
  const [apiKey, secretKey] = [randomUUID(), randomUUID()]
  const keys = { apiKey, secretSha256: sha256(secretKey) }
  for (;;) {
    const merchantId = await nextMerchantId(tx)
    // Another one that was added at this moment has the number: its keys are not these.
    if (!(await insertMerchant(tx, { ...input, merchantId, ...keys }))) continue
    return { ...shownMerchant(await findMerchant(tx, merchantId)), secretKey }
  }
}

async function nextMerchantId(tx: Tx): Promise<number> {
  const { rows } = await sql<{ merchantId: number }>`
    select greatest(coalesce(max(m.merchant_id), 0), t.space_id) + 1 as "merchantId"
    from tenant t left join payofin_merchant m on m.tenant_id = t.tenant_id
    where t.tenant_id = ${tx.tenantId} group by t.space_id`.execute(tx.db)
  return rows[0]?.merchantId ?? 1
}

/** Inserts a merchant unless its id is there already; answers whether it did. */
export async function insertMerchant(
  tx: Tx,
  input: NewMerchant & { merchantId: number; apiKey: string; secretSha256: Buffer },
): Promise<boolean> {
  const { addresses = [], sootCodes = null, currency = 'TRY' } = input
  const added = await sql`
    insert into payofin_merchant (tenant_id, merchant_id, name, address, phone, api_key, secret_sha256, addresses,
      soot_codes, currency, is_active, created_at)
    values (${tx.tenantId}, ${input.merchantId}, ${input.name}, ${input.address ?? ''}, ${input.phone ?? ''},
      ${input.apiKey}, ${input.secretSha256}, ${JSON.stringify(addresses)},
      ${sootCodes === null ? null : JSON.stringify(sootCodes)}, ${currency}, ${input.isActive ?? true}, ${tx.now})
    on conflict do nothing`.execute(tx.db)
  return added.numAffectedRows === 1n
}

/** Changes what is named of a merchant. */
export async function changeMerchant(
  tx: Tx,
  merchantId: number,
  patch: MerchantPatch,
): Promise<Merchant> {
  // Held, for all of it is written: what somebody else changes at this moment would be lost.
  const before = await readMerchant(tx, merchantId, sql`for no key update`)
  const merchant = { ...before, ...patch }
  const { name, address, phone, addresses, sootCodes, isActive } = merchant
  await sql`
    update payofin_merchant set name = ${name}, address = ${address}, phone = ${phone},
      addresses = ${JSON.stringify(addresses)},
      soot_codes = ${sootCodes === null ? null : JSON.stringify(sootCodes)}, is_active = ${isActive}
    where tenant_id = ${tx.tenantId} and merchant_id = ${merchantId}`.execute(tx.db)
  return shownMerchant(merchant)
}

/** What a merchant pays and takes for an institution, instead of what the institution says. */
export async function setCommission(tx: Tx, input: Commission): Promise<Commission> {
  const { merchantId, sootCode, commissionMinor, profitMinor } = input
  await findMerchant(tx, merchantId)
  const set = await sql`
    insert into payofin_commission (tenant_id, merchant_id, soot_code, commission_minor, profit_minor)
    select ${tx.tenantId}, ${merchantId}, i.soot_code, ${commissionMinor}, ${profitMinor}
    from payofin_institution i where i.tenant_id = ${tx.tenantId} and i.soot_code = ${sootCode}
    on conflict (tenant_id, merchant_id, soot_code) do update
      set commission_minor = excluded.commission_minor, profit_minor = excluded.profit_minor`.execute(
    tx.db,
  )
  if (set.numAffectedRows === 0n) throw refusePayofin('institution_wrong')
  return input
}

/** Commissions of a merchant that differ from their institutions', by institution. */
export async function commissionsOf(
  { tenantId, db }: Tx,
  merchantId: number,
): Promise<Map<number, Pick<Commission, 'commissionMinor' | 'profitMinor'>>> {
  const { rows } = await sql<Commission>`
    select soot_code as "sootCode", commission_minor as "commissionMinor", profit_minor as "profitMinor"
    from payofin_commission where tenant_id = ${tenantId} and merchant_id = ${merchantId}`.execute(
    db,
  )
  return new Map(rows.map(({ sootCode, ...commission }) => [sootCode, commission]))
}
