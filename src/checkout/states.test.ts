import { describe, expect, test } from 'vitest'
import { type PaymentState, paymentStates, type ReportedState, stepsFor } from './states.ts'

const reports: readonly ReportedState[] = [
  'open',
  'processing',
  'settled',
  'declined',
  'canceled',
  'interrupted',
  'disputed',
]

// One row for each state, one column for each report in the order above; '.' says that nothing changes.
const table: Record<PaymentState, string> = {
  open: '. processing settled declined canceled interrupted settled+disputed',
  processing: '. . settled declined canceled . settled+disputed',
  settled: '. . . . . . disputed',
  declined: '. . settled . . . settled+disputed',
  canceled: '. . settled . . . settled+disputed',
  interrupted: '. . settled . . . settled+disputed',
  failed: '. . settled . . . settled+disputed',
  disputed: '. . . . . . .',
}

describe('what a report does to a payment (D-97)', () => {
  for (const state of paymentStates) {
    test(`is decided for every report of a payment that is ${state}`, () => {
      const steps = reports.map((report) => stepsFor(state, report).join('+') || '.')
      expect(steps.join(' ')).toBe(table[state])
    })
  }

  test('is nothing when the same report comes again', () => {
    for (const state of paymentStates) {
      for (const report of reports) {
        const after = stepsFor(state, report).at(-1) ?? state
        expect(stepsFor(after, report), `${state}, then twice ${report}`).toEqual([])
      }
    }
  })

  test('books money at most once, and takes it back at most once, in whatever order reports come', () => {
    const orders = reports.flatMap((first) =>
      reports.flatMap((second) => reports.map((third) => [first, second, third])),
    )
    for (const order of orders) {
      const seen = walk([...order, ...order.toReversed()])
      const times = (step: string) => seen.filter((one) => one === step).length
      expect(times('settled'), order.join()).toBeLessThanOrEqual(1)
      expect(times('disputed'), order.join()).toBeLessThanOrEqual(times('settled'))
    }
  })
})

/** Every step that an open payment takes for these reports. */
function walk(order: readonly ReportedState[]): string[] {
  const seen: string[] = []
  let state: PaymentState = 'open'
  for (const report of order) {
    const steps = stepsFor(state, report)
    seen.push(...steps)
    state = steps.at(-1) ?? state
  }
  return seen
}
