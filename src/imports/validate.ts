import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { AccountInput } from '../accounts/index.ts'
import { Account, Debtor, LedgerEntry } from '../accounts/schema.ts'
import { WholeClaim, type ClaimData } from '../claims/schema.ts'
import type { Json } from '../book/index.ts'
import { RowProblem } from './problems.ts'

// The same contract as that of the API: what a row makes is what a request would bring.
const ajv = new Ajv({ strict: false })
addFormats.default(ajv)
const isAccount = ajv.compile(Account)
const isClaim = ajv.compile(WholeClaim)
const isEntry = ajv.compile(LedgerEntry)
const isDebtor = ajv.compile(Debtor)
const referenceMax = 255

export function checkAccount(account: AccountInput): AccountInput {
  checkReference(account.reference)
  check(isAccount, account)
  return account
}

export function checkClaim(data: ClaimData): ClaimData {
  check(isClaim, data)
  return data
}

export function checkEntry(entry: Json): Json {
  check(isEntry, entry)
  return entry
}

/** The debtor that comes along with an entry. */
export function checkDebtor(debtor: Json): Json {
  check(isDebtor, debtor)
  return debtor
}

/** References that the schemas take from the keys of a body. */
export function checkReference(reference: string): void {
  if (reference.length > referenceMax)
    throw new RowProblem(`a reference has at most ${referenceMax} characters`)
}

function check(validate: ValidateFunction, value: unknown): void {
  if (validate(value)) return
  const [error] = validate.errors ?? []
  throw new RowProblem(error === undefined ? 'the row is not valid' : wordsOf(error))
}

function wordsOf({ instancePath, message = 'is not valid', params }: ErrorObject): string {
  const path = instancePath.split('/').filter((part) => part !== '' && !/^\d+$/.test(part))
  const field = path.at(-1)
  const extra = (params as { additionalProperty?: string }).additionalProperty
  const text = extra === undefined ? message : `has no ${extra}`
  return field === undefined ? text : `${field} ${text}`
}
