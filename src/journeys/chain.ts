import type { Json } from '../book/index.ts'

/** The reactions that led to something, as its events tell them on (D-90); nothing where none did. */
export function chainIn(from: Readonly<Record<string, unknown>> | undefined): Json {
  const chain = from?.['chain']
  return Array.isArray(chain) ? { chain } : {}
}
