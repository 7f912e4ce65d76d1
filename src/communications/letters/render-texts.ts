import { type RenderRequest, renderBundle, type Rendered } from '../templates/render-bundle.ts'
import type { Renderer } from '../templates/renderer.ts'
import { letterOf } from './letter-of.ts'
import { renderLetter } from './render-letter.ts'

/** A message of any channel in the same words: what is sent, and for a letter what is printed. */
export interface MessageTexts {
  readonly language: string
  readonly subject?: string | undefined
  readonly html?: string | undefined
  readonly text: string
  readonly pdf?: Buffer | undefined
}

/** Renders a version for one claim, a letter to its PDF. Slow: never in a transaction. */
export async function renderTexts(
  deps: { renderer: Renderer },
  request: RenderRequest,
): Promise<MessageTexts> {
  const rendered = await renderBundle(deps, request)
  if (rendered.channel !== 'letter') return rendered
  const { language, subject } = rendered
  const text = plainText(rendered)
  return { language, subject, text, pdf: await renderLetter(letterOf(rendered, request.fields)) }
}

type Letterhead = Extract<Rendered, { channel: 'letter' }>

/** What a letter says, without its tables and codes. */
const plainText = ({ blocks }: Letterhead) =>
  blocks.flatMap((block) => ('text' in block ? [block.text] : [])).join('\n\n')
