import { type Paper, page } from './page.ts'

/** Begins a page unless so much of this one is left. */
export function requireRoom(paper: Paper, height: number): void {
  if (paper.y + height > page.bottom) paper.addPage()
}
