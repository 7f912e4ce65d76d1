/** What listeners can watch: the kinds of objects, by the ids that callers keep in their configuration (d.3). */
export interface Watchable {
  readonly id: number
  /** The technical name. */
  readonly name: string
  /** Empty: it has none, and a notice says only that it came to be. */
  readonly states: readonly string[]
}

const invoiceStates = [
  'CREATE',
  'OPEN',
  'OVERDUE',
  'CANCELED',
  'PAID',
  'DERECOGNIZED',
  'NOT_APPLICABLE',
]
const refundStates = ['CREATE', 'SCHEDULED', 'PENDING', 'MANUAL_CHECK', 'FAILED', 'SUCCESSFUL']
const caseStates = ['CREATE', 'PREPARING', 'REVIEWING', 'PENDING', 'PROCESSING', 'CLOSED', 'FAILED']

const dunningStates = ['RUNNING', 'SUSPENDED', 'CANCELED', 'DERECOGNIZED', 'FAILED', 'SUCCEEDED']

const levelStates = ['INITIALIZING', 'PENDING', 'FAILED', 'CANCELED', 'SUCCEEDED']
const chargeLevelStates = ['PENDING', 'FAILED', 'SUCCESSFUL']

// The ids of debt cases, dunning cases, their levels and customers are our own: the provider has published none. They never
// change.
export const watchables = {
  Refund: { id: 1_472_041_839_405, name: 'Refund', states: refundStates },
  TransactionInvoice: {
    id: 1_472_041_816_898,
    name: 'TransactionInvoice',
    states: invoiceStates,
  },
  ManualTask: { id: 1_487_165_678_181, name: 'ManualTask', states: ['OPEN', 'DONE', 'EXPIRED'] },
  DebtCollectionCase: { id: 1_450_000_000_001, name: 'DebtCollectionCase', states: caseStates },
  DunningCase: { id: 1_450_000_000_002, name: 'DunningCase', states: dunningStates },
  DunningCaseLevel: { id: 1_450_000_000_003, name: 'DunningCaseLevel', states: levelStates },
  ChargeFlow: { id: 1_472_041_871_385, name: 'ChargeFlow', states: ['ACTIVE', 'DELETED'] },
  ChargeFlowLevel: { id: 1_472_041_819_798, name: 'ChargeFlowLevel', states: chargeLevelStates },
  ChargeFlowLevelPaymentLink: {
    id: 1_582_966_575_060,
    name: 'ChargeFlowLevelPaymentLink',
    states: [],
  },
  Customer: { id: 1_450_000_000_004, name: 'Customer', states: ['ACTIVE', 'DELETED'] },
} as const satisfies Readonly<Record<string, Watchable>>

export type WatchableName = keyof typeof watchables

/** The kind of object that an id names. */
export function watchableOf(id: unknown): Watchable | undefined {
  return Object.values(watchables).find((watchable) => watchable.id === id)
}
