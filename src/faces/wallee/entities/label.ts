import { type Fields, refersTo, shown, text } from '../entity.ts'
import { firstDescriptor } from './label-descriptors.ts'

/** A fact that was attached: what it tells of, and what it says. */
export const labelFields: Fields = {
  content: shown({ kind: 'json' }),
  contentAsString: shown(text()),
  descriptor: shown(refersTo('LabelDescriptor')),
}

export const labelIds = {
  collectorName: firstDescriptor + 1,
  collectorStatus: firstDescriptor + 2,
  repeatedReceipt: firstDescriptor + 3,
  contentHash: firstDescriptor + 4,
} as const

/** The SQL of one label; null where there is nothing to tell. */
export function labelOf(descriptor: number, text: string): string {
  return `case when ${text} is null then null
    else jsonb_build_object('descriptor', ${descriptor}, 'content', ${text}, 'contentAsString', ${text}) end`
}
