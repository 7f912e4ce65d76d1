import { createHash } from 'node:crypto'
import {
  type Branch,
  type JourneyDocument,
  mainPath,
  type Step,
  type StepOf,
  stepsOf,
} from './document.ts'
import { holds } from './conditions.ts'
import { delayAt, type DelayReason, nextLookMs, type RunFacts } from './delays.ts'
import { restEnd } from './rests.ts'

/** A step of a path that a run stands before; past the last one, the path is over. */
export interface Place {
  readonly path: string
  readonly index: number
  /** What is left of the step's rest, where another path was put in before it from outside. */
  readonly rest?: Rest
}

/** `isSpan`: a pause makes it longer. */
interface Rest {
  readonly untilMs: number
  readonly isSpan: boolean
  /** Why a step that hands the claim over does not do so yet. */
  readonly because?: DelayReason
}

/** All that a run must remember, as plain data. */
export interface RunState {
  /** The innermost path last; those before it go on when it is over. None: the run is over. */
  readonly stack: readonly Place[]
  /** How many effects the run has had; the next one's key is made of it. */
  readonly effects: number
  /** The rest that the present step takes. */
  readonly rest?: Rest
  /** The meta of the step before is being booked; until it is, the run does not go on. */
  readonly isBooking?: boolean
  /** The reactions that led to the run, for its events (D-90). */
  readonly chain?: readonly string[]
}

type Message = { kind: 'message'; channel: 'email' | 'sms' | 'letter' }
type EffectBody =
  | (Message & Pick<StepOf<'email'>, 'bundleId' | 'context'>)
  | ({ kind: 'meta' } & Pick<StepOf<'setMeta'>, 'target' | 'meta'>)
  | { kind: 'providers'; providers: readonly string[] | null }
  | { kind: 'task'; task: StepOf<'createTask'> }
  | { kind: 'outsource'; partner: string }
  | { kind: 'recall' }
  | { kind: 'webhook'; name: string; data: Record<string, unknown> }

/** What a step does to the world. The number makes its key: one effect is never two. */
export type Effect = EffectBody & { readonly number: number; readonly step: string }

export interface Run {
  readonly document: JourneyDocument
  readonly state: RunState
  /** Decides which weighted segment a claim falls into, the same one whenever it is asked. */
  readonly seed: string
}

/** That a step does not hand the claim over yet. */
export interface Delayed {
  readonly step: string
  readonly partner: string
  readonly because: DelayReason
}

export interface Advance {
  readonly state: RunState
  readonly effects: readonly Effect[]
  /** Where the run has just begun to wait for this reason. */
  readonly delayed?: Delayed
  /** When to look again; absent where the run is over, or waits for its meta to be booked. */
  readonly nextAt?: Date
  readonly isFinished: boolean
}

export const firstState: RunState = { stack: [{ path: mainPath, index: 0 }], effects: 0 }

// What may be saved has no circle without a wait, so a run rests long before this.
const stepsMax = 10_000

/**
 * Moves a run on from where it stands until it must rest or is over. Pure: the same run, facts and time give the same
 * answer.
 */
export function advance(run: Run, facts: RunFacts, now: Date): Advance {
  const effects: Effect[] = []
  const { isBooking: _booked, ...booked } = run.state
  let state: RunState = booked
  for (let count = 0; count < stepsMax; count += 1) {
    const step = stepAt(run.document, state)
    if (step === undefined) {
      if (state.stack.length <= 1)
        return { state: { ...state, stack: [] }, effects, isFinished: true }
      state = backOut(state)
      continue
    }
    const rest = restOf(step, state, { facts, now })
    if (rest && rest.untilMs > now.getTime()) {
      const nextAt = new Date(rest.untilMs)
      const delayed = delayedBy(step, rest, state)
      return { state: { ...state, rest }, effects, nextAt, isFinished: false, ...delayed }
    }
    const effect = effectOf(step)
    if (effect) {
      effects.push({ ...effect, number: state.effects, step: step.id })
      state = { ...state, effects: state.effects + 1 }
    }
    state = moved(state, branchOf(step, run.seed, { facts, now }))
    if (step.type === 'setMeta')
      return { state: { ...state, isBooking: true }, effects, isFinished: false }
  }
  throw new Error('a journey went in a circle')
}

/** The step that a run stands before; undefined at the end of a path. */
export function stepAt(document: JourneyDocument, { stack }: RunState): Step | undefined {
  const place = stack.at(-1)
  return place && stepsOf(document, place.path)[place.index]
}

/** A run that was paused for a while: the rest of a wait is as long as it was, a deadline does not move. */
export function resumedAfter(state: RunState, pausedMs: number): RunState {
  const { rest, stack } = state
  const longer = <P extends { readonly rest?: Rest }>(place: P): P =>
    place.rest?.isSpan
      ? { ...place, rest: { ...place.rest, untilMs: place.rest.untilMs + Math.max(0, pausedMs) } }
      : place
  const isHeld = rest?.isSpan || stack.some((place) => place.rest)
  return isHeld ? longer({ ...state, stack: stack.map(longer) }) : state
}

