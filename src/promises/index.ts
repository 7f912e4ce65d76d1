export { createPromise, type PromiseInput } from './create-promise.ts'
export { promiseWork } from './expire-promises.ts'
export { withdrawPromise } from './withdraw-promise.ts'
