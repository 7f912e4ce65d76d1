import { pc } from './colours.ts'
import type { Progress } from '../imports/index.ts'
import { printNote } from './output.ts'

const barWidth = 24
const redrawMs = 100
const lineMs = 3_000

export interface ProgressDisplay {
  show(progress: Progress): void
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
    if (isTerminal) process.stderr.write(`\r${barOf(progress)} ${words}\u001b[K`)
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
    end() {
      if (isSilent || !isTerminal || last === undefined) return
      draw(last)
      process.stderr.write('\n')
    },
  }
}

const shareOf = ({ bytesRead, bytesTotal }: Progress) =>
  bytesTotal === 0 ? 1 : Math.min(1, bytesRead / bytesTotal)

function barOf(progress: Progress): string {
  const full = Math.round(shareOf(progress) * barWidth)
  return pc.cyan('█'.repeat(full)) + pc.dim('░'.repeat(barWidth - full))
}

/** `12,000 rows, 4,210 rows/s, 37 %, 0:12 left` */
export function wordsOf(progress: Progress, elapsedMs: number): string {
  const share = shareOf(progress)
  const perSecond = Math.round(progress.rows / Math.max(elapsedMs / 1_000, 0.001))
  const leftSeconds = share === 0 ? 0 : Math.round(((elapsedMs / 1_000) * (1 - share)) / share)
  const left = `${Math.floor(leftSeconds / 60)}:${String(leftSeconds % 60).padStart(2, '0')}`
  return `${grouped(progress.rows)} rows, ${grouped(perSecond)} rows/s, ${Math.floor(share * 100)} %, ${left} left`
}

/** 1234567 as 1,234,567. */
export const grouped = (count: number) => count.toLocaleString('en-US')
