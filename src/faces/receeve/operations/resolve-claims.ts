import { Type } from 'typebox'
import { Reference } from '../../../accounts/schema.ts'
import { type ResolutionReason, resolutionReasons } from '../../../book/index.ts'
import { resolveClaim } from '../../../claims/index.ts'
import { type BatchItem, defineBatch } from '../batch.ts'
import { processed } from '../words.ts'

const Resolution = Type.Object({
  ref: Reference,
  reason: Type.Unsafe<ResolutionReason>({ type: 'string', enum: [...resolutionReasons] }),
})

interface Body {
  ref: string
  reason: ResolutionReason
}

export const resolveClaims = defineBatch({
  id: 'resolve_claims',
  tag: 'Claims',
  summary: 'End claims for a reason, their amounts left as they are',
  body: Type.Array(Resolution),
  items: (body: Body[]) => body.map((input): BatchItem<Body> => ({ key: input.ref, input })),
  command: (context, { input }) =>
    resolveClaim(context, { reference: input.ref, reason: input.reason }),
  succeeded: () => ({ messages: [processed] }),
})
