import type { Task } from './jobs.ts'

export const amountMinor = 100
/** Each claim to be matched asks for this much; payments touch one, two and three of them in turn. */
export const claimMinor = 10_000
export const paymentsMinor = [10_000, 15_000, 25_000] as const

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string
}

const pick = (count: number) => Math.floor(Math.random() * count)

/** The request that does one task. */
export function requestOf(task: Task, number: number): Request {
  const { prefix, count } = task.accounts
  switch (task.kind) {
    case 'post':
      return post(`[${entry(prefix + pick(count), `${task.run}-${number}`)}]`)
    case 'batch-of-one-account': {
      const account = prefix + pick(count)
      return post(
        `[${listOf(task.size, (index) => entry(account, `${task.run}-${number}-${index}`))}]`,
      )
    }
    case 'batch-of-accounts': {
      // As many accounts in a row, so that none comes twice.
      const first = pick(count)
      const account = (index: number) => prefix + ((first + index) % count)
      return post(
        `[${listOf(task.size, (index) => entry(account(index), `${task.run}-${number}-${index}`))}]`,
      )
    }
    case 'match': {
      const account = prefix + (task.from + number)
      const total = paymentsMinor[number % paymentsMinor.length]
      const body = `[{"accountReference":"${account}","currency":"EUR","totalAmount":${total},"matchStrategy":"ORDERED_LEDGER_ENTRIES"}]`
      return { method: 'POST', path: 'match_account_payment', body }
    }
    case 'claims': {
      const path = `get_account_claims?accountReference=${prefix}${pick(count)}`
      return { method: 'GET', path, body: '' }
    }
  }
}

const post = (body: string): Request => ({
  method: 'POST',
  path: 'add_account_ledger_entries',
  body,
})

function entry(account: string, reference: string): string {
  return `{"accountReference":"${account}","ledgerEntryReference":"${reference}","paymentDetails":{"amount":${amountMinor}},"context":{}}`
}

function listOf(size: number, element: (index: number) => string): string {
  return Array.from({ length: size }, (_, index) => element(index)).join(',')
}
