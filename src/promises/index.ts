export { createPromise, type PromiseInput } from './create-promise.ts'
export { promiseWork } from './expire-promises.ts'
export { type ActivePromise, activePromisesOf } from './show-promises.ts'
export { withdrawPromise } from './withdraw-promise.ts'
