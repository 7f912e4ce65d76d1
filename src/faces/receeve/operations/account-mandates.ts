import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import type { Json } from '../../../book/index.ts'
import { createMandate, deleteMandate, type MandateName } from '../../../mandates/index.ts'
import { type MandateData, NewMandate } from '../../../mandates/schema.ts'
import type { Reader } from '../../../platform/reader.ts'
import { type BatchItem, defineBatch } from '../batch.ts'
import { withoutNulls } from '../claim-view.ts'
import { processed } from '../words.ts'

/** D-9: what a mandate is answered under. The newer reference's one sample has the mandateId in this place. */
const mandateKey = 'accountReference' as const

export const createAccountMandates = defineBatch({
  id: 'create_account_mandates',
  tag: 'AccountMandate',
  summary: 'Keep mandates of payment providers for debtors of accounts',
  body: Type.Array(NewMandate),
  data: Type.Array(NewMandate),
  items: (body: MandateData[]) =>
    body.map((input): BatchItem<MandateData> => ({ key: input[mandateKey], input })),
  command: (context, { input }) => createMandate(context, input),
  succeeded: ({ input }) => ({
    messages: [`Successfully created mandate ${input.mandateId}`],
    data: [input],
  }),
})

const MandateNamed = Type.Object({ accountReference: Reference, mandateId: Reference })

export const deleteAccountMandates = defineBatch({
  id: 'delete_account_mandates',
  tag: 'AccountMandate',
  summary: 'Forget mandates of accounts',
  body: Type.Array(MandateNamed),
  items: (body: MandateName[]) =>
    body.map((input): BatchItem<MandateName> => ({ key: input[mandateKey], input })),
  command: (context, { input }) => deleteMandate(context, input),
  succeeded: () => ({ messages: [processed] }),
})

const selectMandates = `
select m.mandate_id as "mandateId", a.reference as "accountReference", m.provider as "providerName",
  m.debtor_reference as "debtorReference", m.product_references as "productReferences",
  m.representation as "mandateRepresentation"
from account a join mandate m on m.tenant_id = a.tenant_id and m.account_id = a.account_id
where a.tenant_id = $1 and a.reference = $2 order by m.position`

/** The mandates of an account in the order in which they were made; an unknown account has none (D-34, D-93). */
export async function getAccountMandates(
  reader: Reader,
  tenantId: string,
  accountReference: string,
): Promise<Json[]> {
  const rows = await reader.read<Json>(tenantId, {
    name: 'receeve_mandates',
    text: selectMandates,
    values: [tenantId, accountReference],
  })
  return rows.map(withoutNulls)
}
