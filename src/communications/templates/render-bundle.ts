import { type Fields, namesOf } from '../fields/fields.ts'
import type { BundleVersion } from './bundles.ts'
import { partsOf } from './parts.ts'
import type { Renderer } from './renderer.ts'
import type { BundleContent, LanguageContent, LetterBlock } from './schema.ts'
import { smsText } from './sms-segments.ts'

export interface RenderRequest {
  readonly version: BundleVersion
  /** Wanted; answered in the bundle's fallback where it has no such language. The one of the fields if left out. */
  readonly language?: string | undefined
  readonly fields: Fields
}

export type Rendered = RenderedEmail | RenderedSms | RenderedLetter

export interface RenderedEmail {
  readonly channel: 'email'
  readonly language: string
  readonly subject: string
  /** Undefined: an e-mail of text only. */
  readonly html: string | undefined
  readonly text: string
}

export interface RenderedSms {
  readonly channel: 'sms'
  readonly language: string
  readonly text: string
}

/** What `renderLetter` puts on paper. */
export interface RenderedLetter {
  readonly channel: 'letter'
  readonly language: string
  readonly subject: string
  readonly blocks: readonly LetterBlock[]
}

/** Renders one message; refuses what cannot be rendered, and then nothing was harmed. Slow: never in a transaction. */
export async function renderBundle(
  { renderer }: { renderer: Renderer },
  { version, language: wanted, fields }: RenderRequest,
): Promise<Rendered> {
  const [language, content] = languageOf(version, wanted ?? fields.language)
  // MJML was compiled when the version was saved.
  const { mjml: _mjml, ...sources } = content
  const names = { ...namesOf(fields), language }
  const texts = await renderer.render({ parts: partsOf(language, sources), names, language })
  const textOf = (name: string) => texts[`${language}.${name}`]
  const text = textOf('text') ?? ''
  const subject = oneLine(textOf('subject') ?? '')
  switch (version.channel) {
    case 'email':
      return { channel: 'email', language, subject, html: textOf('html'), text }
    case 'sms':
      return { channel: 'sms', language, text: smsText(text) }
    case 'letter':
      return { channel: 'letter', language, subject, blocks: blocksOf(sources, textOf) }
  }
}

/** The language itself, the same without its country, else the fallback. */
function languageOf(
  { fallbackLanguage, languages }: BundleContent,
  wanted: string,
): readonly [string, LanguageContent] {
  const [base = ''] = wanted.split('-')
  for (const language of [wanted, base, fallbackLanguage]) {
    const content = Object.hasOwn(languages, language) ? languages[language] : undefined
    if (content) return [language, content]
  }
  throw new Error('A bundle version has no content in its fallback language')
}

function blocksOf(
  { blocks }: LanguageContent,
  textOf: (name: string) => string | undefined,
): LetterBlock[] {
  if (!blocks) return [...paragraphs(textOf('text') ?? ''), { type: 'payment' }]
  return blocks.flatMap((block, index): LetterBlock[] => {
    if (!('text' in block)) return [block]
    const text = textOf(`blocks.${index}`)?.trim() ?? ''
    if (text === '') return []
    return block.type === 'paragraph' ? paragraphs(text) : [{ ...block, text }]
  })
}

/** An empty line ends a paragraph. */
const paragraphs = (text: string): LetterBlock[] =>
  text
    .split(/\r?\n[^\S\n]*(?:\r?\n\s*)+/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => ({ type: 'paragraph', text: paragraph }))

/** A subject with a line break would be a second header. */
// oxlint-disable-next-line no-control-regex -- control characters are what it removes
const oneLine = (text: string) => text.replaceAll(/[\s\u0000-\u001F\u007F]+/g, ' ').trim()
