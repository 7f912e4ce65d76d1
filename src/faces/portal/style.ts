import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The style of all pages; it travels within them, so that the first view is one answer. */
export const css = readFileSync(new URL('./style.css', import.meta.url), 'utf8')
  .replaceAll(/\s*\n\s*/g, ' ')
  .trim()

/** How the policy of a page names the style that it may have. */
export const cssHash = `'sha256-${createHash('sha256').update(css).digest('base64')}'`
