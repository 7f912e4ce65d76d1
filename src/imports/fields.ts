/** The fields that a row may fill, by what is imported. Their names are those of the Receeve contract where it has one. */

export const importKinds = ['accounts', 'claims', 'entries'] as const
export type ImportKind = (typeof importKinds)[number]

/** How the text of a cell is read. */
export type Reading =
  'text' | 'amount' | 'date' | 'instant' | 'country' | 'currency' | 'entryKind' | 'debtorType'

type Fields = Readonly<Record<string, Reading>>

export const contactFields = {
  country: 'country',
  city: 'text',
  postalCode: 'text',
  houseNumber: 'text',
  addressLine1: 'text',
  addressLine2: 'text',
  addressLine3: 'text',
  state: 'text',
  email: 'text',
  mobileNumber: 'text',
  landLine: 'text',
} as const satisfies Fields

export const personFields = {
  firstName: 'text',
  lastName: 'text',
  middleName: 'text',
  companyName: 'text',
  title: 'text',
  birthday: 'date',
  gender: 'text',
  SSN: 'text',
} as const satisfies Fields

const debtorFields = {
  debtorReference: 'text',
  debtorType: 'debtorType',
  ...personFields,
  ...contactFields,
} as const satisfies Fields

const fields: Readonly<Record<ImportKind, Fields>> = {
  accounts: {
    accountReference: 'text',
    currency: 'currency',
    paymentReference: 'text',
    portfolioReference: 'text',
    ...debtorFields,
  },
  claims: {
    claimReference: 'text',
    accountReference: 'text',
    currency: 'currency',
    amount: 'amount',
    totalFees: 'amount',
    originalDueDate: 'date',
    currentDueDate: 'date',
    productReference: 'text',
    portfolioReference: 'text',
    creditorReference: 'text',
    paymentReference: 'text',
    reason: 'text',
    ...debtorFields,
  },
  entries: {
    accountReference: 'text',
    ledgerEntryReference: 'text',
    entryKind: 'entryKind',
    currency: 'currency',
    amount: 'amount',
    dueDate: 'date',
    createdAt: 'instant',
    targetReference: 'text',
    productReference: 'text',
    paymentReference: 'text',
    paymentProvider: 'text',
    feeType: 'text',
    reason: 'text',
    ...debtorFields,
  },
}

const required: Readonly<Record<ImportKind, readonly string[]>> = {
  accounts: ['accountReference', 'currency', 'debtorReference'],
  claims: ['claimReference', 'currency', 'amount', 'originalDueDate'],
  entries: ['accountReference', 'ledgerEntryReference', 'currency', 'amount'],
}

/** Fields named by the caller: `meta.<key>` for all, `fee.<name>` for claims. */
export const metaPrefix = 'meta.'
export const feePrefix = 'fee.'

/** How a field of this name is read; undefined when there is none. */
export function readingOf(kind: ImportKind, name: string): Reading | undefined {
  if (name.startsWith(metaPrefix) && name.length > metaPrefix.length) return 'text'
  if (kind === 'claims' && name.startsWith(feePrefix) && name.length > feePrefix.length)
    return 'amount'
  return Object.hasOwn(fields[kind], name) ? fields[kind][name] : undefined
}

export function fieldNames(kind: ImportKind): string[] {
  return [...Object.keys(fields[kind]), 'meta.*', ...(kind === 'claims' ? ['fee.*'] : [])]
}

/** The fields that must be mapped and that are not, given those that are. */
export function missingFields(kind: ImportKind, mapped: ReadonlyMap<string, unknown>): string[] {
  const wanted = new Set(required[kind])
  if (Object.keys(debtorFields).some((name) => mapped.has(name))) {
    wanted.add('debtorReference')
    wanted.add('country')
  }
  if (kind === 'claims' && !mapped.has('accountReference')) wanted.add('debtorReference')
  if (wanted.has('debtorReference')) wanted.add('country')
  if (kind === 'entries' && !mapped.has('entryKind')) wanted.add('dueDate')
  return [...wanted].filter((name) => !mapped.has(name))
}

/** A row needs these to be filled, not only mapped. */
export function filledFields(kind: ImportKind): readonly string[] {
  return required[kind]
}
