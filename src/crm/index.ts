export { type AccountIdentifier, accountsOf, type CrmAccount, findAccount } from './accounts.ts'
export {
  type BillIdentifier,
  billAnswer,
  billsOf,
  createBill,
  type CrmBill,
  findBill,
  listBills,
} from './bills.ts'
export { type CancelCall, cancelPayment } from './cancel-payment.ts'
export { type CardIdentifier, createCard, listCards, removeCard } from './cards.ts'
export {
  changeConfig,
  createConfig,
  createUser,
  listConfig,
  removeConfig,
} from './change-configuration.ts'
export { createCardCharger } from './charge-cards.ts'
export { postPayment, rejectPayment, updatePayment } from './change-payment.ts'
export {
  type Config,
  type ConfigIdentifier,
  configNamed,
  configOf,
  type Configuration,
  pickConfig,
} from './configuration.ts'
export { createPayment, payBill, payInvoice } from './create-payment.ts'
export { type CardCharger, type CrmDeps, inSession } from './deps.ts'
export { hexOf } from './ids.ts'
export {
  findInvoice,
  type Invoice,
  type InvoiceIdentifier,
  invoicesOf,
  listInvoices,
  numberInvoices,
  overdueOf,
} from './invoices.ts'
export {
  findPayment,
  listPayments,
  pageMax,
  type Payment,
  type PaymentIdentifier,
} from './payment.ts'
export { type CrmObject, refuseCrm } from './refusals.ts'
export { allows, type Change, type PaymentWords } from './resolve-payment.ts'
export { listSequences, moveSequence } from './sequences.ts'
export {
  createWebApiKey,
  findSession,
  issueToken,
  issueTokenForKey,
  type Login,
  releaseToken,
  type Session,
  type SessionDeps,
} from './sessions.ts'
export { creditSubscriber, crmWork } from './take-up-credit.ts'
export { createTurns } from './turns.ts'
