import type { Refusal } from '../../platform/refusal.ts'
import type { Job, Part, Problem } from './jobs.ts'
import { refuse } from './refusals.ts'
import { openSeat, type Outcome, type Seat } from './seat.ts'

export interface Rendering {
  readonly parts: readonly Part[]
  readonly names: Readonly<Record<string, unknown>>
  readonly language: string
}

/** Renders foreign templates in processes of their own; none can harm or hold up the server. */
export interface Renderer {
  /** The sources as they are to be kept, MJML compiled; refuses what cannot be used and names every place. */
  check(rendering: Rendering): Promise<Readonly<Record<string, string>>>
  /** The rendered texts by the names of their parts. */
  render(rendering: Rendering): Promise<Readonly<Record<string, string>>>
  close(): void
}

export interface RendererOptions {
  readonly processes?: number
  readonly limitMs?: number
}

interface Waiting {
  take(): void
  turnAway(refusal: Refusal): void
}

const processesDefault = 2
const limitMsDefault = 500
/** A busy machine is no endless loop: what was not ready in time is tried once more with this many times the time. */
const patience = 4
const waitingMax = 1_000

/** Opens a renderer; its processes start when there is something to render. */
export function createRenderer(options: RendererOptions = {}): Renderer {
  const { processes = processesDefault, limitMs = limitMsDefault } = options
  const idle: Seat[] = []
  const waiting: Waiting[] = []
  let busy = 0
  let isClosed = false

  async function run(job: Job): Promise<Readonly<Record<string, string>>> {
    await place()
    try {
      const first = await attempt(job, limitMs)
      const isWorthMore = 'failure' in first && first.failure !== 'memory'
      return textsOf(isWorthMore ? await attempt(job, limitMs * patience) : first)
    } finally {
      // The place goes from hand to hand, so nobody else can take it in between.
      const next = waiting.shift()
      if (next) next.take()
      else busy -= 1
    }
  }

  /** Waits until fewer jobs than processes are at work. */
  async function place(): Promise<void> {
    if (isClosed || waiting.length >= waitingMax) throw refuse('renderer_unavailable')
    if (busy < processes) {
      busy += 1
      return
    }
    await new Promise<void>((resolve, reject) => {
      waiting.push({ take: resolve, turnAway: reject })
    })
  }

  async function attempt(job: Job, limit: number): Promise<Outcome> {
    const seat = idle.pop() ?? (await openSeat())
    const outcome = await seat.run(job, limit)
    if ('answer' in outcome && !isClosed) idle.push(seat)
    else seat.close()
    return outcome
  }

  return {
    check: (rendering) => run({ ...rendering, kind: 'check' }),
    render: (rendering) => run({ ...rendering, kind: 'render' }),
    close() {
      isClosed = true
      for (const each of waiting.splice(0)) each.turnAway(refuse('renderer_unavailable'))
      for (const seat of idle.splice(0)) seat.close()
    },
  }
}

function textsOf(outcome: Outcome): Readonly<Record<string, string>> {
  if ('failure' in outcome) throw refusalOf(outcome.failure)
  const { answer } = outcome
  if ('problems' in answer) throw refuse('template_invalid', problemsText(answer.problems))
  return answer.texts
}

function refusalOf(failure: 'time' | 'memory' | 'crash'): Refusal {
  switch (failure) {
    case 'time':
      return refuse('template_too_slow')
    case 'memory':
      return refuse('template_too_big')
    case 'crash':
      return refuse('template_invalid', 'the renderer broke over it')
  }
}

const problemsMax = 20

function problemsText(problems: readonly Problem[]): string {
  return problems
    .slice(0, problemsMax)
    .map(({ part, line, column, message }) =>
      line === undefined
        ? `${part}: ${message}`
        : `${part}, line ${line}, column ${column}: ${message}`,
    )
    .join('; ')
}
