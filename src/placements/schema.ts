/** What agencies and placements look like to those who manage them. */
import { type Static, Type } from 'typebox'
import { Id, JsonObject, Timestamp } from '../kernel/schema.ts'

const Text = Type.String({ minLength: 1, maxLength: 200 })
const Nullable = <T extends typeof Timestamp>(schema: T) => Type.Union([schema, Type.Null()])
const Cursor = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }))
const NextCursor = Type.Union([Type.String(), Type.Null()])

export const AgencyName = Text
/** How an agency is usually told; for the people who do it. */
const Channel = Type.Union([Type.Literal('FILE'), Type.Literal('EMAIL'), Type.Literal('API')])

const Contact = Type.Object(
  {
    person: Type.Optional(Text),
    email: Type.Optional(Type.String({ format: 'email', maxLength: 200 })),
    phone: Type.Optional(Text),
    address: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
  },
  { additionalProperties: false },
)

export const NewAgency = Type.Object(
  { name: AgencyName, contact: Type.Optional(Contact), defaultChannel: Type.Optional(Channel) },
  { additionalProperties: false },
)
export type NewAgency = Static<typeof NewAgency>

export const AgencyPatch = Type.Object(
  {
    contact: Type.Optional(Contact),
    defaultChannel: Type.Optional(Channel),
    isActive: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false, minProperties: 1 },
)
export type AgencyPatch = Static<typeof AgencyPatch>

export const Agency = Type.Object({
  id: Id,
  name: Type.String(),
  contact: Contact,
  defaultChannel: Channel,
  isActive: Type.Boolean(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Agency = Static<typeof Agency>

export const PlacementStatus = Type.Union([
  Type.Literal('PLACED'),
  Type.Literal('RECALLED'),
  Type.Literal('CLOSED'),
])
export type PlacementStatus = Static<typeof PlacementStatus>

export const Placement = Type.Object({
  id: Id,
  claimReference: Type.String(),
  agency: Type.String(),
  status: PlacementStatus,
  externalStatus: Type.String(),
  placedAt: Timestamp,
  endedAt: Nullable(Timestamp),
  cause: JsonObject,
})
export type Placement = Static<typeof Placement>

export const NewPlacement = Type.Object({ agency: AgencyName }, { additionalProperties: false })
export type NewPlacement = Static<typeof NewPlacement>

export const AgencyPage = Type.Object({ items: Type.Array(Agency), nextCursor: NextCursor })
export type AgencyPage = Static<typeof AgencyPage>
export const PlacementPage = Type.Object({ items: Type.Array(Placement), nextCursor: NextCursor })
export type PlacementPage = Static<typeof PlacementPage>

export const AgencyPageQuery = Type.Object({ limit: Limit, cursor: Cursor })
export type AgencyPageQuery = Static<typeof AgencyPageQuery>
export const PlacementPageQuery = Type.Object({
  limit: Limit,
  cursor: Cursor,
  status: Type.Optional(PlacementStatus),
  agency: Type.Optional(AgencyName),
  claimReference: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
})
export type PlacementPageQuery = Static<typeof PlacementPageQuery>

export const ExternalStatus = Type.Object({ externalStatus: Text }, { additionalProperties: false })
export type ExternalStatus = Static<typeof ExternalStatus>

/** What became of one row of a list of collected amounts. */
export const CollectedRow = Type.Object({
  row: Type.Integer({ minimum: 2 }),
  claimReference: Type.String(),
  externalId: Type.String(),
  outcome: Type.Union([
    Type.Literal('BOOKED'),
    Type.Literal('ALREADY_BOOKED'),
    Type.Literal('REFUSED'),
  ]),
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
})
export type CollectedRow = Static<typeof CollectedRow>

export const CollectedList = Type.Object({
  booked: Type.Integer(),
  alreadyBooked: Type.Integer(),
  refused: Type.Integer(),
  rows: Type.Array(CollectedRow),
})
export type CollectedList = Static<typeof CollectedList>
