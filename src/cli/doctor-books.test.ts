import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase, type TestDatabase } from '../../test/database.ts'
import { newId } from '../kernel/id.ts'
import { checkBooks } from './doctor-books.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const tenantId = newId()
const accountId = newId()

/** An invoice of 100, a payment of 120 on it, a chargeback of 30 on that payment: 20 from credit, 10 restored. */
beforeEach(async () => {
  await database.ownerPool.query(`
    truncate quittance.tenant, quittance.entry cascade;
    insert into quittance.tenant (tenant_id, name, created_at) values ('${tenantId}', 'Acme', now());
    insert into quittance.account (tenant_id, account_id, reference, currency, entry_seq, credit_minor,
      outstanding_minor, created_at) values ('${tenantId}', '${accountId}', 'A-1', 'EUR', 3, 0, 10, now());
    insert into quittance.entry (tenant_id, account_id, seq, reference, kind, origin, debit, credit, effect,
      amount_minor, excess_minor, item_seq, details, context, created_at, booked_at, command_id)
    select '${tenantId}', '${accountId}', seq, kind || seq, kind, 'ledger', debit, credit, effect, amount, excess, 1,
      '{}', '{}', now(), now(), '${newId()}'
    from (values (1, 'invoice', 'item:1', 'revenue', 1, 100, 0), (2, 'payment', 'cash:EUR', 'item:1', -1, 120, 20),
      (3, 'chargeback', 'item:1', 'cash:EUR', 1, 30, 20)) as e(seq, kind, debit, credit, effect, amount, excess);
    insert into quittance.item (tenant_id, account_id, item_seq, kind, origin, reference, outstanding_minor, is_open,
      created_at) values ('${tenantId}', '${accountId}', 1, 'invoice', 'ledger', 'invoice1', 10, true, now())`)
})

async function findings(change: string): Promise<string[]> {
  await database.ownerPool.query(change)
  const checks = await checkBooks(database.ownerPool)
  return checks.filter((check) => !check.isOk).map((check) => `${check.name}: ${check.detail}`)
}

describe('checking the books', () => {
  it('finds nothing wrong where everything adds up', async () => {
    expect(await findings('select 1')).toEqual([])
  })

  it.each(['credit_minor = 1', 'outstanding_minor = 11', 'entry_seq = 4'])(
    'finds an account whose %s is not what was booked',
    async (change) => {
      expect(await findings(`update quittance.account set ${change}`)).toEqual([
        `accounts: amounts are not the sum of their entries: A-1 of ${tenantId}`,
      ])
    },
  )

  it('finds an item whose amount is not what was booked', async () => {
    const found = await findings(
      'update quittance.item set outstanding_minor = 9; update quittance.account set outstanding_minor = 9',
    )
    expect(found).toEqual([
      `accounts: amounts are not the sum of their entries: A-1 of ${tenantId}`,
      `items: amounts are not the sum of their entries: ${accountId} item 1 of ${tenantId}`,
    ])
  })

  it('finds entries whose item is gone', async () => {
    const found = await findings('delete from quittance.item')
    expect(found.map((line) => line.replace(/:.*/, ''))).toEqual(['accounts', 'items'])
  })

  it('finds an entry that is gone', async () => {
    const found = await findings('delete from quittance.entry where seq = 3')
    expect(found).toHaveLength(2)
  })
})
