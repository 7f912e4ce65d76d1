/** What instalment plans look like to those who offer, agree and follow them. */
import { type Static, Type } from 'typebox'
import { CalendarDate } from '../accounts/schema.ts'
import { Currency, Id, NaturalMinor, PositiveMinor, Timestamp } from '../kernel/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Days = Type.Integer({ minimum: 0, maximum: 3_650 })
const NullableText = Type.Union([Type.String(), Type.Null()])
const NullableTime = Type.Union([Timestamp, Type.Null()])
const NextCursor = NullableText
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }))
const Cursor = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))

export const instalmentsMax = 120
const Count = Type.Integer({ minimum: 2, maximum: instalmentsMax })

/** Which claims a plan is offered for. Amounts are totals with fees, in minor units of the currency of the terms. */
export const Eligibility = Type.Object(
  {
    totalMin: Type.Optional(PositiveMinor),
    totalMax: Type.Optional(PositiveMinor),
    daysPastDueMax: Type.Optional(Days),
    portfolioReferences: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { minItems: 1, maxItems: 100 }),
    ),
    /** No plan of the account was broken in so many days. */
    noBrokenPlanDays: Type.Optional(Days),
  },
  { additionalProperties: false },
)

export const Interval = Type.Object(
  {
    unit: Type.Union([Type.Literal('WEEK'), Type.Literal('MONTH')]),
    count: Type.Integer({ minimum: 1, maximum: 12 }),
  },
  { additionalProperties: false },
)
export type Interval = Static<typeof Interval>

export const PlanTerms = Type.Object(
  {
    currency: Currency,
    eligibility: Type.Optional(Eligibility),
    /** How many instalments one may choose: these, or all from a first to a last. */
    instalments: Type.Union([
      Type.Array(Count, { minItems: 1, maxItems: instalmentsMax, uniqueItems: true }),
      Type.Object({ min: Count, max: Count }, { additionalProperties: false }),
    ]),
    interval: Interval,
    /** The first instalment is due today or at most so many days later. */
    firstDueWithinDays: Type.Integer({ minimum: 0, maximum: 365 }),
    instalmentMin: Type.Optional(PositiveMinor),
    /** Added to the claim when a plan is accepted. */
    fee: Type.Optional(NaturalMinor),
    /** An instalment is missed so many days after its due date. */
    toleranceDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 60 })),
    /** So many missed instalments at one time break the plan. */
    brokenAfterMissed: Type.Optional(Type.Integer({ minimum: 1, maximum: instalmentsMax })),
  },
  { additionalProperties: false },
)
export type PlanTerms = Static<typeof PlanTerms>

export const NewPlanDefinition = Type.Object(
  { name: Name, terms: PlanTerms, isActive: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
)
export type NewPlanDefinition = Static<typeof NewPlanDefinition>

/** Terms are given whole. */
export const PlanDefinitionPatch = Type.Object(
  {
    name: Type.Optional(Name),
    terms: Type.Optional(PlanTerms),
    isActive: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type PlanDefinitionPatch = Static<typeof PlanDefinitionPatch>

export const PlanDefinition = Type.Object({
  id: Id,
  version: Type.Integer(),
  name: Type.String(),
  terms: PlanTerms,
  isActive: Type.Boolean(),
  createdAt: Timestamp,
})
export type PlanDefinition = Static<typeof PlanDefinition>

export const PlanDefinitionPage = Type.Object({
  items: Type.Array(PlanDefinition),
  nextCursor: NextCursor,
})
export type PlanDefinitionPage = Static<typeof PlanDefinitionPage>

export const PlanPageQuery = Type.Object({ limit: Limit, cursor: Cursor })
export type PlanPageQuery = Static<typeof PlanPageQuery>

export const PlannedInstalment = Type.Object({
  number: Type.Integer(),
  dueOn: Type.String(),
  amount: PositiveMinor,
})
export type PlannedInstalment = Static<typeof PlannedInstalment>

export const PlanOption = Type.Object({
  definitionId: Id,
  version: Type.Integer(),
  name: Type.String(),
  instalments: Type.Integer(),
  currency: Currency,
  /** The sum of the schedule, with the fee. */
  totalAmount: PositiveMinor,
  fee: NaturalMinor,
  firstDueFrom: Type.String(),
  firstDueTo: Type.String(),
  schedule: Type.Array(PlannedInstalment),
})
export type PlanOption = Static<typeof PlanOption>

export const PlanOptions = Type.Object({ items: Type.Array(PlanOption) })
export const PlanOptionsQuery = Type.Object({
  /** Schedules begin then; without it, at the last day that the terms allow. */
  firstDueOn: Type.Optional(CalendarDate),
})

export const NewPlan = Type.Object(
  {
    definitionId: Id,
    instalments: Count,
    firstDueOn: CalendarDate,
    /** What the debtor saw: a plan over another sum is refused. */
    totalAmount: Type.Optional(PositiveMinor),
    by: Type.Optional(Name),
  },
  { additionalProperties: false },
)
export type NewPlan = Static<typeof NewPlan>

export const PlanCancelling = Type.Object(
  { reason: Type.Optional(Name) },
  { additionalProperties: false },
)

export const PlanStatus = Type.Union([
  Type.Literal('ACTIVE'),
  Type.Literal('RESOLVED'),
  Type.Literal('FAILED'),
  Type.Literal('INVALIDATED'),
  Type.Literal('CANCELLED'),
])
export type PlanStatus = Static<typeof PlanStatus>

export const InstalmentStatus = Type.Union([
  Type.Literal('CREATED'),
  Type.Literal('STARTED'),
  Type.Literal('EXPIRED'),
  Type.Literal('RESOLVED'),
  Type.Literal('INVALIDATED'),
  Type.Literal('CANCELLED'),
])
export type InstalmentStatus = Static<typeof InstalmentStatus>

export const Plan = Type.Object({
  id: Id,
  claimReference: Type.String(),
  definitionId: Id,
  version: Type.Integer(),
  status: PlanStatus,
  currency: Currency,
  amount: PositiveMinor,
  fee: NaturalMinor,
  paidAmount: NaturalMinor,
  /** Whether an instalment is missed and not made up for. */
  isBehind: Type.Boolean(),
  acceptedBy: Type.String(),
  acceptedAt: Timestamp,
  endedAt: NullableTime,
  endReason: NullableText,
  instalments: Type.Array(
    Type.Object({
      number: Type.Integer(),
      dueOn: Type.String(),
      amount: PositiveMinor,
      paidAmount: NaturalMinor,
      status: InstalmentStatus,
    }),
  ),
})
export type Plan = Static<typeof Plan>
