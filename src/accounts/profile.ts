import type { Json } from '../book/index.ts'
import { Product } from './schema.ts'

const productFields = Object.keys(Product.properties)

/** The fields of a product that the contract knows; meta is there even when the caller leaves it out (3.1.4). */
export function productFieldsOf(input: Json): Json {
  const known = productFields
    .filter((field) => input[field] !== undefined)
    .map((field) => [field, input[field]])
  return { ...Object.fromEntries(known), meta: input['meta'] ?? {} }
}

/** D-26: an account keeps one score per type; the newer one takes the place. */
export function mergedScores(scores: Json[], score: Json): Json[] {
  const { type, value, meta } = score
  const kept = scores.filter((known) => known['type'] !== type)
  return [...kept, { type, value, ...(meta === undefined ? {} : { meta }) }]
}
