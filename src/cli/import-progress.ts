import { pc } from './colours.ts'
import type { Progress } from '../imports/index.ts'
import { printNote } from './output.ts'

const barWidthMax = 24
// Narrower than this a bar says nothing.
const barWidthMin = 8
const columnsAssumed = 80
const redrawMs = 100
const lineMs = 3_000
const toLineStart = '\r'
const clearToLineEnd = '\u001b[K'

export interface ProgressDisplay {
  show(progress: Progress): void
  /** Says something beside the bar, which goes on below it. */
  note(text: string): void
  /** Leaves the last state standing. */
  end(): void
}

/** A bar on a terminal, a line every few seconds elsewhere, nothing when nobody wants to see it. */
export function progressDisplay(isSilent: boolean): ProgressDisplay {
  const startedAt = performance.now()
  const isTerminal = process.stderr.isTTY
  let shownAt = startedAt
  let last: Progress | undefined
  const draw = (progress: Progress) => {
    const words = wordsOf(progress, performance.now() - startedAt)
    if (isTerminal)
      process.stderr.write(`${toLineStart}${lineOf(progress, words)}${clearToLineEnd}`)
    else printNote(words)
  }
  return {
    show(progress) {
      last = progress
      const now = performance.now()
      if (isSilent || now - shownAt < (isTerminal ? redrawMs : lineMs)) return
      shownAt = now
      draw(progress)
    },
    note(text) {
      const hasBar = isTerminal && !isSilent && last !== undefined
      if (hasBar) process.stderr.write(`${toLineStart}${clearToLineEnd}`)
      printNote(text)
      if (hasBar && last) draw(last)
    },
    end() {
      if (isSilent || !isTerminal || last === undefined) return
      draw(last)
      process.stderr.write('\n')
    },
  }
}

const shareOf = ({ bytesDone, bytesTotal }: Progress) =>
  bytesTotal === 0 ? 1 : Math.min(1, bytesDone / bytesTotal)

/** As long as the terminal is wide and no longer: what wraps is not overwritten by the next. */
function lineOf(progress: Progress, words: string): string {
  // The last column stays free: some terminals wrap when it is taken. Zero is a terminal that does not know its size.
  const room = (process.stderr.columns || columnsAssumed) - 1
  const width = Math.min(barWidthMax, room - words.length - 1)
  return width < barWidthMin ? words.slice(0, room) : `${barOf(progress, width)} ${words}`
}

function barOf(progress: Progress, width: number): string {
  // Full only when all is done, as the words say 100 % only then.
  const full = Math.floor(shareOf(progress) * width)
  return pc.cyan('█'.repeat(full)) + pc.dim('░'.repeat(width - full))
}

/** `12,000 rows, 4,210 rows/s, 37 %, 0:12 left` */
export function wordsOf(progress: Progress, elapsedMs: number): string {
  const { rows, bytesDone, bytesTotal } = progress
  const seconds = Math.max(elapsedMs / 1_000, 0.001)
  const perSecond = grouped(Math.round(rows / seconds))
  const percent = Math.floor(shareOf(progress) * 100)
  const words = `${grouped(rows)} rows, ${perSecond} rows/s, ${percent} %`
  if (percent === 100) return `${words}, 0:00 left`
  // As long as nothing is done, nobody knows how long it takes.
  if (bytesDone === 0) return words
  return `${words}, ${clockOf((seconds * (bytesTotal - bytesDone)) / bytesDone)} left`
}

/** `0:12`, `59:01`, `1:00:00`. Rounded up: 0:00 is said when nothing is left. */
function clockOf(exactSeconds: number): string {
  const seconds = Math.ceil(exactSeconds)
  const twoDigits = (count: number) => String(count % 60).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours === 0) return `${minutes}:${twoDigits(seconds)}`
  return `${hours}:${twoDigits(minutes)}:${twoDigits(seconds)}`
}

/** 1234567 as 1,234,567. */
export const grouped = (count: number) => count.toLocaleString('en-US')
