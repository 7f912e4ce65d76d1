import type { TSchema } from 'typebox'
import { baseOfReceeveReference } from '../../../book/index.ts'
import { createClaim, importClaim, recreateClaim, updateClaim } from '../../../claims/index.ts'
import { ClaimChange, type ClaimData, WholeClaim } from '../../../claims/schema.ts'
import type { Refusal } from '../../../platform/refusal.ts'
import { type BatchItem, type BatchOperation, defineBatch, mapItems, mapOf } from '../batch.ts'
import { coded, commandFailed } from '../words.ts'

type Item = BatchItem<ClaimData>

const shared = (words: { verb: string; body: TSchema }) => ({
  tag: 'Claims' as const,
  body: mapOf(words.body),
  data: words.body,
  items: (body: Record<string, ClaimData>, keys: readonly string[]) => mapItems(body, keys),
  succeeded: ({ key, input }: Item) => ({
    messages: [`Successfully ${words.verb} claim ${key}`],
    data: input,
  }),
})

/** D-14: the published text first, then what is wrong. */
const refusedAs = (command: string) => (_item: Item, refusal: Refusal) => ({
  messages: [commandFailed(command), coded(refusal)],
})

export const createClaims: BatchOperation = defineBatch({
  ...shared({ verb: 'created', body: WholeClaim }),
  id: 'create_claims',
  summary: 'Open claims that the ledger does not manage',
  command: (context, { key, input }) => createClaim(context, { reference: key, data: input }),
})

export const recreateClaims: BatchOperation = defineBatch({
  ...shared({ verb: 'recreated', body: WholeClaim }),
  id: 'recreate_claims',
  summary: 'Start the life of deleted claims anew',
  command: (context, { key, input }) => recreateClaim(context, { reference: key, data: input }),
})

export const updateClaims: BatchOperation = defineBatch({
  ...shared({ verb: 'updated', body: ClaimChange }),
  id: 'update_claims',
  summary: 'Change the given fields of claims',
  takesForceAmountCheck: true,
  command: (context, { key, input }, { forceAmountCheck }) =>
    updateClaim(context, { reference: key, data: input, forceAmountCheck }),
  refused: refusedAs('cmd.claim.update.v1'),
})

export const importClaims: BatchOperation = defineBatch({
  ...shared({ verb: 'imported', body: WholeClaim }),
  id: 'import_claims',
  summary: 'Open claims or bring existing ones to the given state',
  takesForceAmountCheck: true,
  items: ownItems,
  command: (context, { key, input, isOwnReference = false }, { forceAmountCheck }) =>
    importClaim(context, { reference: key, data: input, forceAmountCheck, isOwnReference }),
  refused: refusedAs('cmd.claim.import.v1'),
})

/** D-41: a body that names `L` and `L-2026-03-20` means two claims, though the second reads like the first one's receeve form. */
function ownItems(body: Record<string, ClaimData>, keys: readonly string[]): Item[] {
  return mapItems(body, keys).map((item) => {
    const base = baseOfReceeveReference(item.key)
    return base !== undefined && Object.hasOwn(body, base)
      ? { ...item, isOwnReference: true }
      : item
  })
}
