import type { Tx } from '../../platform/db.ts'
import type { Channel } from '../../contacts/schema.ts'

/** What a message says, rendered. */
export interface Rendered {
  readonly subject?: string | undefined
  readonly html?: string | undefined
  readonly text: string
  /** The letter. */
  readonly pdf?: Buffer | undefined
}

/** A message whose texts are wanted. */
export interface TextsWanted {
  readonly messageId: string
  readonly claimId: string
  readonly channel: Channel
  readonly bundleId: string
  readonly context: Readonly<Record<string, unknown>>
  readonly unsubscribeUrl: string
}

/** A message whose data is read, so that it can be rendered outside of the transaction. */
export interface Prepared {
  readonly bundleVersion: number
  readonly bundleName: string
  /** Refuses what the template cannot say. */
  render(): Promise<Rendered>
}

/** Reads all that the texts of messages are made of, by message id; without their bundle messages are left out. */
export type PrepareTexts = (
  tx: Tx,
  wanted: readonly TextsWanted[],
) => Promise<ReadonlyMap<string, Prepared>>
