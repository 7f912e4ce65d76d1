import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CsvRow, readRows } from './read-rows.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'quittance-read-rows-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function read(text: string): Promise<CsvRow[]> {
  const file = path.join(directory, 'rows.csv')
  await writeFile(file, text)
  const rows: CsvRow[] = []
  const format = { delimiter: ',', encoding: 'utf-8' } as const
  for await (const row of readRows(file, format, { offset: 0, line: 1 })) rows.push(row)
  return rows
}

const told = async (text: string) =>
  (await read(text)).map((row) => [row.line, 'cells' in row ? row.cells.join(' ') : 'broken'])

describe('line ends', () => {
  test('of rows may be others than that of the head', async () => {
    const rows = [
      [1, 'a b'],
      [2, '1 2'],
      [3, '3 4'],
      [4, '5 6'],
    ]
    expect(await told('a,b\r\n1,2\n3,4\n5,6\n')).toEqual(rows)
    expect(await told('a,b\n1,2\r\n3,4\r\n5,6\r\n')).toEqual(rows)
    expect(await told('a,b\r1,2\r\n3,4\n5,6')).toEqual(rows)
    expect(await told('a,b\r\n1,2\r\n3,4\n5,6\r\n')).toEqual(rows)
  })

  test('of carriage returns alone let no row behind a broken one be lost', async () => {
    expect(await told('a,b\r1,2\rx"y,4\r5,6\r\r7,8\r')).toEqual([
      [1, 'a b'],
      [2, '1 2'],
      [3, 'broken'],
      [4, '5 6'],
      [6, '7 8'],
    ])
  })

  test('behind a broken row are one line each, also where what is read at once ends between two bytes of them', async () => {
    // 64 kB are read at once from where the broken row begins.
    for (const length of [65_534, 65_535, 65_536]) {
      const broken = `x"${'y'.repeat(length - 2)}`
      expect(await told(`a,b\r\n${broken}\r\n5,6\r\n`)).toEqual([
        [1, 'a b'],
        [2, 'broken'],
        [3, '5 6'],
      ])
    }
  })

  const ends = fc.constantFrom('\r\n', '\n', '\r')
  const quoted = fc
    .array(fc.oneof(fc.constantFrom('x', '""', ','), ends), { minLength: 1, maxLength: 5 })
    .map((pieces) => ({
      text: `"${pieces.join('')}"`,
      cell: pieces.join('').replaceAll('""', '"'),
    }))
  const plain = fc.constantFrom('1', 'ab', 'ü').map((text) => ({ text, cell: text }))
  const good = fc.tuple(fc.oneof(plain, quoted), fc.oneof(plain, quoted)).map((cells) => ({
    text: cells.map(({ text }) => text).join(','),
    cells: cells.map((c) => c.cell),
  }))
  const broken = fc.constantFrom('x"y,4', '"x"y,4').map((text) => ({ text, cells: undefined }))
  const blank = fc.constant({ text: '', cells: [] })
  const lineOf = fc.tuple(
    fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: broken }, blank),
    ends,
  )

  test('of all kinds, in any order and within quotes, neither lose a row nor miscount a line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lineOf, { maxLength: 30 }), async (lines) => {
        let text = ''
        const expected: unknown[] = []
        for (const [{ text: row, cells }, end] of lines) {
          // A line feed behind a carriage return would be the same line end.
          if (text.endsWith('\r') && row === '' && end === '\n') text += 'z,z\n'
          const line = 1 + (text.match(/\r\n|\n|\r/g)?.length ?? 0)
          text += row + end
          if (cells === undefined) expected.push([line, 'broken'])
          else if (cells.length > 0) expected.push([line, cells])
        }
        const rows = (await read(text)).filter((row) => !('cells' in row) || row.cells[0] !== 'z')
        expect(rows.map((row) => [row.line, 'cells' in row ? row.cells : 'broken'])).toEqual(
          expected,
        )
      }),
      { numRuns: 300 },
    )
  })
})
