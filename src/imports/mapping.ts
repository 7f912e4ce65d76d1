import type { DateFormat } from '../kernel/dates.ts'
import { type Encoding, encodings } from './encoding.ts'
import { fieldNames, type ImportKind, importKinds, missingFields, readingOf } from './fields.ts'
import { ImportUsageError } from './problems.ts'

/** Where a field comes from: a column of the file, or the same text for all rows. */
export type Source = { readonly column: string } | { readonly constant: string }

export interface Mapping {
  readonly kind: ImportKind
  readonly sources: ReadonlyMap<string, Source>
  readonly dateFormat: DateFormat
  readonly decimalMark: DecimalMark
  /** The country of a debtor whose code ISO does not know; without it such a row is invalid. */
  readonly unknownCountry: string | undefined
  readonly delimiter: string
  readonly encoding: Encoding
}

const decimalMarks = ['.', ','] as const
export type DecimalMark = (typeof decimalMarks)[number]

const dateFormats = Object.keys({
  'YYYY-MM-DD': true,
  'M/D/YYYY': true,
  'MM/DD/YYYY': true,
  'D/M/YYYY': true,
  'DD.MM.YYYY': true,
  'D.M.YYYY': true,
  YYYYMMDD: true,
} satisfies Record<DateFormat, true>) as DateFormat[]

/** The options of a mapping as they are typed and saved. */
export interface MappingOptions {
  kind?: string | undefined
  currency?: string | undefined
  dateFormat?: string | undefined
  decimalMark?: string | undefined
  unknownCountry?: string | undefined
  delimiter?: string | undefined
  encoding?: string | undefined
}

/** A mapping as it is saved: fields with their columns, `:text` for a constant. */
export interface SavedMapping {
  readonly map: Readonly<Record<string, string>>
  readonly options: MappingOptions
}

const optionNames = [
  'kind',
  'currency',
  'dateFormat',
  'decimalMark',
  'unknownCountry',
  'delimiter',
  'encoding',
] as const

/** Reads the JSON of a saved mapping. */
export function readSavedMapping(text: string): SavedMapping {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ImportUsageError([`The mapping file is no JSON: ${(error as Error).message}`])
  }
  const { map = {}, options = {}, ...others } = isObject(value) ? value : { map: value }
  const unknown = [
    ...Object.keys(others),
    ...Object.keys(isObject(options) ? options : {}).filter(
      (name) => !optionNames.some((known) => known === name),
    ),
  ]
  if (unknown.length > 0) {
    const known = `map and options (${optionNames.join(', ')})`
    throw new ImportUsageError([
      `The mapping file holds ${unknown.join(', ')}; it may hold ${known}`,
    ])
  }
  if (!isTexts(map) || !isTexts(options))
    throw new ImportUsageError(['The mapping file must give each field and option as a text'])
  return { map, options }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((each) => typeof each === 'string')

/** A saved mapping with what the command line says in its place. */
export function mergedMapping(
  saved: SavedMapping | undefined,
  typed: { maps: readonly string[]; options: MappingOptions },
): SavedMapping {
  const map: Record<string, string> = { ...saved?.map }
  for (const each of typed.maps) {
    const at = each.indexOf('=')
    if (at <= 0 || at === each.length - 1)
      throw new ImportUsageError([`--map ${each}: write field=column, or field=:text for all rows`])
    map[each.slice(0, at)] = each.slice(at + 1)
  }
  const options: MappingOptions = { ...saved?.options }
  for (const name of optionNames) {
    const value = typed.options[name]
    if (value !== undefined) options[name] = value
  }
  return { map, options }
}

/** Checks everything about a mapping that needs no file. Names all that is wrong at once. */
export function mappingOf({ map, options }: SavedMapping): Mapping {
  const problems: string[] = []
  const kind = oneOf(problems, { name: 'kind', value: options.kind, choices: importKinds })
  const mapping = {
    dateFormat: oneOf(problems, {
      name: 'date-format',
      value: options.dateFormat ?? 'YYYY-MM-DD',
      choices: dateFormats,
    }),
    decimalMark: oneOf(problems, {
      name: 'decimal-mark',
      value: options.decimalMark ?? '.',
      choices: decimalMarks,
    }),
    encoding: oneOf(problems, {
      name: 'encoding',
      value: options.encoding ?? 'utf-8',
      choices: encodings,
    }),
    unknownCountry: countryOption(problems, options.unknownCountry),
    delimiter: delimiterOption(problems, options.delimiter ?? ','),
  }
  if (kind === undefined) throw new ImportUsageError(problems)
  const sources = sourcesOf(problems, kind, { map, currency: options.currency })
  const { dateFormat, decimalMark, encoding } = mapping
  if (problems.length > 0 || !dateFormat || !decimalMark || !encoding)
    throw new ImportUsageError(problems)
  return { ...mapping, kind, sources, dateFormat, decimalMark, encoding }
}

function sourcesOf(
  problems: string[],
  kind: ImportKind,
  given: { map: Readonly<Record<string, string>>; currency: string | undefined },
): Map<string, Source> {
  const sources = new Map<string, Source>()
  for (const [field, text] of Object.entries(given.map)) {
    if (readingOf(kind, field) === undefined)
      problems.push(
        `There is no field ${field} for ${kind}. There are: ${fieldNames(kind).join(', ')}`,
      )
    else sources.set(field, text.startsWith(':') ? { constant: text.slice(1) } : { column: text })
  }
  if (given.currency !== undefined && !sources.has('currency'))
    sources.set('currency', { constant: given.currency })
  for (const field of missingFields(kind, sources)) {
    const also = field === 'currency' ? ', or --currency EUR' : ''
    problems.push(`${kind} need ${field}: --map ${field}=<column>, or ${field}=:<text>${also}`)
  }
  return sources
}

function oneOf<T extends string>(
  problems: string[],
  option: { name: string; value: string | undefined; choices: readonly T[] },
): T | undefined {
  const { name, value, choices } = option
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const given = value === undefined ? 'is missing' : `cannot be ${value}`
  problems.push(`--${name} ${given}; give one of ${choices.join('  ')}`)
  return undefined
}

function countryOption(problems: string[], text: string | undefined): string | undefined {
  if (text !== undefined && !/^[A-Z]{2}$/.test(text))
    problems.push(`--unknown-country cannot be ${text}; give two capitals, such as ZZ for unknown`)
  return text
}

function delimiterOption(problems: string[], text: string): string {
  const delimiter = text === 'tab' || text === String.raw`\t` ? '\t' : text
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter) && delimiter.charCodeAt(0) < 0x80)
    return delimiter
  problems.push('--delimiter is one ASCII character other than a quote, or the word tab')
  return ','
}
