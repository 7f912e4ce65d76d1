import { buffer } from 'node:stream/consumers'
import { refuse } from '../templates/refusals.ts'
import { drawBody } from './body.ts'
import { drawFrame, finishPages } from './frame.ts'
import type { Letter } from './letter.ts'
import { openDocument } from './page.ts'

const pagesMax = 20
/** More than fits on so many pages. What is laid out is laid out by the server itself, so it is bounded before. */
const charactersMax = 100_000
const subjectMax = 300

/** A letter as a tagged PDF, ready for an envelope with a window; the same letter is the same bytes. */
export async function renderLetter(input: Letter): Promise<Buffer> {
  const letter = layable(input)
  const { language, subject: title, date } = letter
  const paper = openDocument({ language, title, date })
  const bytes = buffer(paper)
  // At once, not at the end: a template may say a million lines.
  paper.on('pageAdded', () => {
    if (paper.bufferedPageRange().count > pagesMax)
      throw refuse('letter_too_long', String(pagesMax))
  })
  try {
    drawFrame(paper, letter)
    drawBody(paper, letter)
    finishPages(paper, letter)
    paper.end()
  } catch (error) {
    paper.destroy()
    await bytes.catch(() => undefined)
    throw error
  }
  return bytes
}

/** The letter with texts that can be laid out: not too much of them, and no word longer than a line. */
function layable(letter: Letter): Letter {
  const blocks = letter.blocks.map((block) =>
    'text' in block ? { ...block, text: breakable(block.text) } : block,
  )
  const characters = blocks.reduce(
    (sum, block) => sum + ('text' in block ? block.text.length : 0),
    0,
  )
  if (characters > charactersMax) throw refuse('letter_too_long', String(pagesMax))
  return { ...letter, subject: breakable(letter.subject.slice(0, subjectMax)), blocks }
}

/** A word without end takes the layout minutes; a space of no width every so often lets it go on in the next line. */
const breakable = (text: string) => text.replaceAll(/\S{80}(?=\S)/gu, '$&\u200B')
