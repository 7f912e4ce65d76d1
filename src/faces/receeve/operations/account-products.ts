import { type Static, Type } from 'typebox'
import { addProduct, updateProduct } from '../../../accounts/index.ts'
import { Product, Reference } from '../../../accounts/schema.ts'
import type { Json } from '../../../book/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'

const AccountProduct = Type.Object({ accountReference: Reference, ...Product.properties })
type AccountProductBody = Static<typeof AccountProduct>

const shared = {
  tag: 'Account',
  body: Type.Array(AccountProduct),
  data: Type.Array(AccountProduct),
  items: (body: AccountProductBody[]) =>
    body.map((input): BatchItem<AccountProductBody> => ({ key: input.accountReference, input })),
  // The published answer has the same words for adding and for updating (3.2).
  succeeded: ({ key, input }: BatchItem<AccountProductBody>, product: Json) => ({
    messages: [`Successfully added Product ${input.productReference}`],
    data: [{ accountReference: key, ...product }],
  }),
} as const

export const addAccountProducts = defineBatch({
  ...shared,
  id: 'add_account_products',
  summary: 'Add products to accounts',
  command: (context, { key, input }) =>
    addProduct(context, { accountReference: key, product: input }),
})

export const updateAccountProducts = defineBatch({
  ...shared,
  id: 'update_account_products',
  summary: 'Change products of accounts',
  command: (context, { key, input }) =>
    updateProduct(context, { accountReference: key, product: input }),
})
