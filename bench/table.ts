import { isMet, type Row, type Spread } from './measure.ts'

const head = ['', 'what', 'Quittance', 'compared with', 'ratio', 'target', '']

/** The one table of the bench, as text that is also Markdown. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(cellsOf)
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  const spoiled = rows.flatMap((row) =>
    row.invalid === undefined ? [] : [`${row.id}: ${row.invalid}`],
  )
  return [line(head), rule, ...cells.map(line), ...spoiled.map((text) => `INVALID ${text}`)].join(
    '\n',
  )
}

function cellsOf(row: Row): string[] {
  const { denominator, denominatorName, ratio, target, unit } = row
  const compared = denominator ? `${denominatorName ?? ''} ${shown(denominator)}` : ''
  const symbols = { 'at least': '≥', 'at most': '≤', below: '<' }
  return [
    row.id,
    row.name,
    `${shown(row.numerator)} ${unit}`,
    compared,
    ratio ? shown(ratio) : '',
    target ? `${symbols[target.direction]} ${target.bound}${ratio ? '' : ` ${unit}`}` : '',
    row.invalid === undefined ? markOf(row) : 'INVALID',
  ]
}

function markOf(row: Row): string {
  const met = isMet(row)
  if (met === undefined) return ''
  return met ? '✓' : '✗'
}

function shown({ median, min, max }: Spread): string {
  return min === max ? number(median) : `${number(median)} (${number(min)}–${number(max)})`
}

function number(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en').replaceAll(',', ' ')
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2)
}
