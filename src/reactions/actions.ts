/** What a reaction may do, as plain data. Each shape is the check of what is saved and the published contract. */
import { type Static, type TSchema, Type } from 'typebox'
import { type ResolutionReason, resolutionReasons } from '../book/index.ts'
import { Id, JsonObject } from '../kernel/schema.ts'

const closed = { additionalProperties: false }

const Label = Type.String({ minLength: 1, maxLength: 200 })
const Path = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' })
const yearsOfDays = 3_650

const action = <N extends string, P extends Record<string, TSchema>>(type: N, fields: P) =>
  Type.Object({ type: Type.Literal(type), ...fields }, closed)

const message = {
  bundleId: Id,
  context: Type.Optional(JsonObject),
  /** A notice is sent even when nothing is owed, such as thanks for a payment. */
  purpose: Type.Optional(Type.Union([Type.Literal('dunning'), Type.Literal('notice')])),
}

/** Every kind of action by its name. */
export const actionSchemas = {
  email: action('email', message),
  sms: action('sms', message),
  letter: action('letter', message),
  notifyClient: action('notifyClient', {
    subject: Label,
    text: Type.Optional(Type.String({ maxLength: 4_000 })),
  }),
  webhook: action('webhook', { name: Label, data: Type.Optional(JsonObject) }),
  createTask: action('createTask', {
    kind: Label,
    title: Label,
    details: Type.Optional(Type.String({ maxLength: 4_000 })),
    actions: Type.Optional(Type.Array(Label, { maxItems: 20 })),
    dueInDays: Type.Optional(Type.Integer({ minimum: 0, maximum: yearsOfDays })),
  }),
  paymentProviders: action('paymentProviders', {
    providers: Type.Union([
      Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 }),
      Type.Null(),
    ]),
  }),
  outsource: action('outsource', { partner: Label }),
  revertOutsource: action('revertOutsource', {}),
  startJourney: action('startJourney', { journeyId: Type.Optional(Id) }),
  switchPath: action('switchPath', { path: Path }),
  insertPath: action('insertPath', { path: Path }),
  pauseJourney: action('pauseJourney', {
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: yearsOfDays })),
    hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 87_600 })),
  }),
  resumeJourney: action('resumeJourney', {}),
  stopJourney: action('stopJourney', {}),
  setMeta: action('setMeta', {
    target: Type.Union([Type.Literal('claim'), Type.Literal('account')]),
    meta: JsonObject,
  }),
  resolveClaim: action('resolveClaim', {
    reason: Type.Unsafe<ResolutionReason>({ type: 'string', enum: [...resolutionReasons] }),
  }),
  deleteClaim: action('deleteClaim', {}),
} satisfies Record<string, TSchema>

export type ActionType = keyof typeof actionSchemas
export type Action = { [T in ActionType]: Static<(typeof actionSchemas)[T]> }[ActionType]
export type ActionOf<T extends ActionType> = Extract<Action, { type: T }>

const bookTypes = [
  'pauseJourney',
  'resumeJourney',
  'stopJourney',
  'setMeta',
  'resolveClaim',
  'deleteClaim',
] as const satisfies readonly ActionType[]

/** What only the bookkeeper may do. */
export type BookAction = ActionOf<(typeof bookTypes)[number]>
export type PlainAction = Exclude<Action, BookAction>

const ofBook: ReadonlySet<ActionType> = new Set(bookTypes)

export const isBookAction = (one: Action | undefined): one is BookAction =>
  one !== undefined && ofBook.has(one.type)

const claimless: ReadonlySet<ActionType> = new Set<ActionType>([
  'notifyClient',
  'webhook',
  'createTask',
])

/** Whether an action is done to a claim, and so not where an event names none. */
export function needsClaim(one: Action): boolean {
  const isOfAccount = one.type === 'setMeta' && one.target === 'account'
  return !isOfAccount && !claimless.has(one.type)
}
