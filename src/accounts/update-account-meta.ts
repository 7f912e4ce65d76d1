import { type CallContext, claimNames, type Command, type Json } from '../book/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import { announceAccountTrigger } from './trigger.ts'

export interface MetaChange {
  readonly accountReference: string
  readonly meta: Json
}

/**
 * Merges into the account's meta, key by key at the top (D-28). Active claims read it from the account, so they are told
 * and need no change; resolved ones keep their snapshot (D-29).
 */
export function updateAccountMeta(context: CallContext, input: MetaChange): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { accounts: [input.accountReference], profile: true, liveClaims: true },
    decide(desk) {
      const book = desk.account(input.accountReference)
      const before = book.details.meta
      const meta = { ...before, ...input.meta }
      book.changeProfile({ meta })
      const accountReference = book.account.reference
      desk.emit({ type: 'event.accountMeta.set', data: { accountReference, meta: input.meta } })
      const changed = changedKeys(before, input.meta)
      if (Object.keys(changed).length > 0) {
        desk.emit({ type: 'webhook.accountMeta.changed', data: { accountReference, changed } })
      }
      for (const claim of book.claims.values()) {
        if (claim.status !== 'ACTIVE') continue
        const data = { ...claimNames(book, claim), meta: { ...meta, ...claim.meta } }
        desk.emit({ type: 'event.claimMeta.updated', data })
      }
      announceAccountTrigger(desk, book, context)
    },
  }
}

function changedKeys(before: Json, change: Json): Json {
  // A key may be any text, `constructor` too: only what the metadata itself holds was there before.
  const old = (key: string): unknown => (Object.hasOwn(before, key) ? before[key] : null)
  const changed = Object.keys(change).filter(
    (key) =>
      !Object.hasOwn(before, key) || canonicalJson(before[key]) !== canonicalJson(change[key]),
  )
  return Object.fromEntries(changed.map((key) => [key, { old: old(key), new: change[key] }]))
}
