import { type AccountInput, createAccount } from '../accounts/index.ts'
import { type Book, type CallContext, type Command, refuse } from '../book/index.ts'
import { canonicalJson } from '../kernel/canonical.ts'
import type { Verdict } from './verdict.ts'

/** Opens an account with its debtor. One that is there already is left as it is, or refused where the row differs. */
export function importAccount(context: CallContext, input: AccountInput): Command<Verdict> {
  const create = createAccount(context, input)
  return {
    ...create,
    needs: { ...create.needs, profile: true },
    decide(desk) {
      const known = desk.findAccount(input.reference)
      if (!known) {
        create.decide(desk)
        return 'imported'
      }
      const difference = differenceOf(known, input)
      if (difference !== undefined) throw refuse('account_exists', `with another ${difference}`)
      return 'unchanged'
    },
  }
}

/** A debtor's own data belongs to the tenant and may differ: it says nothing about the account. */
function differenceOf({ account, details }: Book, input: AccountInput): string | undefined {
  if (account.currency !== input.currency) return `currency, ${account.currency}`
  if (details.paymentReference !== (input.paymentReference ?? null)) return 'paymentReference'
  if (details.portfolioReference !== (input.portfolioReference ?? null)) return 'portfolioReference'
  if (canonicalJson(details.meta) !== canonicalJson(input.meta ?? {})) return 'meta'
  const isLinked = (input.debtors ?? []).every(({ debtorReference }) =>
    details.debtors.some((debtor) => debtor.reference === debtorReference),
  )
  return isLinked ? undefined : 'debtor'
}
