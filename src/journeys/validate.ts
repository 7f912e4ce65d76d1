import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { problemsOfCondition } from './conditions.ts'
import {
  branchesOf,
  type JourneyDocument,
  mainPath,
  type Step,
  stepSchemas,
  type StepOf,
} from './document.ts'
import { loopsOf, targetOf } from './loops.ts'

const pathsMax = 50
const stepsMax = 500
const charsMax = 262_144
const problemsMax = 20

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export type Checked =
  | { readonly document: JourneyDocument }
  /** Each names the step, or the path, that is wrong. */
  | { readonly problems: readonly string[] }

/** A journey as it may be kept, every step of it with an id; or all that is wrong with it. */
export function checkDocument(input: unknown): Checked {
  const paths = isObject(input) ? input['paths'] : undefined
  if (!isObject(input) || !isObject(paths))
    return { problems: ['a journey is {"paths": {"main": […]}}'] }
  const rough = problemsOfSize(input, paths)
  if (rough.length > 0) return { problems: rough }
  const named = Object.entries(paths).map(
    ([path, steps]) =>
      [path, (steps as unknown[]).map((step, at) => withId(step, path, at))] as const,
  )
  const problems = [
    ...repeatedIds(named.flatMap(([, steps]) => steps)),
    ...named.flatMap(([path, steps]) =>
      steps.flatMap((step, at) => problemsOfStep(step, path, at)),
    ),
  ]
  if (problems.length > 0) return { problems: problems.slice(0, problemsMax) }
  const document = { paths: Object.fromEntries(named) } as JourneyDocument
  const ways = [...problemsOfWays(document), ...loopsOf(document)]
  return ways.length > 0 ? { problems: ways.slice(0, problemsMax) } : { document }
}

function problemsOfSize(input: Record<string, unknown>, paths: Record<string, unknown>): string[] {
  const other = Object.keys(input).find((key) => key !== 'paths')
  if (other !== undefined) return [`a journey knows no "${other.slice(0, 64)}"`]
  if (JSON.stringify(input).length > charsMax)
    return [`a journey has at most ${charsMax} characters`]
  if (!Object.hasOwn(paths, mainPath)) return [`there is no path "${mainPath}"`]
  const entries = Object.entries(paths)
  if (entries.length > pathsMax) return [`a journey has at most ${pathsMax} paths`]
  const problems = entries.flatMap(([path, steps]) => {
    if (!namePattern.test(path))
      return [`path "${path.slice(0, 64)}": a name has 1 to 64 letters, digits, ".", "_" or "-"`]
    return Array.isArray(steps) ? [] : [`path "${path}": is a list of steps`]
  })
  const count = entries.reduce(
    (sum, [, steps]) => sum + (Array.isArray(steps) ? steps.length : 0),
    0,
  )
  if (count > stepsMax) problems.push(`a journey has at most ${stepsMax} steps`)
  return problems
}

function withId(step: unknown, path: string, at: number): unknown {
  if (!isObject(step) || 'id' in step) return step
  // A path's name may be as long as an id already.
  return { id: `${path.slice(0, 56)}.${at + 1}`, ...step }
}

function repeatedIds(steps: readonly unknown[]): string[] {
  const seen = new Set<unknown>()
  return steps.flatMap((step) => {
    const id = isObject(step) ? step['id'] : undefined
    if (typeof id !== 'string') return []
    if (seen.has(id)) return [`step "${id.slice(0, 64)}": another step has this id`]
    seen.add(id)
    return []
  })
}

function problemsOfStep(step: unknown, path: string, at: number): string[] {
  const where = nameOf(step) ?? `${path}.${at + 1}`
  return problemsWithin(step).map((problem) => `step "${where}": ${problem}`)
}

function nameOf(step: unknown): string | undefined {
  const id = isObject(step) ? step['id'] : undefined
  return typeof id === 'string' ? id.slice(0, 64) : undefined
}

function problemsWithin(step: unknown): string[] {
  if (!isObject(step)) return ['a step is an object']
  const { type } = step
  if (typeof type !== 'string' || !Object.hasOwn(stepSchemas, type))
    return [`"type" is one of ${Object.keys(stepSchemas).join(', ')}`]
  const schema: TSchema = stepSchemas[type as Step['type']]
  const shape = problemsOfShape(schema, step)
  return shape.length > 0 ? shape : problemsOfSense(step as unknown as Step)
}

function problemsOfShape(schema: TSchema, step: Record<string, unknown>): string[] {
  if (Value.Check(schema, step)) return []
  const found = Value.Errors(schema, step).map(({ instancePath, message, keyword, params }) => {
    const place = instancePath === '' ? '' : `${instancePath.slice(1, 129)} `
    const isExtra = keyword === 'additionalProperties'
    const extra = isExtra ? ` (${String(Object.values(params).flat()[0]).slice(0, 64)})` : ''
    return `${place}${message}${extra}`
  })
  return found.slice(0, 3)
}

/** What a shape cannot say. */
function problemsOfSense(step: Step): string[] {
  if (step.type === 'if') return problemsOfCondition(step.condition)
  if (step.type === 'segmentation') return problemsOfSegments(step)
  if (step.type === 'setMeta') return problemsOfMeta(step.meta)
  if (step.type === 'wait') {
    const { days = 0, hours = 0, minutes = 0 } = step
    return days + hours + minutes > 0 ? [] : ['waits for some days, hours or minutes']
  }
  const isDeadline = step.type === 'dpdDeadline'
  const isBoth = isDeadline && (step.days === undefined) === (step.hours === undefined)
  return isBoth ? ['has either days or hours'] : []
}

const metaKeysMax = 50

function problemsOfMeta(meta: Record<string, unknown>): string[] {
  const count = Object.keys(meta).length
  return count >= 1 && count <= metaKeysMax ? [] : [`sets 1 to ${metaKeysMax} keys of meta`]
}

/** D-88: either conditions, of which the first that holds wins and one branch is for the rest, or weights. */
function problemsOfSegments({ segments, otherwise }: StepOf<'segmentation'>): string[] {
  const weighted = segments.filter(({ weight }) => weight !== undefined).length
  const conditional = segments.filter(({ when }) => when !== undefined).length
  const isByWeight = weighted === segments.length && conditional === 0
  const isByCondition = conditional === segments.length && weighted === 0
  if (!isByWeight && !isByCondition)
    return ['its segments have either a condition each ("when") or a weight each']
  const names = new Set(segments.map(({ name }) => name))
  if (names.size < segments.length) return ['two segments have the same name']
  if (isByWeight) return otherwise ? ['segments with weights leave nothing for "otherwise"'] : []
  if (!otherwise) return ['segments with conditions need an "otherwise"']
  return segments.flatMap(({ name, when }) =>
    problemsOfCondition(when).map((problem) => `segment "${name}": ${problem}`),
  )
}

/** Ways that lead nowhere. */
function problemsOfWays(document: JourneyDocument): string[] {
  return Object.values(document.paths).flatMap((steps) =>
    steps.flatMap((step) =>
      branchesOf(step).flatMap((branch) => {
        const target = targetOf(branch, 'switchPath') ?? targetOf(branch, 'insertPath')
        const isThere = target === undefined || Object.hasOwn(document.paths, target)
        return isThere ? [] : [`step "${step.id}": there is no path "${target}"`]
      }),
    ),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
