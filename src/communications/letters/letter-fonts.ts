import { createRequire } from 'node:module'
import path from 'node:path'
import Document from 'pdfkit'

export const fonts = { plain: 'Liberation Sans', bold: 'Liberation Sans-Bold' } as const

// The standard fonts have no ł, ż or ő, so DejaVu is embedded; it goes by a name that swissqrbill accepts.
const files = { plain: 'DejaVuSans.ttf', bold: 'DejaVuSans-Bold.ttf' } as const
const folder = path.join(
  path.dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf',
)

type Paper = InstanceType<typeof Document>
type Words = Record<string, object>

interface Glyph {
  _decode(): object | null
}

/** A font as pdfkit has read it; pdfkit takes it in the place of a file. */
interface ReadFont {
  _glyphs: object
  layout(text: string, features?: unknown): object
  getGlyph(id: number, codePoints?: readonly number[]): Glyph | null
}

/** A font as a document uses it. */
interface UsedFont {
  readonly font: ReadFont
  /** How the words of the document are set. */
  layoutCache: Words
}

interface KeptFont {
  readonly font: ReadFont
  words: Words
  count: number
}

// A word takes about 5 kB.
const wordsMax = 2_000
const known = new Map<string, KeptFont>()

/**
 * Gives a document our fonts. They are read once and kept with the words that were set in them: reading a font cost twice as
 * much as setting a letter, and setting the words of one most of the rest.
 */
export function useFonts(paper: Paper): void {
  for (const face of ['bold', 'plain'] as const) {
    const kept = keptFont(files[face])
    if (kept.count > wordsMax) Object.assign(kept, { words: noWords(), count: 0 })
    paper.registerFont(fonts[face], kept.font as unknown as Buffer)
    paper.font(fonts[face])
    usedFont(paper).layoutCache = kept.words
  }
}

function keptFont(file: string): KeptFont {
  const kept = known.get(file)
  if (kept) return kept
  const reader = new Document({ autoFirstPage: false }).font(path.join(folder, file))
  const { font } = usedFont(reader)
  const read: KeptFont = { font, words: noWords(), count: 0 }
  const layout = font.layout.bind(font)
  // A glyph remembers for which characters it was used first. Each word is set as if it were the first of all, so the same
  // letter is the same bytes whatever was set before it.
  font.layout = (text, features) => {
    read.count += 1
    const glyphs = font._glyphs
    font._glyphs = {}
    try {
      return layout(text, features)
    } finally {
      font._glyphs = glyphs
    }
  }
  keepOutlines(font)
  known.set(file, read)
  return read
}

/** The outlines that go into documents are read once; who asks for a glyph without characters embeds it. */
function keepOutlines(font: ReadFont): void {
  const outlines = new Map<number, object | null>()
  const getGlyph = font.getGlyph.bind(font)
  font.getGlyph = (id, codePoints) => {
    const glyph = getGlyph(id, codePoints)
    if (!glyph || codePoints || Object.hasOwn(glyph, '_decode')) return glyph
    const decode = glyph._decode.bind(glyph)
    glyph._decode = () => {
      const known = outlines.get(id)
      const outline = known === undefined ? decode() : known
      outlines.set(id, outline)
      return outline
    }
    return glyph
  }
}

const usedFont = (paper: Paper) => (paper as unknown as { _font: UsedFont })._font

/** Without a prototype: any text may be a word. */
const noWords = () => Object.create(null) as Words
