import { Type } from 'typebox'
import { LedgerEntry, Metadata, Reference } from '../../../accounts/schema.ts'
import type { Json } from '../../../book/index.ts'
import { Currency, NaturalMinor } from '../../../kernel/schema.ts'
import { matchPayment, type MatchStrategy, matchStrategies } from '../../../payments/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'

const Text = Type.String({ maxLength: 255 })

const Payment = Type.Object({
  accountReference: Reference,
  currency: Currency,
  totalAmount: NaturalMinor,
  matchStrategy: Type.Unsafe<MatchStrategy>({ type: 'string', enum: [...matchStrategies] }),
  providerName: Type.Optional(Text),
  trackingId: Type.Optional(Text),
  paymentReference: Type.Optional(Text),
  context: Type.Optional(
    Type.Object(
      {
        productReference: Type.Optional(Reference),
        feeLedgerEntriesOrder: Type.Optional(Type.Array(Text, { maxItems: 1_000 })),
      },
      { additionalProperties: false },
    ),
  ),
  meta: Type.Optional(Metadata),
})

interface Body {
  accountReference: string
  currency: string
  totalAmount: number
  matchStrategy: MatchStrategy
  providerName?: string
  trackingId?: string
  paymentReference?: string
  context?: { productReference?: string; feeLedgerEntriesOrder?: string[] }
  meta?: Json
}

export const matchAccountPayment = defineBatch({
  id: 'match_account_payment',
  tag: 'Account',
  summary: 'Register payments and spread each over what its account still owes',
  body: Type.Array(Payment),
  data: Type.Array(LedgerEntry),
  items: (body: Body[]) =>
    body.map((input): BatchItem<Body> => ({ key: input.accountReference, input })),
  command: (context, { input }) =>
    matchPayment(context, {
      accountReference: input.accountReference,
      totalMinor: input.totalAmount,
      currency: input.currency,
      strategy: input.matchStrategy,
      productReference: input.context?.productReference,
      feeOrder: input.context?.feeLedgerEntriesOrder,
      providerName: input.providerName,
      trackingId: input.trackingId,
      paymentReference: input.paymentReference,
      meta: input.meta,
    }),
  succeeded: ({ key }, { entries, unallocatedMinor }) => ({
    messages: [
      `Successfully matched payment for account ${key}`,
      // D-63
      ...(unallocatedMinor > 0 ? [`Unallocated amount ${unallocatedMinor}`] : []),
    ],
    data: entries,
  }),
})
