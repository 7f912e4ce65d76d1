import fc from 'fast-check'
import {
  addDebtor,
  addLedgerEntries,
  addProduct,
  createAccount,
  setScore,
  updateAccountMeta,
  updateDebtor,
  updateProduct,
} from '../../src/accounts/index.ts'
import { type CallContext, type Command, resolutionReasons } from '../../src/book/index.ts'
import {
  createClaim,
  creditClaim,
  debitClaim,
  deleteClaim,
  importClaim,
  recreateClaim,
  resolveClaim,
  updateClaim,
} from '../../src/claims/index.ts'
import { newId } from '../../src/kernel/id.ts'
import { matchPayment, matchStrategies, setTargetAmounts } from '../../src/payments/index.ts'

/** One call on the book as plain data: the same step can be decided on several books and printed. */
export interface Step {
  readonly operation: keyof typeof operations
  readonly input: unknown
  readonly triggerName?: string
  readonly isAmountFirst?: boolean
}

const operations = {
  createAccount,
  addLedgerEntries,
  matchPayment,
  setTargetAmounts,
  addDebtor,
  updateDebtor,
  addProduct,
  updateProduct,
  setScore,
  updateAccountMeta,
  createClaim,
  recreateClaim,
  updateClaim,
  importClaim,
  resolveClaim,
  creditClaim,
  debitClaim,
  deleteClaim,
}

export const operationNames = Object.keys(operations)

export function commandOf(step: Step, tenantId: string, commandId = newId()): Command {
  const context: CallContext = {
    tenantId,
    commandId,
    timeZone: 'UTC',
    switches: {
      strictDebtorNames: true,
      dedupePayments: true,
      creditPriority: step.isAmountFirst ? 'AMOUNT_FIRST' : 'FEES_FIRST',
    },
    metadata: { originator: 'Simulator' },
    triggerName: step.triggerName,
  }
  const make = operations[step.operation] as (context: CallContext, input: unknown) => Command
  return make(context, JSON.parse(JSON.stringify(step.input)))
}

/** Mostly there. */
function some<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined, freq: 3 })
}
/** Mostly absent. */
function sometimes<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
}
const numbered = (prefix: string, count: number) =>
  fc.nat(count - 1).map((index) => `${prefix}${index}`)

/** A record whose absent fields are absent. */
function record(
  fields: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record(fields)
    .map((made) => Object.fromEntries(Object.entries(made).filter(([, v]) => v !== undefined)))
}

const amount = fc.oneof(
  { weight: 200, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
  { weight: 60, arbitrary: fc.constantFrom(100, 500, 1_000) },
  { weight: 30, arbitrary: fc.constant(0) },
  // Sums beyond what a number keeps exactly are refused, so few must be: nothing would be booked behind them.
  { weight: 1, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 52) },
)
const currency = fc.oneof(
  { weight: 12, arbitrary: fc.constant('EUR') },
  { weight: 1, arbitrary: fc.constant('USD') },
)
const day = fc.constantFrom('2026-01-31', '2026-02-28', '2026-03-01')
const time = fc.constantFrom(1_700_000_000_000, 1_750_000_000_000, 1_770_000_000_123)
const meta = fc.constantFrom<object>(
  { a: 1 },
  { bb: { y: 1, xx: 2 }, a: null },
  { a: 'ä€', c: [1, { zz: 1, y: 2 }] },
  {},
)
const feeName = fc.constantFrom('interest', 'lateFee', 'fees', 'FEE')
const fees = fc.array(record({ name: feeName, amount }), { maxLength: 3 })

