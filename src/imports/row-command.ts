import type { CallContext, Command, Json } from '../book/index.ts'
import type { ClaimData } from '../claims/schema.ts'
import { newId } from '../kernel/id.ts'
import { contactFields, type ImportKind, personFields } from './fields.ts'
import { importAccount } from './import-account.ts'
import { importClaimRow } from './import-claim.ts'
import { importEntry } from './import-entry.ts'
import { RowProblem } from './problems.ts'
import type { Values } from './read-values.ts'
import { checkAccount, checkClaim, checkEntry } from './validate.ts'
import type { Verdict } from './verdict.ts'

interface Call {
  readonly kind: ImportKind
  readonly context: CallContext
}

/** The command of a row. Throws `RowProblem` when the row is no valid input. */
export function commandOf(values: Values, call: Call): Command<Verdict> {
  const context = { ...call.context, commandId: newId() }
  switch (call.kind) {
    case 'accounts':
      return importAccount(context, checkAccount(accountOf(values)))
    case 'claims': {
      const data = checkClaim(claimOf(values))
      const reference = values.texts['claimReference'] ?? ''
      return importClaimRow(context, { reference, data })
    }
    case 'entries': {
      const { accountReference = '', currency = '' } = values.texts
      return importEntry(context, {
        accountReference,
        currency,
        entry: checkEntry(entryOf(values)),
        debtor: debtorOf(values.texts),
      })
    }
  }
}

function accountOf({ texts, meta }: Values) {
  return {
    reference: texts['accountReference'] ?? '',
    currency: texts['currency'] ?? '',
    ...pick(texts, ['paymentReference', 'portfolioReference']),
    ...metaOf(meta),
    debtors: [debtorOf(texts) ?? {}],
  }
}

const claimTexts = [
  'accountReference',
  'currency',
  'originalDueDate',
  'productReference',
  'portfolioReference',
  'creditorReference',
  'paymentReference',
  'reason',
]

function claimOf({ texts, numbers, meta, fees }: Values): ClaimData {
  const primaryDebtor = debtorOf(texts)
  if (primaryDebtor === undefined && texts['accountReference'] === undefined)
    throw new RowProblem('the row names neither an account nor a debtor')
  return {
    ...pick(texts, claimTexts),
    ...numbers,
    currentDueDate: texts['currentDueDate'] ?? texts['originalDueDate'],
    ...metaOf(meta),
    ...(fees.length > 0 ? { fees: [...fees] } : {}),
    ...(primaryDebtor === undefined ? {} : { primaryDebtor }),
  } as ClaimData
}

function entryOf({ texts, numbers, meta }: Values): Json {
  const { entryKind: kind = 'invoice', ledgerEntryReference, targetReference } = texts
  const details: Json = { ...numbers, ...metaOf(meta) }
  for (const [field, kinds] of Object.entries(detailFields)) {
    const value = texts[field]
    if (value === undefined) continue
    if (kinds.includes(kind)) details[field === 'feeType' ? 'type' : field] = value
  }
  const isInvoice = kind === 'invoice'
  return {
    ledgerEntryReference,
    [`${kind}Details`]: details,
    context: {
      ...pick(texts, ['productReference']),
      ...(isInvoice || targetReference === undefined
        ? {}
        : { ledgerEntryReference: targetReference }),
      ...(isInvoice && texts['debtorReference'] !== undefined
        ? { externalDebtorReference: texts['debtorReference'] }
        : {}),
    },
  }
}

/** Which details take a field; the others of a file with several kinds of entries leave it. */
const detailFields: Readonly<Record<string, readonly string[]>> = {
  dueDate: ['invoice', 'adjustment'],
  paymentReference: ['invoice', 'payment'],
  paymentProvider: ['payment'],
  feeType: ['fee'],
  reason: ['adjustment'],
}

const persons = Object.keys(personFields)
const contacts = Object.keys(contactFields)

/** The debtor of a row; none where its reference is empty. */
function debtorOf(texts: Values['texts']): Json | undefined {
  const { debtorReference, debtorType } = texts
  if (debtorReference === undefined) return undefined
  return {
    debtorReference,
    ...(debtorType === undefined ? {} : { type: debtorType }),
    ...pick(texts, persons),
    contactInformation: pick(texts, contacts),
  }
}

const metaOf = (meta: Values['meta']) => (Object.keys(meta).length > 0 ? { meta: { ...meta } } : {})

function pick(texts: Values['texts'], names: readonly string[]): Json {
  const picked: Json = {}
  for (const name of names) if (texts[name] !== undefined) picked[name] = texts[name]
  return picked
}
