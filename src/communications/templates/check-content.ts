import { namesOf } from '../fields/fields.ts'
import { creditorOf } from '../fields/creditor-of.ts'
import { sampleFields } from '../fields/sample-fields.ts'
import { partsOf } from './parts.ts'
import { refuse } from './refusals.ts'
import type { Renderer } from './renderer.ts'
import type { BundleContent, Channel, LanguageContent } from './schema.ts'

type Source = keyof LanguageContent

interface ChannelRule {
  readonly needs: readonly Source[]
  readonly oneOf: readonly Source[]
  readonly may: readonly Source[]
}

/** What a language of a channel needs, has exactly one of, and has at most one of. */
const rules: Record<Channel, ChannelRule> = {
  email: { needs: ['subject', 'text'], oneOf: [], may: ['html', 'mjml'] },
  sms: { needs: ['text'], oneOf: [], may: [] },
  letter: { needs: ['subject'], oneOf: ['text', 'blocks'], may: [] },
}

const today = '2026-03-10'

/**
 * The content as it is kept: fit for its channel, every language parsed, compiled, its merge fields known, and rendered once
 * with invented data. Refuses with all that is wrong. Slow, so never inside a transaction.
 */
export async function checkContent(
  renderer: Renderer,
  channel: Channel,
  content: BundleContent,
): Promise<BundleContent> {
  requireFit(channel, content)
  const languages: BundleContent['languages'] = {}
  // One after the other: the first that cannot be used ends it, and none waits for thirty that never end.
  for (const [language, sources] of Object.entries(content.languages)) {
    const fields = sampleFields({ creditor: creditorOf({}, 'Creditor'), today, language })
    const parts = partsOf(language, sources)
    const kept = await renderer.check({ parts, names: namesOf(fields), language })
    const compiled = kept[`${language}.mjml`]
    languages[language] = compiled === undefined ? sources : { ...sources, html: compiled }
  }
  return { fallbackLanguage: content.fallbackLanguage, languages }
}

function requireFit(channel: Channel, { fallbackLanguage, languages }: BundleContent): void {
  const wrong = Object.entries(languages).flatMap(([language, content]) =>
    misfits(rules[channel], content).map((message) => `${language}: ${message}`),
  )
  if (!Object.hasOwn(languages, fallbackLanguage))
    wrong.push(`the fallback language ${fallbackLanguage} has no content`)
  if (wrong.length > 0) throw refuse('bundle_content_invalid', `${channel}, ${wrong.join('; ')}`)
}

function misfits({ needs, oneOf, may }: ChannelRule, content: LanguageContent): string[] {
  const given = Object.keys(content) as Source[]
  const known = new Set<Source>([...needs, ...oneOf, ...may])
  const has = (sources: readonly Source[]) => sources.filter((source) => given.includes(source))
  return [
    ...needs.filter((source) => !given.includes(source)).map((source) => `needs ${source}`),
    ...given.filter((source) => !known.has(source)).map((source) => `takes no ${source}`),
    ...(oneOf.length > 0 && has(oneOf).length !== 1 ? [`needs one of ${oneOf.join(', ')}`] : []),
    ...(has(may).length > 1 ? [`takes only one of ${may.join(', ')}`] : []),
  ]
}
