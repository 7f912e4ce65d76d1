import { creditClaim, type Credited, debitClaim } from '../../../claims/index.ts'
import { Credit, type CreditData, Debit, type DebitData } from '../../../claims/schema.ts'
import { defineBatch, mapItems, mapOf } from '../batch.ts'

/** `time() * 1000` has a fraction in many languages; the book keeps milliseconds. */
const inWholeMs = <T extends { date?: number }>(data: T): T =>
  data.date === undefined ? data : { ...data, date: Math.trunc(data.date) }

export const creditClaims = defineBatch({
  id: 'credit_claims',
  tag: 'Financial operations',
  summary: 'Lower what claims ask for; at zero they are resolved',
  body: mapOf(Credit),
  data: Credit,
  items: (body: Record<string, CreditData>, keys) => mapItems(body, keys),
  command: (context, { key, input }) =>
    creditClaim(context, { reference: key, data: inWholeMs(input) }),
  succeeded: ({ key, input }, { overpaidMinor }: Credited) => ({
    // D-80
    messages: [
      `Successfully credited claim ${key}`,
      ...(overpaidMinor > 0 ? [`Overpaid amount ${overpaidMinor}`] : []),
    ],
    data: input,
  }),
})

export const debitClaims = defineBatch({
  id: 'debit_claims',
  tag: 'Financial operations',
  summary: 'Raise what claims ask for',
  body: mapOf(Debit),
  data: Debit,
  items: (body: Record<string, DebitData>, keys) => mapItems(body, keys),
  command: (context, { key, input }) =>
    debitClaim(context, { reference: key, data: inWholeMs(input) }),
  succeeded: ({ key, input }) => ({ messages: [`Successfully debited claim ${key}`], data: input }),
})
