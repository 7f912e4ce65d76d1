import type { ItemFields } from '../fields/fields.ts'
import type { LetterBlock } from '../templates/schema.ts'
import type { Transfer } from './epc.ts'

export interface Address {
  readonly name: string
  /** Between the name and the street: a person, a floor, a care-of. */
  readonly extra?: readonly string[]
  readonly street: string
  readonly houseNumber: string
  readonly postcode: string
  readonly city: string
  /** ISO 3166, or empty. */
  readonly country: string
}

/** All that is on a letter. The same letter is the same bytes. */
export interface Letter {
  readonly language: string
  readonly sender: Address
  readonly recipient: Address
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly subject: string
  readonly blocks: readonly LetterBlock[]
  /** What the `items` block lists. */
  readonly items: readonly ItemFields[]
  /** What the `payment` block asks for; undefined: the block is left out. */
  readonly payment: Transfer | undefined
}
