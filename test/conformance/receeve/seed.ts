import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const file = path.resolve(
  import.meta.dirname,
  '../../../../shared/seeds/001_1f923d24d8c0dec2.condensed.txt',
)

/** Whether the reference that this door was built from lies beside the repository. */
export const isSeedPresent = existsSync(file)

export interface Sample {
  body?: unknown
  answer?: unknown
}

/** The published samples by operation: what is sent, and the answer of status 200. */
export function readSamples(): Map<string, Sample> {
  const samples = new Map<string, Sample>()
  const lines = readFileSync(file, 'utf8').split('\n')
  let sample: Sample = {}
  let wanted: keyof Sample | undefined
  for (const [index, line] of lines.entries()) {
    const operation = /^(?:GET|POST) \/v1\/(?:\{clientId\}\/)?([a-z0-9_/]+)$/.exec(line)?.[1]
    if (operation !== undefined) {
      sample = {}
      samples.set(operation, sample)
      wanted = undefined
    }
    if (line === 'Body parameter') wanted = 'body'
    if (line === '200 Response') wanted = 'answer'
    const isJson = line.startsWith('"') || line === '{' || line === '['
    if (!wanted || !isJson) continue
    sample[wanted] = unwrapped(JSON.parse(documentFrom(lines, index)))
    wanted = undefined
  }
  return samples
}

/** The operations that the page describes, as `POST create_claims`. */
export function readPaths(): string[] {
  const line = /^(GET|POST) \/v1\/(?:\{clientId\}\/)?([a-z0-9_/]+)$/gm
  const found = readFileSync(file, 'utf8').matchAll(line)
  return [...new Set([...found].map(([, method, name]) => `${method} ${name}`))]
}

/** A document of one line, or all lines up to the bracket that closes it at the margin. */
function documentFrom(lines: readonly string[], start: number): string {
  const first = lines[start] ?? ''
  if (first.startsWith('"')) return first
  const end = lines.indexOf(first === '{' ? '}' : ']', start)
  return lines.slice(start, end + 1).join('\n')
}

/** The page prints documents as strings, some of them inside a list or under a made-up key. */
function unwrapped(value: unknown): unknown {
  if (typeof value === 'string')
    return /^\s*[[{]/.test(value) ? unwrapped(JSON.parse(value)) : value
  if (Array.isArray(value)) {
    const elements = value.map(unwrapped)
    // resolve_claims: a list whose only element is the printed list.
    return elements.length === 1 && typeof value[0] === 'string' && Array.isArray(elements[0])
      ? elements[0]
      : elements
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]))
}

/** Every key that the sample has and the answer has not, or has in another kind; `[]` stands for any element. */
export function missingFrom(answer: unknown, sample: unknown, at = ''): string[] {
  if (kindOf(answer) !== kindOf(sample)) return [`${at}: ${kindOf(answer)}, not ${kindOf(sample)}`]
  if (Array.isArray(sample)) {
    const [first] = sample
    if (first === undefined) return []
    return (answer as unknown[]).flatMap((element) => missingFrom(element, first, `${at}[]`))
  }
  if (kindOf(sample) !== 'object') return []
  const shown = answer as Record<string, unknown>
  return Object.entries(sample as object).flatMap(([key, inner]) =>
    key in shown ? missingFrom(shown[key], inner, `${at}.${key}`) : [`${at}.${key} is missing`],
  )
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
