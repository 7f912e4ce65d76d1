/** What tasks look like to those who do them. */
import { type Static, Type } from 'typebox'
import { Id, JsonObject, Timestamp } from '../kernel/schema.ts'

const Name = Type.String({ minLength: 1, maxLength: 200 })
const Long = Type.String({ minLength: 1, maxLength: 10_000 })
const NullableText = Type.Union([Type.String(), Type.Null()])
const NullableTime = Type.Union([Timestamp, Type.Null()])
const ClaimReference = Type.String({ minLength: 1, maxLength: 255 })
const Actions = Type.Array(Name, { maxItems: 20, uniqueItems: true })

export const NewTask = Type.Object(
  {
    kind: Type.Optional(Name),
    title: Name,
    details: Type.Optional(Long),
    claimReference: Type.Optional(ClaimReference),
    dueAt: Type.Optional(Timestamp),
    actions: Type.Optional(Actions),
  },
  { additionalProperties: false },
)
export type NewTask = Static<typeof NewTask>

/** `null` takes away. */
export const TaskPatch = Type.Object(
  {
    title: Type.Optional(Name),
    details: Type.Optional(Type.Union([Long, Type.Null()])),
    dueAt: Type.Optional(NullableTime),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type TaskPatch = Static<typeof TaskPatch>

export const TaskDone = Type.Object(
  { action: Type.Optional(Name), note: Type.Optional(Long), by: Type.Optional(Name) },
  { additionalProperties: false },
)
export type TaskDone = Static<typeof TaskDone>

export const TaskStatus = Type.Union([
  Type.Literal('OPEN'),
  Type.Literal('DONE'),
  Type.Literal('EXPIRED'),
])
export type TaskStatus = Static<typeof TaskStatus>

export const Task = Type.Object({
  id: Id,
  kind: Type.String(),
  title: Type.String(),
  details: NullableText,
  claimReference: NullableText,
  status: TaskStatus,
  dueAt: NullableTime,
  actions: Type.Array(Type.String()),
  action: NullableText,
  note: NullableText,
  doneBy: NullableText,
  cause: JsonObject,
  createdAt: Timestamp,
  endedAt: NullableTime,
})
export type Task = Static<typeof Task>

export const TaskPage = Type.Object({ items: Type.Array(Task), nextCursor: NullableText })
export type TaskPage = Static<typeof TaskPage>

export const TaskPageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  status: Type.Optional(TaskStatus),
  kind: Type.Optional(Name),
  claimReference: Type.Optional(ClaimReference),
})
export type TaskPageQuery = Static<typeof TaskPageQuery>
