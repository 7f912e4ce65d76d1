export { createMandate } from './create-mandate.ts'
export { deleteMandate, type MandateName } from './delete-mandate.ts'
