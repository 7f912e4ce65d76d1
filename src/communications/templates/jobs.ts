/** What is said between the server and the processes that render. */
import type { Escaping } from './twig.ts'

/** One text of a message, such as its subject. */
export interface Part {
  readonly name: string
  readonly source: string
  readonly escaping: Escaping
  readonly isMjml?: boolean
}

export interface Job {
  /** `check` compiles, analyses and tries; `render` only renders. */
  readonly kind: 'check' | 'render'
  readonly parts: readonly Part[]
  /** Plain data by merge field. */
  readonly names: Readonly<Record<string, unknown>>
  readonly language: string
}

export interface Problem {
  readonly part: string
  readonly message: string
  /** Undefined where the engine names no place. */
  readonly line?: number
  readonly column?: number
}

/** The texts by part name: rendered, or for `check` the sources as they are kept, MJML compiled to HTML. */
export type JobAnswer =
  { readonly texts: Readonly<Record<string, string>> } | { readonly problems: readonly Problem[] }
