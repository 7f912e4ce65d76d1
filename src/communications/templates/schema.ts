/** What bundles look like to those who write them. */
import { type Static, Type } from 'typebox'
import { Id, JsonObject, Timestamp } from '../../kernel/schema.ts'

const closed = { additionalProperties: false }
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength })

export const Channel = Type.Union([
  Type.Literal('email'),
  Type.Literal('sms'),
  Type.Literal('letter'),
])
export type Channel = Static<typeof Channel>

export const Language = Type.String({
  pattern: '^[a-z]{2}(-[A-Z]{2})?$',
  description: 'ISO 639-1, with a country where it matters: de, de-CH',
})

/** What a letter is made of, from the top down. `items` is a table of what is open, `payment` the slip to pay with. */
export const LetterBlock = Type.Union([
  Type.Object({ type: Type.Literal('heading'), text: text(1_000) }, closed),
  Type.Object({ type: Type.Literal('paragraph'), text: text(20_000) }, closed),
  Type.Object({ type: Type.Literal('items') }, closed),
  Type.Object({ type: Type.Literal('payment') }, closed),
])
export type LetterBlock = Static<typeof LetterBlock>

/** The Twig sources of one language. Which are needed and which are allowed depends on the channel. */
export const LanguageContent = Type.Object(
  {
    subject: Type.Optional(text(500)),
    html: Type.Optional(text(500_000)),
    mjml: Type.Optional(text(500_000)),
    text: Type.Optional(text(100_000)),
    blocks: Type.Optional(Type.Array(LetterBlock, { minItems: 1, maxItems: 200 })),
  },
  closed,
)
export type LanguageContent = Static<typeof LanguageContent>

const content = {
  fallbackLanguage: Language,
  languages: Type.Record(Language, LanguageContent, {
    minProperties: 1,
    maxProperties: 30,
    ...closed,
  }),
}

export const BundleContent = Type.Object(content, closed)
export type BundleContent = Static<typeof BundleContent>

export const NewBundle = Type.Object({ name: text(200), channel: Channel, ...content }, closed)
export type NewBundle = Static<typeof NewBundle>

export const Bundle = Type.Object({
  id: Id,
  name: Type.String(),
  channel: Channel,
  latestVersion: Type.Integer({ minimum: 1 }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Bundle = Static<typeof Bundle>

/** A bundle with the content of one of its versions; `html` beside `mjml` is what it was compiled to. */
export const BundleDetail = Type.Object({
  ...Bundle.properties,
  version: Type.Integer({ minimum: 1 }),
  ...content,
})
export type BundleDetail = Static<typeof BundleDetail>

export const BundlePage = Type.Object({
  items: Type.Array(Bundle),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
})
export type BundlePage = Static<typeof BundlePage>

export const BundlePageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(text(100)),
})
export type BundlePageQuery = Static<typeof BundlePageQuery>

const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })

export const BundleQuery = Type.Object({ version: Type.Optional(Version) })
export type BundleQuery = Static<typeof BundleQuery>

export const PreviewInput = Type.Object(
  {
    version: Type.Optional(Version),
    claimReference: Type.Optional(text(255)),
    language: Type.Optional(Language),
    context: Type.Optional(
      Type.Object(
        {
          landingPageUrl: Type.Optional(Type.String({ maxLength: 2_000 })),
          unsubscribeUrl: Type.Optional(Type.String({ maxLength: 2_000 })),
          customBody: Type.Optional(Type.String({ maxLength: 20_000 })),
          triggerContext: Type.Optional(JsonObject),
        },
        closed,
      ),
    ),
  },
  closed,
)
export type PreviewInput = Static<typeof PreviewInput>

export const Preview = Type.Object({
  version: Version,
  language: Language,
  channel: Channel,
  subject: Type.Optional(Type.String()),
  html: Type.Optional(Type.String()),
  text: Type.Optional(Type.String()),
  blocks: Type.Optional(Type.Array(JsonObject)),
  sms: Type.Optional(
    Type.Object({
      encoding: Type.Union([Type.Literal('GSM-7'), Type.Literal('UCS-2')]),
      units: Type.Integer(),
      segments: Type.Integer(),
    }),
  ),
})
export type Preview = Static<typeof Preview>

export const MergeFields = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), kind: Type.String(), says: Type.String() })),
})
export type MergeFields = Static<typeof MergeFields>
