import { updateAccountMeta as update } from '../../../accounts/index.ts'
import { Metadata } from '../../../accounts/schema.ts'
import type { Json } from '../../../book/index.ts'
import { defineBatch, mapItems, mapOf } from '../batch.ts'

export const updateAccountMeta = defineBatch({
  id: 'update_account_meta',
  tag: 'Account',
  summary: 'Merge metadata into accounts; their claims inherit it',
  body: mapOf(Metadata),
  data: Metadata,
  items: (body: Record<string, Json>, keys) => mapItems(body, keys),
  command: (context, { key, input }) => update(context, { accountReference: key, meta: input }),
  succeeded: ({ key, input }) => ({
    messages: [`Successfully updated Account meta ${key}`],
    data: input,
  }),
  failedEvent: ({ key }, error) => ({
    type: 'event.accountMetaSet.failed',
    data: { accountReference: key, error },
  }),
})
