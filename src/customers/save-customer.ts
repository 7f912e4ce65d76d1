import { updateDebtor } from '../accounts/index.ts'
import type { CallContext, Command, Companion, Json, Outcome } from '../book/index.ts'
import { newId } from '../kernel/id.ts'
import { announcement } from './announce.ts'
import { refuse } from './refusals.ts'
import type { CustomerChange } from './schema.ts'

/** Commands, the first of which decides, with the statements that commit with them. */
export interface Saving<R> {
  readonly commands: readonly [Command<R>, ...Command[]]
  readonly options: { companions(outcomes: Outcome[]): Companion[] }
}

export interface Saved {
  readonly reference: string
  readonly nowMs: number
  readonly before: Json
}

/**
 * A new customer: a debtor of the given name where nobody has it, of a name of ours otherwise. Answers the reference.
 */
export function createCustomer(context: CallContext, change: CustomerChange): Saving<Saved> {
  const wanted = change.customerId ?? undefined
  const spare = `customer-${newId()}`
  const names = wanted === undefined || wanted === '' ? [spare] : [wanted, spare]
  const command: Command<Saved> = {
    ...commandOn(context, names),
    decide(desk) {
      const reference = names.find((name) => !desk.findDebtor(name)) ?? spare
      desk.saveDebtor(reference, debtorData({ debtorReference: reference }, change))
      return { reference, nowMs: desk.nowMs, before: {} }
    },
  }
  return withRow(context, command, change)
}

/**
 * Changes a customer whose version is the one that the caller saw. On each of its accounts the change is told, and reaches
 * the copies that claims hold, as a change of a debtor does (D-37).
 */
export function updateCustomer(
  context: CallContext,
  at: { reference: string; version: number; accounts: readonly string[] },
  change: CustomerChange,
): Saving<Saved> {
  const { reference, version } = at
  const decided = { isSaved: false }
  const command: Command<Saved> = {
    ...commandOn(context, [reference]),
    decide(desk) {
      decided.isSaved = false
      const debtor = desk.findDebtor(reference)
      if (!debtor) throw refuse('customer_not_found')
      if (debtor.version !== version) throw refuse('customer_changed')
      const before = debtor.data
      desk.saveDebtor(reference, debtorData(before, change))
      decided.isSaved = true
      return { reference, nowMs: desk.nowMs, before }
    },
  }
  const saving = withRow(context, command, change)
  const tellings = at.accounts.map((account) => telling(context, { account, reference, change }))
  const onlyIfSaved = (told: Command<void>): Command<void> => ({
    ...told,
    decide: (desk) => (decided.isSaved ? told.decide(desk) : undefined),
  })
  return { ...saving, commands: [command, ...tellings.map(onlyIfSaved)] }
}

function telling(
  context: CallContext,
  { account, reference, change }: { account: string; reference: string; change: CustomerChange },
): Command<void> {
  const { givenName, familyName, emailAddress } = change
  const debtor = {
    debtorReference: reference,
    ...(givenName ? { firstName: givenName } : {}),
    ...(familyName ? { lastName: familyName } : {}),
    ...(emailAddress ? { contactInformation: { email: emailAddress } } : {}),
  }
  return updateDebtor({ ...context, commandId: newId() }, { accountReference: account, debtor })
}

function commandOn(context: CallContext, debtors: readonly string[]) {
  const { commandId: id, tenantId, metadata } = context
  return { id, tenantId, metadata, needs: { debtors } }
}

/** A debtor's data with what a customer says of it; the debtor's other fields stay. */
function debtorData(before: Json, change: CustomerChange): Json {
  const contact = { ...(before['contactInformation'] as Json | undefined) }
  set(contact, 'email', change.emailAddress)
  const data: Json = { ...before, contactInformation: contact }
  set(data, 'firstName', change.givenName)
  set(data, 'lastName', change.familyName)
  return data
}

function set(target: Json, name: string, value: unknown): void {
  if (value === undefined) return
  if (value === null) delete target[name]
  else target[name] = value
}

// While there is no row, the debtor's reference is its customer id: the first row says so.
const saveRow = `
insert into customer (tenant_id, debtor_reference, customer_id, language, preferred_currency, meta_data)
values ($1, $2, case when $3 then $4 else $5 end, $6, $7, coalesce($8::jsonb, '{}'))
on conflict (tenant_id, debtor_reference) do update set
  customer_id = case when $3 then $4 else customer.customer_id end,
  language = case when $9 then $6 else customer.language end,
  preferred_currency = case when $10 then $7 else customer.preferred_currency end,
  meta_data = case when $11 then coalesce($8::jsonb, '{}') else customer.meta_data end`

const saveEmails = `
insert into customer_email (tenant_id, debtor_reference, email, created_at)
select $1, $2, e.email, (select d.updated_at from debtor d where d.tenant_id = $1 and d.reference = $2)
from unnest($3::text[]) e (email)
on conflict do nothing`

function withRow(
  context: CallContext,
  command: Command<Saved>,
  change: CustomerChange,
): Saving<Saved> {
  const isNew = (before: Json) => Object.keys(before).length === 0
  return {
    commands: [command],
    options: {
      companions([first]) {
        if (!first || 'refusal' in first) return []
        const { reference, nowMs, before } = first.result as Saved
        const { customerId, language, preferredCurrency, metaData, emailAddress } = change
        const has = (name: keyof CustomerChange) => change[name] !== undefined
        const values = [
          context.tenantId,
          reference,
          has('customerId'),
          customerId ?? null,
          isNew(before) ? null : reference,
          language ?? null,
          preferredCurrency ?? null,
          metaData ? JSON.stringify(metaData) : null,
          has('language'),
          has('preferredCurrency'),
          has('metaData'),
        ]
        const emails = [emailOf(before), emailAddress].filter((email) => typeof email === 'string')
        const type = isNew(before) ? 'event.customer.created' : 'event.customer.updated'
        return [
          { text: saveRow, values },
          { text: saveEmails, values: [context.tenantId, reference, [...new Set(emails)]] },
          announcement(context.tenantId, type, { reference, nowMs }),
        ]
      },
    },
  }
}

function emailOf(data: Json): unknown {
  return (data['contactInformation'] as Json | undefined)?.['email']
}
