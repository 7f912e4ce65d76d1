export { bookDoneRefund, findRefundNamed, keepRefund, planRefund } from './create-refund.ts'
export {
  bookLedgerEntry,
  entriesPerAccount,
  findAccountNumbered,
  findLedgerEntryNamed,
} from './book-ledger-entry.ts'
export { derecognizeInvoice } from './derecognize-invoice.ts'
export { failRefund, findWaitingRefund, meantByCommit, succeedRefund } from './end-refund.ts'
export { findInvoice, type Invoice, isReplaceable } from './find-invoice.ts'
export { invoiceLetter, refundLetter } from './invoice-letter.ts'
export { pricedItems, sumOfItems } from './line-items.ts'
export { payInvoice } from './pay-invoice.ts'
export { refuse } from './refusals.ts'
export { findReplacement, replaceInvoice } from './replace-invoice.ts'
export {
  findPaymentLink,
  isPlaceTaken,
  newLinkCode,
  type OpenLink,
  openPaymentLink,
  type Payer,
  usePaymentLink,
} from './payment-link.ts'