/** Random but plausible steps in a world whose every reference starts with `prefix`: worlds do not touch each other. */
export function stepArbitrary(prefix: string): fc.Arbitrary<Step> {
  const names = namesIn(prefix)
  const claimBody = claimBodyIn(names)
  const { account, claim, product, debtor } = names
  const ofAccount = [0, 1, 2].map((index) => accountNamesIn(prefix, index, names))
  /** What names entries names mostly those of its own account, or next to nothing would be accepted. */
  const perAccount = (make: (own: Names) => fc.Arbitrary<unknown>) =>
    fc.oneof(...ofAccount.map(make))
  const entriesIn = (own: Names) => fc.array(entryIn(own), { minLength: 1, maxLength: 3 })
  const inputs: Record<Step['operation'], [weight: number, input: fc.Arbitrary<unknown>]> = {
    createAccount: [
      9,
      perAccount((own) =>
        record({
          reference: own.account,
          currency,
          paymentReference: some(fc.constant('PAY')),
          portfolioReference: some(fc.constant('PORT')),
          meta: some(meta),
          debtors: some(fc.array(debtor, { maxLength: 2 })),
          products: some(fc.array(record({ productReference: product }), { maxLength: 2 })),
          ledgerEntries: sometimes(entriesIn(own)),
        }),
      ),
    ],
    addLedgerEntries: [
      28,
      perAccount((own) => record({ accountReference: own.account, entries: entriesIn(own) })),
    ],
    matchPayment: [
      16,
      record({
        accountReference: account,
        totalMinor: amount,
        currency,
        strategy: fc.constantFrom(...matchStrategies),
        productReference: sometimes(product),
        feeOrder: some(fc.shuffledSubarray(['interest', 'lateFee', 'fees'])),
        providerName: some(fc.constant('psp')),
        trackingId: some(numbered('T', 5)),
        meta: some(meta),
      }),
    ],
    setTargetAmounts: [
      8,
      perAccount((own) =>
        record({
          accountReference: own.account,
          ledgerEntries: fc.array(
            record({
              ledgerEntryReference: own.entry,
              amount,
              reason: fc.constantFrom('PAYMENT', 'CHARGEBACK', 'INTEREST', 'WAIVED'),
              meta,
            }),
            { minLength: 1, maxLength: 2 },
          ),
        }),
      ),
    ],
    addDebtor: [5, record({ accountReference: account, debtor })],
    updateDebtor: [4, record({ accountReference: account, debtor: names.debtorChange })],
    addProduct: [3, record({ accountReference: account, product: productIn(product) })],
    updateProduct: [3, record({ accountReference: account, product: productIn(product) })],
    setScore: [
      2,
      record({
        accountReference: account,
        score: record({ type: fc.constantFrom('INTERNAL', 'EXTERNAL'), value: fc.constant('7') }),
      }),
    ],
    updateAccountMeta: [5, record({ accountReference: account, meta })],
    createClaim: [10, record({ reference: claim, data: claimBody.whole })],
    recreateClaim: [14, record({ reference: claim, data: claimBody.whole })],
    updateClaim: [
      10,
      record({ reference: claim, data: claimBody.change, forceAmountCheck: some(fc.boolean()) }),
    ],
    importClaim: [
      8,
      record({ reference: claim, data: claimBody.whole, forceAmountCheck: some(fc.boolean()) }),
    ],
    resolveClaim: [4, record({ reference: claim, reason: fc.constantFrom(...resolutionReasons) })],
    creditClaim: [10, record({ reference: claim, data: creditBody })],
    debitClaim: [9, record({ reference: claim, data: debitBody })],
    deleteClaim: [10, claim],
  }
  const kinds = Object.entries(inputs).map(([operation, [weight, input]]) => ({
    weight,
    arbitrary: record({
      operation: fc.constant(operation),
      input,
      triggerName: sometimes(fc.constant('trigger')),
      isAmountFirst: some(fc.boolean()),
    }) as fc.Arbitrary<object> as fc.Arbitrary<Step>,
  }))
  return fc.oneof(...kinds)
}

/** Two accounts to begin with: one with a debtor and products, one whose invoices wait for a debtor (D-44). */
export function openingSteps(prefix: string): Step[] {
  const debtor = {
    debtorReference: `${prefix}D0`,
    firstName: 'Ada',
    lastName: 'Byron',
    contactInformation: { country: 'DE' },
  }
  const products = [{ productReference: 'P0' }, { productReference: 'P1' }]
  const open = (input: object): Step => ({ operation: 'createAccount', input })
  return [
    open({ reference: `${prefix}A0`, currency: 'EUR', debtors: [debtor], products }),
    open({ reference: `${prefix}A1`, currency: 'EUR' }),
  ]
}

type Names = ReturnType<typeof namesIn>