/** A path that somebody has a run go through. */
export type Diversion =
  /** In place of all that was to come. */
  | { readonly switchPath: string }
  /** Before it goes on where it is; what it waits for there stays as it is. */
  | { readonly insertPath: string }

/** Where a run stands that is sent through a path from outside. */
export function diverted({ rest, ...state }: RunState, diversion: Diversion): RunState {
  if ('switchPath' in diversion)
    return { ...state, stack: [{ path: diversion.switchPath, index: 0 }] }
  const here = state.stack.at(-1)
  const held = here ? [{ ...here, ...(rest ? { rest } : {}) }] : []
  const inserted = { path: diversion.insertPath, index: 0 }
  return { ...state, stack: [...state.stack.slice(0, -1), ...held, inserted] }
}

/** Out of a path that is over, to what it was put in before. */
function backOut({ rest: _over, ...state }: RunState): RunState {
  const outer = state.stack.slice(0, -1)
  const here = outer.at(-1)
  if (!here?.rest) return { ...state, stack: outer }
  const { rest, ...place } = here
  return { ...state, stack: [...outer.slice(0, -1), place], rest }
}

interface At {
  readonly facts: RunFacts
  readonly now: Date
}

/** A wait ends when it was to end; a deadline moves with the claim's due date; a delay lasts as long as its reason. */
function restOf(step: Step, state: RunState, { facts, now }: At): RunState['rest'] {
  if (step.type === 'outsource') {
    const delay = delayAt(facts, now)
    return delay && { untilMs: nextLookMs(facts, now), isSpan: false, because: delay.because }
  }
  if (step.type === 'wait' || step.type === 'waitUntil') {
    // One that is left from a delay is of a step that had this one's id in another version.
    if (state.rest && state.rest.because === undefined) return state.rest
  }
  const until = restEnd(step, facts, now)
  return until && { untilMs: until.getTime(), isSpan: step.type === 'wait' }
}

/** What is new about a rest: nothing where the run has waited for the same reason before. */
function delayedBy(step: Step, { because }: Rest, { rest: before }: RunState) {
  if (step.type !== 'outsource' || because === undefined || before?.because === because) return {}
  return { delayed: { step: step.id, partner: step.partner, because } }
}

/** After a step: past it, and wherever its branch leads. */
function moved({ rest: _over, ...state }: RunState, branch: Branch): RunState {
  const { stack } = state
  if ('finish' in branch) return { ...state, stack: [] }
  if ('switchPath' in branch) return { ...state, stack: [{ path: branch.switchPath, index: 0 }] }
  const here = stack.at(-1) ?? { path: mainPath, index: 0 }
  const passed = [...stack.slice(0, -1), { ...here, index: here.index + 1 }]
  if (!('insertPath' in branch)) return { ...state, stack: passed }
  return { ...state, stack: [...passed, { path: branch.insertPath, index: 0 }] }
}

function branchOf(step: Step, seed: string, { facts, now }: At): Branch {
  const goOn: Branch = { continue: true }
  if (step.type === 'if')
    return holds(step.condition, facts, now) ? step.go : (step.otherwise ?? goOn)
  if (step.type === 'segmentation') return segmentOf(step, seed, { facts, now })
  if (step.type === 'switchPath') return { switchPath: step.path }
  return step.type === 'insertPath' ? { insertPath: step.path } : goOn
}

/** D-88: the first condition that holds wins. With weights, a claim's place among 2^32 says where it belongs. */
function segmentOf(step: StepOf<'segmentation'>, seed: string, { facts, now }: At): Branch {
  const { segments, otherwise = { continue: true } as const } = step
  const total = segments.reduce((sum, { weight = 0 }) => sum + weight, 0)
  if (total === 0) {
    return segments.find(({ when }) => when && holds(when, facts, now))?.go ?? otherwise
  }
  const digest = createHash('sha256').update(`${seed}/${step.id}`).digest()
  let place = (digest.readUInt32BE(0) / 0x1_0000_0000) * total
  const found = segments.find(({ weight = 0 }) => {
    place -= weight
    return place < 0
  })
  return found?.go ?? otherwise
}

function effectOf(step: Step): EffectBody | undefined {
  switch (step.type) {
    case 'email':
    case 'sms':
    case 'letter': {
      const { type: channel, bundleId, context } = step
      return { kind: 'message', channel, bundleId, ...(context ? { context } : {}) }
    }
    case 'setMeta':
      return { kind: 'meta', target: step.target, meta: step.meta }
    case 'paymentProviders':
      return { kind: 'providers', providers: step.providers }
    case 'createTask':
      return { kind: 'task', task: step }
    case 'outsource':
      return { kind: 'outsource', partner: step.partner }
    case 'revertOutsource':
      return { kind: 'recall' }
    case 'webhook':
      return { kind: 'webhook', name: step.name, data: step.data ?? {} }
    case 'wait':
    case 'waitUntil':
    case 'dpdDeadline':
    case 'if':
    case 'segmentation':
    case 'switchPath':
    case 'insertPath':
      return undefined
  }
}
