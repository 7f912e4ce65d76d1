import type { Part } from './jobs.ts'
import type { LanguageContent } from './schema.ts'

/** The sources of one language as parts whose names say where they stand, such as `de.subject`. */
export function partsOf(language: string, content: LanguageContent): Part[] {
  const { subject, html, mjml, text, blocks = [] } = content
  const parts: Part[] = []
  const add = (name: string, part: Omit<Part, 'name'>) =>
    parts.push({ name: `${language}.${name}`, ...part })
  if (subject !== undefined) add('subject', { source: subject, escaping: 'plain' })
  if (mjml !== undefined) add('mjml', { source: mjml, escaping: 'html', isMjml: true })
  else if (html !== undefined) add('html', { source: html, escaping: 'html' })
  if (text !== undefined) add('text', { source: text, escaping: 'plain' })
  for (const [index, block] of blocks.entries())
    if ('text' in block) add(`blocks.${index}`, { source: block.text, escaping: 'plain' })
  return parts
}
