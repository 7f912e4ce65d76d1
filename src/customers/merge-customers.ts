import type { CallContext, Command, Json } from '../book/index.ts'
import { announcement } from './announce.ts'
import { refuse } from './refusals.ts'
import type { Saving } from './save-customer.ts'

export interface Merge {
  /** The debtor who stays. */
  readonly survivor: string
  /** The debtor who goes. */
  readonly other: string
  /** The accounts of the one who goes: they are locked with everything that moves. */
  readonly accounts: readonly string[]
}

const numberOf = (parameter: string) =>
  `(select d.number from debtor d where d.tenant_id = $1 and d.reference = ${parameter})`

// $1 tenant, $2 survivor, $3 other. Links first: an account that has both keeps the survivor's.
const moves = [
  `update account_debtor l set debtor_reference = $2 where l.tenant_id = $1 and l.debtor_reference = $3
    and not exists (select from account_debtor k where k.tenant_id = $1 and k.account_id = l.account_id
      and k.debtor_reference = $2)`,
  `delete from account_debtor where tenant_id = $1 and debtor_reference = $3 and $2::text is not null`,
  `update account a set auto_debtor_reference = case when exists (select from account k where k.tenant_id = $1
      and k.auto_debtor_reference = $2 and k.currency = a.currency) then null else $2::text end
    where a.tenant_id = $1 and a.auto_debtor_reference = $3`,
  `update claim set debtor_reference = $2, primary_debtor = primary_debtor || jsonb_build_object('debtorReference', $2::text)
    where tenant_id = $1 and debtor_reference = $3`,
  `update mandate set debtor_reference = $2 where tenant_id = $1 and debtor_reference = $3`,
  `update crm_card set debtor_reference = $2 where tenant_id = $1 and debtor_reference = $3`,
  // A no that either of the two said stays a no, and messages to either count against the cap.
  `insert into contact (tenant_id, debtor_reference, created_at)
    select k.tenant_id, $2, k.created_at from contact k where k.tenant_id = $1 and k.debtor_reference = $3
    on conflict do nothing`,
  `insert into contact_preference (tenant_id, debtor_reference, channel, preference, source, changed_at)
    select p.tenant_id, $2, p.channel, p.preference, p.source, p.changed_at from contact_preference p
    where p.tenant_id = $1 and p.debtor_reference = $3
    on conflict (tenant_id, debtor_reference, channel) do update
      set preference = excluded.preference, source = excluded.source, changed_at = excluded.changed_at
      where excluded.preference = 'denied'`,
  `delete from contact_preference where tenant_id = $1 and debtor_reference = $3 and $2::text is not null`,
  `delete from contact where tenant_id = $1 and debtor_reference = $3 and $2::text is not null`,
  `update suppressed_address set debtor_reference = $2 where tenant_id = $1 and debtor_reference = $3`,
  `update message set debtor_reference = $2 where tenant_id = $1 and debtor_reference = $3`,
  `update customer_address set debtor_number = ${numberOf('$2')}, is_default = is_default and not exists (
      select from customer_address k where k.tenant_id = $1 and k.debtor_number = ${numberOf('$2')} and k.is_default)
    where tenant_id = $1 and debtor_number = ${numberOf('$3')}`,
  `update customer_comment set debtor_number = ${numberOf('$2')} where tenant_id = $1 and debtor_number = ${numberOf('$3')}`,
  `insert into customer_email (tenant_id, debtor_reference, email, created_at)
    select e.tenant_id, $2, e.email, e.created_at from customer_email e
    where e.tenant_id = $1 and e.debtor_reference = $3 on conflict do nothing`,
  `delete from customer_email where tenant_id = $1 and debtor_reference = $3 and $2::text is not null`,
  `insert into customer (tenant_id, debtor_reference, customer_id, language, preferred_currency, meta_data)
    select c.tenant_id, $2, $2, c.language, c.preferred_currency, c.meta_data from customer c
    where c.tenant_id = $1 and c.debtor_reference = $3
    on conflict (tenant_id, debtor_reference) do update set language = coalesce(customer.language, excluded.language),
      preferred_currency = coalesce(customer.preferred_currency, excluded.preferred_currency),
      meta_data = excluded.meta_data || customer.meta_data`,
  `delete from customer where tenant_id = $1 and debtor_reference = $3 and $2::text is not null`,
  `delete from debtor where tenant_id = $1 and reference = $3 and $2::text is not null`,
]

/** Makes one customer of two: the survivor gets everything of the other, who is no more. */
export function mergeCustomers(context: CallContext, merge: Merge): Saving<number> {
  const { survivor, other, accounts } = merge
  const { commandId: id, tenantId, metadata } = context
  const command: Command<number> = {
    id,
    tenantId,
    metadata,
    needs: { accounts, debtors: [survivor, other] },
    decide(desk) {
      if (survivor === other) throw refuse('customer_is_itself')
      const stays = desk.findDebtor(survivor)
      const goes = desk.findDebtor(other)
      if (!stays || !goes) throw refuse('customer_not_found')
      const contactInformation = {
        ...(goes.data['contactInformation'] as Json | undefined),
        ...(stays.data['contactInformation'] as Json | undefined),
      }
      desk.saveDebtor(survivor, { ...goes.data, ...stays.data, contactInformation })
      return desk.nowMs
    },
  }
  return {
    commands: [command],
    options: {
      companions([outcome]) {
        if (!outcome || 'refusal' in outcome) return []
        const nowMs = Number(outcome.result)
        return [
          announcement(tenantId, 'event.customer.updated', { reference: survivor, nowMs }),
          announcement(tenantId, 'event.customer.deleted', { reference: other, nowMs }),
          ...moves.map((text) => ({ text, values: [tenantId, survivor, other] })),
        ]
      },
    },
  }
}
