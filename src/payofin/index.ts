export { authenticate, type Caller } from './authenticate.ts'
export { cancelPayment } from './cancel-payment.ts'
export { ensureConfigured } from './configure.ts'
export { listMovements, topUp } from './float.ts'
export { addInstitution, changeInstitution, listInstitutions } from './institutions.ts'
export {
  listPayments,
  type PaymentDetail,
  paymentDetails,
  paymentsBetween,
} from './list-payments.ts'
export {
  addMerchant,
  changeMerchant,
  commissionsOf,
  findMerchant,
  listMerchants,
  setCommission,
} from './merchants.ts'
export { zone } from './opening.ts'
export { type PaidDebt, payDebt, type PayDeps, type PayInput } from './pay-debt.ts'
export { type DebtQuery, queryDebts, type QueriedDebt } from './query-debts.ts'
export { type PayofinRefusal, refusePayofin } from './refusals.ts'
