import { isDate, parseDateAs } from '../kernel/dates.ts'
import { InvalidAmount, parseDecimal } from '../kernel/money.ts'
import { countryOf } from './countries.ts'
import { feePrefix, filledFields, metaPrefix, type Reading, readingOf } from './fields.ts'
import type { Mapping } from './mapping.ts'
import { ImportUsageError, RowProblem } from './problems.ts'

/** What a row says, field by field; a field whose cell is empty is absent. */
export interface Values {
  readonly texts: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, number>>
  readonly meta: Readonly<Record<string, string>>
  readonly fees: readonly { name: string; amount: number }[]
}

/** A mapping made ready for the columns of one file. */
export interface RowReader {
  /** Throws `RowProblem` for a row that cannot be used. */
  read(cells: readonly string[]): Values
  /** The caller's name of the row, as far as it can be told. */
  referenceOf(cells: readonly string[]): string
}

interface Step {
  readonly field: string
  readonly reading: Reading
  /** The column, or the constant in quotes, as it is named to the user. */
  readonly shown: string
  readonly column: number
  readonly constant: string
}

/** Finds the columns of a mapping in the head of a file. Columns that it does not have are named, with those it has. */
export function rowReader(mapping: Mapping, head: readonly string[]): RowReader {
  const steps = stepsOf(mapping, head)
  const filled = new Set(filledFields(mapping.kind))
  const reference = steps.find((step) => step.field === referenceFields[mapping.kind])
  const textOf = (step: Step, cells: readonly string[]) =>
    step.column < 0 ? step.constant : (cells[step.column] ?? '').trim()
  return {
    read(cells) {
      if (cells.length !== head.length)
        throw new RowProblem(`the row has ${cells.length} cells, the head has ${head.length}`)
      const values = { texts: {}, numbers: {}, meta: {}, fees: [] } as MutableValues
      for (const step of steps) {
        const text = textOf(step, cells)
        if (text !== '') take(values, step, { text, mapping })
        else if (filled.has(step.field)) throw new RowProblem(`${step.shown} is empty`)
      }
      return values
    },
    referenceOf: (cells) => (reference === undefined ? '' : textOf(reference, cells)),
  }
}

const referenceFields = {
  accounts: 'accountReference',
  claims: 'claimReference',
  entries: 'ledgerEntryReference',
} as const

function stepsOf(mapping: Mapping, head: readonly string[]): Step[] {
  const columns = head.map((name) => name.trim())
  const problems: string[] = []
  const steps: Step[] = []
  for (const [field, source] of mapping.sources) {
    const reading = readingOf(mapping.kind, field) ?? 'text'
    if ('constant' in source) {
      const step = {
        field,
        reading,
        shown: `"${source.constant}"`,
        constant: source.constant.trim(),
      }
      steps.push({ ...step, column: -1 })
      continue
    }
    const column = columns.indexOf(source.column)
    if (column < 0)
      problems.push(`The file has no column ${source.column}. It has: ${columns.join(', ')}`)
    else if (columns.includes(source.column, column + 1))
      problems.push(`The file has the column ${source.column} more than once`)
    steps.push({ field, reading, shown: source.column, column, constant: '' })
  }
  if (problems.length > 0) throw new ImportUsageError(problems)
  checkConstants(mapping, steps)
  // Amounts are read by the currency of their row.
  return steps.sort((a, b) => Number(b.reading === 'currency') - Number(a.reading === 'currency'))
}

/** A constant that cannot be read is a mistake of the command, not of every row. */
function checkConstants(mapping: Mapping, steps: readonly Step[]): void {
  const isFixed = (step: Step) => step.column < 0
  const currency = steps.find((step) => step.reading === 'currency')?.constant ?? ''
  for (const step of steps.filter(isFixed)) {
    const values = { texts: { currency }, numbers: {}, meta: {}, fees: [] }
    try {
      take(values, step, { text: step.constant, mapping })
    } catch (error) {
      if (error instanceof RowProblem)
        throw new ImportUsageError([`${step.field}: ${error.message}`])
      throw error
    }
  }
}

