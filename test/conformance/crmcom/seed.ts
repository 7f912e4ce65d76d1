import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const folder = path.resolve(import.meta.dirname, '../../../../shared/seeds')
const file = existsSync(folder)
  ? readdirSync(folder).find((name) => name.startsWith('002_'))
  : undefined

/** Whether the reference that this door was built from lies beside the repository. */
export const isSeedPresent = file !== undefined

export interface Sample {
  /** The body as it stands there, to the byte. */
  readonly body: string | undefined
  readonly answer: Record<string, unknown>
}

/** The published samples by method: what is sent, and what comes back. */
export function readSamples(): Map<string, Sample> {
  const lines = readFileSync(path.join(folder, file ?? ''), 'utf8').split('\n')
  const samples = new Map<string, Sample>()
  let method = ''
  let documents: string[] = []
  for (const [index, line] of lines.entries()) {
    const named = /^(?:GET|POST) (payments\/\w+)$/.exec(line.trim())?.[1]
    if (named !== undefined) {
      method = named
      documents = []
    }
    if (!/^\s?\{$/.test(line)) continue
    documents.push(documentFrom(lines, index))
    const answer = documents.at(-1) ?? ''
    if (!answer.includes('"status":')) continue
    const body = documents.length > 1 ? documents[0] : undefined
    samples.set(method, { body, answer: JSON.parse(answer) as Record<string, unknown> })
  }
  return samples
}

/** All lines up to the bracket that closes the document at the margin. */
function documentFrom(lines: readonly string[], from: number): string {
  const end = lines.findIndex((line, index) => index > from && line === '}')
  return lines
    .slice(from, end + 1)
    .join('\n')
    .trimStart()
}
