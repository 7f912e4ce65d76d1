import { createPromise } from '../../../promises/index.ts'
import { type PromiseData, PromiseToPay } from '../../../promises/schema.ts'
import { defineBatch, mapItems, mapOf } from '../batch.ts'

export const createPromisesToPay = defineBatch({
  id: 'create_promises_to_pay',
  tag: 'PromiseToPay',
  summary: 'Note that at least an amount will be paid on claims by a date',
  body: mapOf(PromiseToPay),
  data: PromiseToPay,
  items: (body: Record<string, PromiseData>, keys) => mapItems(body, keys),
  command: (context, { key, input }) => createPromise(context, { reference: key, data: input }),
  succeeded: ({ key, input }) => ({
    messages: [`Successfully created promise to pay for claim ${key}`],
    data: input,
  }),
})
