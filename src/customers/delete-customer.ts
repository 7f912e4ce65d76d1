import type { CallContext, Command } from '../book/index.ts'
import { announcement } from './announce.ts'
import { refuse } from './refusals.ts'
import type { Saving } from './save-customer.ts'

const ofDebtor = `tenant_id = $1 and debtor_reference = $2`
const ofNumber = `tenant_id = $1 and debtor_number = (
  select d.number from debtor d where d.tenant_id = $1 and d.reference = $2)`

/** Removes a customer and its debtor for good. Throws at the commit where something else still refers to the debtor. */
export function deleteCustomer(context: CallContext, reference: string): Saving<number> {
  const { commandId: id, tenantId, metadata } = context
  const command: Command<number> = {
    id,
    tenantId,
    metadata,
    needs: { debtors: [reference] },
    decide(desk) {
      if (!desk.findDebtor(reference)) throw refuse('customer_not_found')
      return desk.nowMs
    },
  }
  const statements = [
    `delete from customer_comment where ${ofNumber}`,
    `delete from customer_address where ${ofNumber}`,
    `delete from customer_email where ${ofDebtor}`,
    `delete from contact_preference where ${ofDebtor}`,
    `delete from contact where ${ofDebtor}`,
    `delete from customer where ${ofDebtor}`,
    `delete from debtor where tenant_id = $1 and reference = $2`,
  ]
  return {
    commands: [command],
    options: {
      companions([outcome]) {
        if (!outcome || 'refusal' in outcome) return []
        const nowMs = Number(outcome.result)
        return [
          announcement(tenantId, 'event.customer.deleted', { reference, nowMs }),
          ...statements.map((text) => ({ text, values: [tenantId, reference] })),
        ]
      },
    },
  }
}
