import type { CallContext, Command, Companion, Json } from '../book/index.ts'
import { refuse } from './refusals.ts'
import type { PostalAddress } from './schema.ts'
import type { Saving } from './save-customer.ts'

export interface NewAddress {
  /** The debtor that the customer is. */
  readonly reference: string
  readonly customerId: number
  readonly addressType: string
  readonly address: PostalAddress
  readonly now: Date
  /** A customer without an address gets it as the default one. */
  readonly isFirst: boolean
}

const insertAddress = `
insert into customer_address (tenant_id, debtor_number, address_type, address, is_default, command_id, created_at)
values ($1, $2, $3, $4::jsonb, $5 and not exists (select from customer_address k where k.tenant_id = $1
  and k.debtor_number = $2 and k.is_default), $6, $7)`

/** Adds an address; the first becomes the default one, and the debtor's contact information. */
export function addAddress(context: CallContext, added: NewAddress): Saving<void> {
  const { reference, customerId, addressType, address, now, isFirst } = added
  const { tenantId, commandId } = context
  const values = [
    tenantId,
    customerId,
    addressType,
    JSON.stringify(address),
    isFirst,
    commandId,
    now,
  ]
  return saving(contactCommand(context, reference, isFirst ? address : {}), [
    { text: insertAddress, values },
  ])
}

/** Makes an address the default one of its customer, and the debtor's contact information. */
export function chooseDefault(
  context: CallContext,
  chosen: { reference: string; customerId: number; addressId: number; address: PostalAddress },
): Saving<void> {
  const { reference, customerId, addressId, address } = chosen
  const { tenantId } = context
  return saving(contactCommand(context, reference, address), [
    {
      text: `update customer_address set is_default = false, version = version + 1
        where tenant_id = $1 and debtor_number = $2 and is_default and id <> $3`,
      values: [tenantId, customerId, addressId],
    },
    {
      text: `update customer_address set is_default = true, version = version + 1
        where tenant_id = $1 and debtor_number = $2 and id = $3 and not is_default`,
      values: [tenantId, customerId, addressId],
    },
  ])
}

const saving = (command: Command<void>, companions: Companion[]): Saving<void> => ({
  commands: [command],
  options: {
    companions: ([outcome]) => (outcome && 'result' in outcome ? companions : []),
  },
})

function contactCommand(
  context: CallContext,
  reference: string,
  address: PostalAddress,
): Command<void> {
  const { commandId: id, tenantId, metadata } = context
  return {
    id,
    tenantId,
    metadata,
    needs: { debtors: [reference] },
    decide(desk) {
      const debtor = desk.findDebtor(reference)
      if (!debtor) throw refuse('customer_not_found')
      const contact = contactOf(address)
      if (Object.keys(contact).length === 0) return
      const before = debtor.data['contactInformation'] as Json | undefined
      const contactInformation = { ...before, ...contact }
      desk.saveDebtor(reference, { ...debtor.data, contactInformation })
    },
  }
}

const phone = /^\+\d{10,15}$/

/** The contact information that an address stands for; what it does not say stays as it was. */
function contactOf(address: PostalAddress): Json {
  const { street, postcode, city, country, postalState, phoneNumber, mobilePhoneNumber } = address
  const contact: Json = {
    addressLine1: street,
    postalCode: postcode,
    city,
    country,
    state: postalState,
    landLine: asPhone(phoneNumber),
    mobileNumber: asPhone(mobilePhoneNumber),
  }
  return Object.fromEntries(Object.entries(contact).filter(([, value]) => value !== undefined))
}

/** Other doors take numbers in the international form only; one that is not stays in the address. */
function asPhone(given: string | undefined): string | undefined {
  const bare = given?.replaceAll(/[\s()./-]/g, '')
  return bare !== undefined && phone.test(bare) ? bare : undefined
}
