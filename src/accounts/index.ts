export { addLedgerEntries, announceEntries } from './add-ledger-entries.ts'
export { bookEntries, type EntryInput, entryInputOf, entryNeeds, shownEntry } from './book-entry.ts'
export { addDebtor, updateDebtor } from './change-debtors.ts'
export { addProduct, updateProduct } from './change-products.ts'
export { type AccountInput, createAccount } from './create-account.ts'
export {
  debtorFieldsOf,
  linkDebtor,
  linkKnownDebtor,
  mergedDebtor,
  requireNames,
} from './debtors.ts'
export { setScore } from './set-score.ts'
export { announceAccountTrigger, triggerNeeds } from './trigger.ts'
export { updateAccountMeta } from './update-account-meta.ts'
