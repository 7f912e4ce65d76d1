import { type Static, Type } from 'typebox'
import { CalendarDate } from '../accounts/schema.ts'
import { Currency, NaturalMinor } from '../kernel/schema.ts'

/** That at least this amount will be paid by this date. */
export const PromiseToPay = Type.Object({
  amount: NaturalMinor,
  currency: Currency,
  dueDate: CalendarDate,
})
export type PromiseData = Static<typeof PromiseToPay>
