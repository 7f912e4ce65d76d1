import type { BatchOperation } from '../batch.ts'
import { createAccountMandates, deleteAccountMandates } from './account-mandates.ts'
import { addAccountDebtors, updateAccountDebtors } from './account-debtors.ts'
import { addAccountProducts, updateAccountProducts } from './account-products.ts'
import { addAccountLedgerEntries } from './add-account-ledger-entries.ts'
import { createClaims, importClaims, recreateClaims, updateClaims } from './claims.ts'
import { createAccounts } from './create-accounts.ts'
import { createPromisesToPay } from './create-promises-to-pay.ts'
import { creditClaims, debitClaims } from './credit-claims.ts'
import { executeCustomTriggers } from './execute-custom-triggers.ts'
import { matchAccountPayment } from './match-account-payment.ts'
import { pauseJourneys } from './pause-journeys.ts'
import { resolveClaims } from './resolve-claims.ts'
import { resumeJourneys } from './resume-journeys.ts'
import { setAccountScores } from './set-account-scores.ts'
import { stopJourneys } from './stop-journeys.ts'
import { updateAccountLedgerEntriesAmounts } from './update-account-ledger-entries-amounts.ts'
import { updateAccountMeta } from './update-account-meta.ts'

/** The batch operations of this door, by which calls are mounted and async ones worked off. */
export const batchOperations: readonly BatchOperation[] = [
  createAccounts,
  updateAccountMeta,
  addAccountLedgerEntries,
  addAccountProducts,
  updateAccountProducts,
  addAccountDebtors,
  updateAccountDebtors,
  setAccountScores,
  matchAccountPayment,
  updateAccountLedgerEntriesAmounts,
  createClaims,
  recreateClaims,
  updateClaims,
  importClaims,
  resolveClaims,
  creditClaims,
  debitClaims,
  createPromisesToPay,
  executeCustomTriggers,
  pauseJourneys,
  resumeJourneys,
  stopJourneys,
  createAccountMandates,
  deleteAccountMandates,
]
