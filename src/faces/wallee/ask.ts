import type { FastifyRequest } from 'fastify'
import { decode, splitAtFirst } from './mac.ts'
import { refuse } from './refusals.ts'

/** The parameters of a query, each with all its values in order: `expand` may come more than once. */
export function queryOf(request: FastifyRequest): Map<string, string[]> {
  const [, query] = splitAtFirst(request.raw.url ?? '', '?')
  const values = new Map<string, string[]>()
  for (const pair of (query ?? '').split('&')) {
    if (pair === '') continue
    const [name, value = ''] = splitAtFirst(pair, '=')
    const key = decode(name)
    values.set(key, [...(values.get(key) ?? []), decode(value)])
  }
  return values
}

/** A whole number of a query; undefined where it is not given. */
export function wholeOf(
  query: ReadonlyMap<string, string[]>,
  name: string,
  range: { least: number; most: number } = { least: 0, most: Number.MAX_SAFE_INTEGER },
): number | undefined {
  const text = query.get(name)?.[0]
  if (text === undefined || text === '') return undefined
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.least && value <= range.most) return value
  throw refuse(
    'invalid_parameter',
    `${name} is a whole number from ${range.least} to ${range.most}`,
  )
}

/** What is to be shown whole: repeated, or with commas between. */
export function expandOf(query: ReadonlyMap<string, string[]>): ReadonlySet<string> {
  const names = (query.get('expand') ?? []).flatMap((value) => value.split(','))
  return new Set(names.map((name) => name.trim()).filter((name) => name !== ''))
}

const languageDefault = 'en-US'

/** The first language of `Accept-Language`; names are given in it. */
export function languageOf(header: string | undefined): string {
  const first = (header ?? '').split(/[,;]/)[0]?.trim() ?? ''
  return /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(first) ? first : languageDefault
}
