/** What payment providers look like to those who set them up. */
import { type Static, Type } from 'typebox'
import { Timestamp } from '../kernel/schema.ts'

const Secret = Type.String({ minLength: 1, maxLength: 500, pattern: '^[\\x21-\\x7e]+$' })

export const StripeSettings = Type.Object(
  {
    name: Type.Literal('stripe'),
    secretKey: Secret,
    webhookSecret: Secret,
    apiBase: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false },
)

export const SandboxSettings = Type.Object(
  { name: Type.Literal('sandbox') },
  { additionalProperties: false },
)

export const ProviderSettings = Type.Union([StripeSettings, SandboxSettings])
export type ProviderSettings = Static<typeof ProviderSettings>

/** A provider as it is shown: its secrets never are. */
export const Provider = Type.Object({
  name: Type.String(),
  /** False: nothing was set up, and payments are play money. */
  isSetUp: Type.Boolean(),
  apiBase: Type.Union([Type.String(), Type.Null()]),
  updatedAt: Type.Union([Timestamp, Type.Null()]),
})
export type Provider = Static<typeof Provider>

export const ProviderList = Type.Object({ items: Type.Array(Provider) })
export type ProviderList = Static<typeof ProviderList>
