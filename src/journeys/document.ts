/** What a journey says: paths of steps, as plain data. Each shape is the check of what is saved and the published contract. */
import { type Static, type TSchema, Type } from 'typebox'
import { Id, JsonObject } from '../kernel/schema.ts'

const closed = { additionalProperties: false }

/** Names of paths and steps: short, and fit for a key. */
export const Name = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' })
const Label = Type.String({ minLength: 1, maxLength: 200 })
const yearsOfDays = 3_650
const days = (minimum: number) => Type.Integer({ minimum, maximum: yearsOfDays })

/** Where a branch leads: into another path for good, into another path and back, straight on, or out of the journey. */
export const Branch = Type.Union([
  Type.Object({ switchPath: Name }, closed),
  Type.Object({ insertPath: Name }, closed),
  Type.Object({ continue: Type.Literal(true) }, closed),
  Type.Object({ finish: Type.Literal(true) }, closed),
])
export type Branch = Static<typeof Branch>

/** A condition; which fields and operators there are says `fields.ts`, what is wrong with one `conditions.ts`. */
export type Condition =
  | { readonly every: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | Comparison

export interface Comparison {
  readonly field: string
  readonly op: Operator
  readonly value: Operand
}

export const operators = [
  'eq',
  'ne',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'notIn',
  'contains',
  'startsWith',
  'exists',
] as const
export type Operator = (typeof operators)[number]

type Scalar = string | number | boolean
export type Operand = Scalar | readonly Scalar[] | { readonly today: number }

export const Condition = Type.Unsafe<Condition>({
  type: 'object',
  description: '{every: […]}, {any: […]}, {not: …} or {field, op, value}; see docs/journeys.md',
})

const step = <N extends string, P extends Record<string, TSchema>>(type: N, fields: P) =>
  Type.Object({ id: Name, type: Type.Literal(type), ...fields }, closed)

const message = { bundleId: Id, context: Type.Optional(JsonObject) }

/** Every kind of step by its name. */
export const stepSchemas = {
  email: step('email', message),
  sms: step('sms', message),
  letter: step('letter', message),
  wait: step('wait', {
    days: Type.Optional(days(0)),
    hours: Type.Optional(Type.Integer({ minimum: 0, maximum: 8_760 })),
    minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 525_600 })),
  }),
  waitUntil: step('waitUntil', {
    time: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
    weekdays: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 7 }), { minItems: 1, maxItems: 7 }),
    ),
  }),
  dpdDeadline: step('dpdDeadline', {
    days: Type.Optional(days(-yearsOfDays)),
    hours: Type.Optional(Type.Integer({ minimum: -87_600, maximum: 87_600 })),
  }),
  if: step('if', { condition: Condition, go: Branch, otherwise: Type.Optional(Branch) }),
  segmentation: step('segmentation', {
    segments: Type.Array(
      Type.Object(
        {
          name: Label,
          when: Type.Optional(Condition),
          weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
          go: Branch,
        },
        closed,
      ),
      { minItems: 1, maxItems: 50 },
    ),
    otherwise: Type.Optional(Branch),
  }),
  switchPath: step('switchPath', { path: Name }),
  insertPath: step('insertPath', { path: Name }),
  setMeta: step('setMeta', {
    target: Type.Union([Type.Literal('claim'), Type.Literal('account')]),
    meta: JsonObject,
  }),
  paymentProviders: step('paymentProviders', {
    providers: Type.Union([
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 }),
      Type.Null(),
    ]),
  }),
  createTask: step('createTask', {
    kind: Label,
    title: Label,
    details: Type.Optional(Type.String({ maxLength: 4_000 })),
    actions: Type.Optional(Type.Array(Label, { maxItems: 20 })),
    dueInDays: Type.Optional(days(0)),
  }),
  outsource: step('outsource', { partner: Label }),
  revertOutsource: step('revertOutsource', {}),
  webhook: step('webhook', { name: Label, data: Type.Optional(JsonObject) }),
} satisfies Record<string, TSchema>

export type StepType = keyof typeof stepSchemas
export type Step = { [T in StepType]: Static<(typeof stepSchemas)[T]> }[StepType]
export type StepOf<T extends StepType> = Extract<Step, { type: T }>

/** A journey's steps by path. A run begins at the first step of `main`. */
export interface JourneyDocument {
  readonly paths: Readonly<Record<string, readonly Step[]>>
}

export const mainPath = 'main'

/** The steps of a path that is known to be there. */
export function stepsOf(document: JourneyDocument, path: string): readonly Step[] {
  return Object.hasOwn(document.paths, path) ? (document.paths[path] ?? []) : []
}

/** Every place to which a step may lead besides the step after it. */
export function branchesOf(step: Step): readonly Branch[] {
  if (step.type === 'if') return [step.go, step.otherwise ?? goOn]
  if (step.type === 'segmentation')
    return [...step.segments.map(({ go }) => go), ...(step.otherwise ? [step.otherwise] : [])]
  if (step.type === 'switchPath') return [{ switchPath: step.path }]
  return step.type === 'insertPath' ? [{ insertPath: step.path }] : []
}

const goOn: Branch = { continue: true }
