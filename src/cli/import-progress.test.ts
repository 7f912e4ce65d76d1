import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { progressDisplay, wordsOf } from './import-progress.ts'

let written: string
const terminal = { isTTY: process.stderr.isTTY, columns: process.stderr.columns }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  written = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text)
    return true
  })
})
afterEach(() => {
  Object.assign(process.stderr, terminal)
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const onTerminal = (columns = 80) => Object.assign(process.stderr, { isTTY: true, columns })
const offTerminal = () => Object.assign(process.stderr, { isTTY: false, columns: undefined })

/** So many of a thousand rows of ten bytes each. */
const done = (rows: number) => ({ rows, bytesDone: rows * 10, bytesTotal: 10_000 })
const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1_000)
const seen = () => stripVTControlCharacters(written)

describe('the words', () => {
  test('say how many rows, how fast, how much of the file, and how long it will take', () => {
    const progress = { rows: 12_000, bytesDone: 37, bytesTotal: 100 }
    expect(wordsOf(progress, 6_000)).toBe('12,000 rows, 2,000 rows/s, 37 %, 0:11 left')
  })

  test('write minutes and hours as a clock does', () => {
    expect(wordsOf(done(500), 65_000)).toMatch(/ 50 %, 1:05 left$/)
    expect(wordsOf(done(500), 3_599_000)).toMatch(/, 59:59 left$/)
    expect(wordsOf(done(500), 3_600_000)).toMatch(/, 1:00:00 left$/)
    expect(wordsOf(done(500), 36_061_000)).toMatch(/, 10:01:01 left$/)
  })

  test('say 100 % and 0:00 only when all is done', () => {
    const almost = { rows: 9_999, bytesDone: 9_999, bytesTotal: 10_000 }
    expect(wordsOf(almost, 1_000)).toBe('9,999 rows, 9,999 rows/s, 99 %, 0:01 left')
    expect(wordsOf(done(1_000), 2_000)).toBe('1,000 rows, 500 rows/s, 100 %, 0:00 left')
  })

  test('promise no end while nothing is done, and divide nothing by nothing', () => {
    expect(wordsOf(done(0), 0)).toBe('0 rows, 0 rows/s, 0 %')
    const empty = { rows: 0, bytesDone: 0, bytesTotal: 0 }
    expect(wordsOf(empty, 0)).toBe('0 rows, 0 rows/s, 100 %, 0:00 left')
  })
})

describe('on a terminal', () => {
  test('a bar is drawn over itself and its last state is left standing', () => {
    onTerminal()
    const display = progressDisplay(false)
    pass(1)
    display.show(done(250))
    expect(seen()).toBe(`\r${'█'.repeat(6)}${'░'.repeat(18)} 250 rows, 250 rows/s, 25 %, 0:03 left`)
    written = ''
    pass(1)
    display.show(done(999))
    expect(seen()).toBe(`\r${'█'.repeat(23)}░ 999 rows, 500 rows/s, 99 %, 0:01 left`)
    // What a longer line left behind is wiped away.
    expect(written.endsWith('\u001b[K')).toBe(true)
    display.show(done(1_000))
    written = ''
    display.end()
    expect(seen()).toBe(`\r${'█'.repeat(24)} 1,000 rows, 500 rows/s, 100 %, 0:00 left\n`)
  })

  test('it is drawn ten times a second, however often it is told', () => {
    onTerminal()
    const display = progressDisplay(false)
    for (let step = 1; step <= 100; step += 1) {
      pass(0.01)
      display.show(done(step * 10))
    }
    expect(seen().split('\r')).toHaveLength(1 + 10)
  })

  test('the line never wraps: the bar gives way first, then the words', () => {
    for (const columns of [0, 10, 40, 50, 60, 70, 200]) {
      onTerminal(columns)
      written = ''
      const display = progressDisplay(false)
      pass(1)
      display.show(done(250))
      const line = seen().replace('\r', '')
      const words = '250 rows, 250 rows/s, 25 %, 0:03 left'
      expect(line.length).toBeLessThan(columns || 80)
      expect(line.endsWith(words.slice(0, (columns || 80) - 1))).toBe(true)
      expect(line.includes('█')).toBe(columns === 0 || columns >= 50)
    }
  })

  test('a note takes the place of the bar, which goes on below', () => {
    onTerminal()
    const display = progressDisplay(false)
    display.note('Before anything')
    expect(written).toBe('Before anything\n')
    pass(1)
    display.show(done(250))
    written = ''
    display.note('Stopping')
    expect(written.startsWith('\r\u001b[KStopping\n\r')).toBe(true)
    expect(seen()).toMatch(/\n\r█+░+ 250 rows, 250 rows\/s, 25 %, 0:03 left$/)
  })

  test('nothing stands there when no row was ever booked', () => {
    onTerminal()
    progressDisplay(false).end()
    expect(written).toBe('')
  })
})

describe('elsewhere', () => {
  test('a plain line is written every three seconds, and none at the end', () => {
    offTerminal()
    const display = progressDisplay(false)
    for (let second = 1; second <= 7; second += 1) {
      pass(1)
      display.show(done(second * 100))
    }
    display.end()
    expect(written).toBe(
      '300 rows, 100 rows/s, 30 %, 0:07 left\n600 rows, 100 rows/s, 60 %, 0:04 left\n',
    )
  })

  test('a note is a line', () => {
    offTerminal()
    const display = progressDisplay(false)
    pass(1)
    display.show(done(100))
    display.note('Stopping')
    expect(written).toBe('Stopping\n')
  })
})

test('who wants JSON sees no progress, on a terminal neither, but notes', () => {
  onTerminal()
  const display = progressDisplay(true)
  pass(10)
  display.show(done(500))
  display.end()
  expect(written).toBe('')
  display.note('Stopping')
  expect(written).toBe('Stopping\n')
})
