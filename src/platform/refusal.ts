/** Why a request was refused, in terms that no transport owns. Each face maps kinds to its own protocol. */
export type RefusalKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'mismatch'
  | 'too_large'
  | 'too_many'
  | 'unavailable'

/** An expected "no". Anything else that is thrown is a bug and becomes a 500. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly code: string
  readonly kind: RefusalKind
  /** Seconds after which the same request may succeed. */
  readonly retryAfterSeconds: number | undefined

  // oxlint-disable-next-line max-params -- an error with its four facts
  constructor(code: string, kind: RefusalKind, message: string, retryAfterSeconds?: number) {
    super(message)
    this.code = code
    this.kind = kind
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export interface RefusalSpec {
  kind: RefusalKind
  message: string
}

/** Names the refusals of a module; the answer makes one of them, its message extended by `detail` where given. */
export function defineRefusals<const S extends Record<string, RefusalSpec>>(specs: S) {
  return (code: Extract<keyof S, string>, detail?: string): Refusal => {
    const spec = specs[code] as RefusalSpec
    return new Refusal(
      code,
      spec.kind,
      detail === undefined ? spec.message : `${spec.message}: ${detail}`,
    )
  }
}
