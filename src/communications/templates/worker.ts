/**
 * The program of a process that renders templates. Foreign text runs here and nowhere else: the process has no environment,
 * a small heap, and is killed by the server when it takes too long.
 */
import { Script } from 'node:vm'
import { Engine } from 'mrml'
import { analyse } from './analyse.ts'
import type { Job, JobAnswer, Part, Problem } from './jobs.ts'
import { createTwig, type Escaping, type Twig } from './twig.ts'
import { twigValue } from './twig-values.ts'

const textLengthMax = 1_000_000
const twigs: Record<Escaping, Twig> = { html: createTwig('html'), plain: createTwig('plain') }

function answer(job: Job): JobAnswer {
  return job.kind === 'check' ? check(job) : render(job, job.parts)
}

function render(job: Job, parts: readonly Part[]): JobAnswer {
  const names = Object.fromEntries(
    Object.entries(job.names).map(([name, value]) => [name, twigValue(value, job.language)]),
  )
  const texts: Record<string, string> = {}
  const problems: Problem[] = []
  for (const { name, source, escaping } of parts) {
    try {
      texts[name] = twigs[escaping].render(source, names)
      if (texts[name].length > textLengthMax)
        problems.push({ part: name, message: `The text has more than ${textLengthMax} characters` })
    } catch (error) {
      problems.push(problemOf(name, error))
    }
  }
  return problems.length > 0 ? { problems } : { texts }
}

/** Everything that is wrong at once, as far as it can be seen at once. */
function check(job: Job): JobAnswer {
  const found = job.parts.flatMap(analysed)
  if (found.length > 0) return { problems: found }
  const compiled = job.parts.map(compile)
  const failed = compiled.flatMap((part) => ('problem' in part ? [part.problem] : []))
  if (failed.length > 0) return { problems: failed }
  const parts = compiled.flatMap((part) => ('source' in part ? [part] : []))
  const tried = render(job, parts)
  if ('problems' in tried) return tried
  return { texts: Object.fromEntries(parts.map(({ name, source }) => [name, source])) }
}

function analysed({ name, source, escaping }: Part): Problem[] {
  try {
    const findings = analyse(twigs[escaping].environment, source)
    return findings.map((finding) => ({ part: name, ...finding }))
  } catch (error) {
    return [problemOf(name, error)]
  }
}

function compile(part: Part): Part | { problem: Problem } {
  if (part.isMjml !== true) return part
  // An engine of its own for each source: one that failed badly stays broken.
  const result = new Engine().toHtml(part.source)
  if (result.type === 'success') return { ...part, source: result.content }
  const reason = 'details' in result && 'source' in result.details ? result.details.source : ''
  return { problem: { part: part.name, message: `MJML: ${reason || result.message}` } }
}

interface EngineError {
  readonly rootMessage?: string
  readonly message?: string
  readonly location?: Record<string, unknown>
}

/** The engine's own words without the name of the template, which is its whole text. */
function problemOf(part: string, error: unknown): Problem {
  const { rootMessage, message, location } = error as EngineError
  const line = location?.['line'] ?? location?.['_line']
  const column = location?.['column'] ?? location?.['_column']
  const words = (rootMessage ?? message ?? 'It cannot be rendered').slice(0, 300)
  const isPlaced = typeof line === 'number' && typeof column === 'number'
  return { part, message: words, ...(isPlaced ? { line, column } : {}) }
}

interface Message {
  readonly job: Job
  readonly limitMs: number
}

/** Long after the server would have killed this process: it ends itself, should there be no server any more. */
const orphanFactor = 4
const current: { message?: Message; answer?: JobAnswer } = {}
const guarded = new Script('globalThis.quittanceRun()')
Object.assign(globalThis, {
  quittanceRun() {
    if (current.message) current.answer = answer(current.message.job)
  },
})

// The first rendering loads and compiles; it counts against nobody.
for (const twig of Object.values(twigs)) twig.render('{{ a|upper }}{{ b|money }}', { a: 'a' })

process.on('message', (message: Message) => {
  current.message = message
  guarded.runInThisContext({ timeout: message.limitMs * orphanFactor })
  process.send?.(current.answer)
})
process.on('disconnect', () => process.exit(0))
// What ends the server reaches its whole group; renderers are needed until the server has drained.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.send?.('ready')