function namesIn(prefix: string) {
  // An account and a debtor of one name: the account that a claim opens for that debtor needs another (D-32).
  const debtorName = fc.oneof(
    { weight: 4, arbitrary: numbered(`${prefix}D`, 3) },
    { weight: 1, arbitrary: fc.constant(`${prefix}A2`) },
  )
  const entry = fc.nat(14).map((index) => `${prefix}E${index % 3}${index % 5}`)
  const ownClaim = fc.oneof(
    { weight: 5, arbitrary: numbered(`${prefix}C`, 3) },
    { weight: 5, arbitrary: entry },
  )
  const person = {
    firstName: fc.constantFrom('Ada', 'Grace'),
    lastName: fc.constantFrom('Byron', 'Hopper'),
    title: some(fc.constant('Dr')),
  }
  const country = fc.constantFrom('DE', 'CY')
  return {
    account: numbered(`${prefix}A`, 3),
    entry,
    claim: fc.oneof(
      { weight: 20, arbitrary: ownClaim },
      { weight: 1, arbitrary: fc.tuple(ownClaim, day).map(([name, on]) => `${name}-${on}`) },
    ),
    product: numbered('P', 2),
    debtorName,
    debtor: record({
      debtorReference: debtorName,
      ...person,
      // D-15: without a name it is refused.
      lastName: fc.oneof(
        { weight: 9, arbitrary: person.lastName },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
      contactInformation: record({ country, email: some(fc.constant('a@example.com')) }),
    }),
    debtorChange: record({
      debtorReference: debtorName,
      firstName: some(person.firstName),
      contactInformation: some(record({ city: fc.constant('Bonn') })),
    }),
  }
}

/** The same names, seen from one account: most entries that it names are its own. */
function accountNamesIn(prefix: string, index: number, names: Names): Names {
  const own = numbered(`${prefix}E${index}`, 5)
  const entry = fc.oneof({ weight: 12, arbitrary: own }, { weight: 1, arbitrary: names.entry })
  return { ...names, account: fc.constant(`${prefix}A${index}`), entry }
}

const productIn = (product: fc.Arbitrary<string>) =>
  record({ productReference: product, name: some(fc.constant('Loan')), meta: some(meta) })

/** A ledger entry of any of the seven kinds. */
function entryIn(names: Names): fc.Arbitrary<unknown> {
  const details = { createdAt: some(time), meta: some(meta) }
  const open = { ledgerEntryReference: some(names.entry), productReference: some(names.product) }
  const bound = { ...open, ledgerEntryReference: names.entry }
  const entry = (
    kind: string,
    more: Record<string, fc.Arbitrary<unknown>>,
    context: Record<string, fc.Arbitrary<unknown>>,
  ) =>
    record({
      ledgerEntryReference: names.entry,
      [`${kind}Details`]: record({ amount, ...details, ...more }),
      context: record(context),
    })
  const signed = fc.tuple(amount, fc.boolean()).map(([of, isUp]) => (isUp || of === 0 ? of : -of))
  const debtor = { externalDebtorReference: sometimes(names.debtorName) }
  const invoice = { productReference: some(names.product), ...debtor }
  return fc.oneof(
    { weight: 9, arbitrary: entry('invoice', { dueDate: day }, invoice) },
    { weight: 4, arbitrary: entry('fee', { type: some(feeName) }, open) },
    { weight: 4, arbitrary: entry('payment', {}, open) },
    {
      weight: 3,
      arbitrary: entry('adjustment', { amount: signed, dueDate: sometimes(day) }, open),
    },
    { weight: 4, arbitrary: entry('chargeback', {}, bound) },
    { weight: 2, arbitrary: entry('discount', {}, bound) },
    { weight: 1, arbitrary: entry('reporting', {}, { productReference: some(names.product) }) },
  )
}

function claimBodyIn(names: Names) {
  const fields = {
    totalFees: sometimes(amount),
    fees: some(fees),
    meta: some(meta),
    productReference: some(names.product),
    portfolioReference: sometimes(fc.constant('PORT')),
    paymentReference: sometimes(fc.constant('PAY')),
    reason: some(fc.constantFrom('PAYMENT', 'CLAIM_PAID', 'CLAIM_SOLD', 'OTHER')),
    options: sometimes(record({ forceAmountCheck: fc.boolean() })),
  }
  const dates = { currentDueDate: day, originalDueDate: day }
  const inAccount = record({
    ...fields,
    ...dates,
    amount,
    accountReference: names.account,
    currency: some(currency),
    primaryDebtor: some(names.debtor),
  })
  const byDebtor = record({ ...fields, ...dates, amount, currency, primaryDebtor: names.debtor })
  const change = record({
    ...fields,
    amount: some(amount),
    currentDueDate: sometimes(day),
    originalDueDate: sometimes(day),
    accountReference: sometimes(names.account),
    currency: sometimes(currency),
    primaryDebtor: sometimes(fc.oneof(names.debtor, names.debtorChange)),
  })
  return { whole: fc.oneof(inAccount, byDebtor), change }
}

const movement = {
  amount,
  currency,
  originator: fc.constantFrom('DCA', 'CLIENT'),
  date: sometimes(time),
  descriptionText: sometimes(fc.constant('why')),
  fees: sometimes(fc.oneof(amount, fees)),
  context: sometimes(fc.constant({ agent: 7, zz: null })),
}
const creditBody = record({
  ...movement,
  paymentDistributionPriority: sometimes(fc.constantFrom('FEES_FIRST', 'AMOUNT_FIRST')),
  creditType: sometimes(fc.constantFrom('PAYMENT', 'DISCOUNT', 'ADJUSTMENT')),
})
const debitBody = record({
  ...movement,
  debitType: sometimes(fc.constantFrom('ADJUSTMENT', 'CHARGEBACK', 'INTEREST')),
  options: sometimes(record({ forceAmountCheck: fc.boolean() })),
})
