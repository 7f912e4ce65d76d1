export { createPromise, type PromiseInput } from './create-promise.ts'
export { expirePromises, type PromiseSweep, startPromiseSweep } from './expire-promises.ts'
