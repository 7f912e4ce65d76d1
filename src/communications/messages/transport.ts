/** So many messages a sender writes, or hands over, at the same time. */
export const sendsAtOnce = 5

/** A composed message on its way out. */
export interface Outgoing {
  readonly messageId: string
  readonly from: string
  readonly to: string
  /** The bytes as they are kept. */
  readonly eml: Buffer
  readonly text: string
}

/** What came of an attempt. */
export type Transferred =
  | { readonly outcome: 'accepted' }
  /** It may be tried again. `mayHaveLeft`: only by who does no harm by sending it twice. */
  | { readonly outcome: 'temporary'; readonly error: string; readonly mayHaveLeft: boolean }
  | { readonly outcome: 'permanent'; readonly error: string }
  /** Nobody knows whether it was taken. */
  | { readonly outcome: 'unknown'; readonly error: string }

/** A way out of the house. */
export interface Transport {
  readonly name: 'smtp' | 'sms'
  /** Whether the other side takes a message only once, however often it is sent. */
  readonly isIdempotent: boolean
  /** Hands a message over once. Never rejects: a failure is what it answers. */
  send(message: Outgoing): Promise<Transferred>
  /** Ends what is kept open for the next message. */
  close?(): void
}

/** What is there; a channel without a way out keeps its messages in the outbox. */
export interface Transports {
  readonly email: Transport | undefined
  readonly sms: Transport | undefined
}