interface MutableValues {
  readonly texts: Record<string, string>
  readonly numbers: Record<string, number>
  readonly meta: Record<string, string>
  readonly fees: { name: string; amount: number }[]
}

const isUnreadable = (text: string) => text.includes('\0') || text.includes('\ufffd')

function take(
  values: MutableValues,
  step: Step,
  { text, mapping }: { text: string; mapping: Mapping },
): void {
  const { field, reading, shown } = step
  if (isUnreadable(text)) throw new RowProblem(unreadableText(text, step, mapping))
  if (reading === 'amount') {
    const amount = amountOf(text, { shown, mapping, currency: values.texts['currency'] ?? '' })
    if (field.startsWith(feePrefix))
      values.fees.push({ name: field.slice(feePrefix.length), amount })
    else values.numbers[field] = amount
  } else if (reading === 'instant') {
    values.numbers[field] = instantOf(text, { shown, mapping })
  } else if (field.startsWith(metaPrefix)) {
    values.meta[field.slice(metaPrefix.length)] = text
  } else {
    values.texts[field] = readText(text, { reading, shown, mapping })
  }
}

function unreadableText(text: string, { shown }: Step, { encoding }: Mapping): string {
  if (text.includes('\0')) return `${shown} holds the character NUL`
  return encoding === 'utf-8'
    ? `${shown} is no UTF-8; is the file in windows-1252?`
    : `${shown} holds a character that cannot be read`
}

interface Cell {
  readonly shown: string
  readonly mapping: Mapping
}

function amountOf(text: string, cell: Cell & { currency: string }): number {
  const { shown, mapping, currency } = cell
  // A point within a number with a comma, or the other way round, may group digits or not: nobody guesses.
  const decimal = mapping.decimalMark === ',' && !text.includes('.') ? text.replace(',', '.') : text
  if (mapping.decimalMark === ',' && text.includes('.'))
    throw new RowProblem(`${shown}: ${text} is no decimal number with a comma`)
  try {
    return parseDecimal(decimal, currency)
  } catch (error) {
    if (error instanceof InvalidAmount) throw new RowProblem(`${shown}: ${text}: ${error.message}`)
    throw error
  }
}

function instantOf(text: string, { shown, mapping }: Cell): number {
  const date = parseDateAs(text, mapping.dateFormat)
  if (date !== undefined) return Date.parse(date)
  const isInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
  const ms = isInstant && isDate(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw new RowProblem(noDate(text, { shown, mapping }))
  return ms
}

const noDate = (text: string, { shown, mapping }: Cell) =>
  `${shown}: ${text} is no date written as ${mapping.dateFormat}`

const entryKinds = [
  'invoice',
  'fee',
  'payment',
  'adjustment',
  'chargeback',
  'discount',
  'reporting',
]

function readText(text: string, cell: Cell & { reading: Reading }): string {
  const { reading, shown, mapping } = cell
  switch (reading) {
    case 'date': {
      const date = parseDateAs(text, mapping.dateFormat)
      if (date === undefined) throw new RowProblem(noDate(text, cell))
      return date
    }
    case 'country': {
      const country = countryOf(text) ?? mapping.unknownCountry
      if (country === undefined)
        throw new RowProblem(`${shown}: ${text} is no country of ISO 3166 (see --unknown-country)`)
      return country
    }
    case 'currency':
      if (!/^[A-Z]{3}$/.test(text))
        throw new RowProblem(`${shown}: ${text} is no currency of three capitals`)
      return text
    case 'entryKind':
      return oneOf(text.toLowerCase(), entryKinds, shown)
    case 'debtorType':
      return oneOf(text.toLowerCase(), ['natural', 'legal'], shown)
    case 'text':
    case 'amount':
    case 'instant':
      return text
  }
}

function oneOf(text: string, choices: readonly string[], shown: string): string {
  if (!choices.includes(text))
    throw new RowProblem(`${shown}: ${text} is none of ${choices.join(', ')}`)
  return text
}
