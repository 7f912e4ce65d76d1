import { expect, test } from 'vitest'
import { person, world } from '../world.ts'

const it = world()

test('D-36: what two claims say of a debtor whom both see first is gathered, though they come at once', async () => {
  const tenant = await it.tenant()
  const contact = { country: 'DE' }
  const claimOf = (debtorReference: string, more: object) => ({
    amount: 100,
    currency: 'EUR',
    originalDueDate: '2026-01-15',
    currentDueDate: '2026-01-15',
    primaryDebtor: person(debtorReference, { contactInformation: { ...contact, ...more } }),
  })
  const lost: string[] = []
  for (let round = 0; round < 60; round += 1) {
    const debtor = `D-${round}`
    await tenant.post('create_accounts', {
      [`A-${round}`]: { currency: 'EUR' },
      [`B-${round}`]: { currency: 'EUR' },
    })
    await Promise.all(
      [
        ['A', { email: 'd@example.com' }],
        ['B', { mobileNumber: '+4915112345678' }],
      ].map(([name, more]) =>
        tenant.post('create_claims', {
          [`${name as string}-C-${round}`]: {
            ...claimOf(debtor, more as object),
            accountReference: `${name as string}-${round}`,
          },
        }),
      ),
    )
    const { rows } = await it.database.ownerPool.query<{ data: { contactInformation: object } }>(
      'select data from quittance.debtor where tenant_id = $1 and reference = $2',
      [tenant.tenantId, debtor],
    )
    const known = rows[0]?.data.contactInformation ?? {}
    if (!('email' in known && 'mobileNumber' in known)) lost.push(debtor)
  }
  expect(lost).toEqual([])
})
