import { type CallContext, type Command, type Json, refuse } from '../book/index.ts'
import { productFieldsOf } from './profile.ts'
import { announceAccountTrigger, triggerNeeds } from './trigger.ts'

export interface ProductInput {
  readonly accountReference: string
  readonly product: Json
}

/** Adds a product under a reference that the account does not have yet (D-36). Answers it with its defaults. */
export function addProduct(context: CallContext, input: ProductInput): Command<Json> {
  const data = productFieldsOf(input.product)
  const reference = String(data['productReference'])
  return {
    ...commandOn(context, input),
    decide(desk) {
      const book = desk.account(input.accountReference)
      const { products } = book.details
      if (products.some((known) => known.reference === reference)) throw refuse('product_exists')
      const position = products.reduce((max, known) => Math.max(max, known.position), 0) + 1
      const product = { reference, position, data }
      book.journal.append(products, product)
      book.note('newProducts', product)
      announceAccountTrigger(desk, book, context)
      return data
    },
  }
}

/** Changes fields of a product that the account has (D-36). */
export function updateProduct(context: CallContext, input: ProductInput): Command<Json> {
  const reference = String(input.product['productReference'])
  return {
    ...commandOn(context, input),
    decide(desk) {
      const book = desk.account(input.accountReference)
      const product = book.details.products.find((known) => known.reference === reference)
      if (!product) throw refuse('product_not_found')
      const change = productFieldsOf(input.product)
      const meta = input.product['meta'] === undefined ? product.data['meta'] : change['meta']
      book.journal.assign(product, { data: { ...product.data, ...change, meta } })
      if (!book.changed('newProducts').has(product)) book.note('changedProducts', product)
      announceAccountTrigger(desk, book, context)
      return product.data
    },
  }
}

function commandOn(context: CallContext, input: ProductInput) {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { accounts: [input.accountReference], profile: true, ...triggerNeeds(context) },
  }
}
