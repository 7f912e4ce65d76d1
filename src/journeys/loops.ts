import { type Branch, branchesOf, type JourneyDocument, type Step, stepsOf } from './document.ts'

interface Move {
  readonly from: string
  readonly to: string
  readonly step: string
}

/**
 * Ways on which a run would never rest: paths that insert themselves, and circles without a wait. A wait until a time of day
 * or a deadline may be over already, so it is no rest.
 */
export function loopsOf(document: JourneyDocument): string[] {
  const inserts = movesOf(document, 'insertPath', () => false)
  const inserted = circleAmong(inserts)
  if (inserted) return [`step "${inserted.step}": path "${inserted.to}" would insert itself`]
  const passes = passablePaths(document)
  const instant = [
    ...movesOf(document, 'insertPath', (step) => !isPassable(step, passes)),
    ...movesOf(document, 'switchPath', (step) => !isPassable(step, passes)),
  ]
  const circle = circleAmong(instant)
  return circle ? [`step "${circle.step}": leads in a circle that has no wait`] : []
}

/** Where the steps of each path lead, as far as `isEnd` lets one come. */
function movesOf(
  { paths }: JourneyDocument,
  kind: 'insertPath' | 'switchPath',
  isEnd: (step: Step) => boolean,
): Move[] {
  const moves: Move[] = []
  for (const [from, steps] of Object.entries(paths)) {
    const end = steps.findIndex(isEnd)
    const reached = end === -1 ? steps : steps.slice(0, end + 1)
    for (const step of reached) {
      const targets = branchesOf(step).flatMap((branch) => targetOf(branch, kind) ?? [])
      moves.push(...targets.map((to) => ({ from, to, step: step.id })))
    }
  }
  return moves
}

/** The path that a branch of this kind enters. */
export function targetOf(branch: Branch, kind: 'insertPath' | 'switchPath'): string | undefined {
  if (kind === 'switchPath') return 'switchPath' in branch ? branch.switchPath : undefined
  return 'insertPath' in branch ? branch.insertPath : undefined
}

/** Paths that a run may go through from the first step to the last without resting. */
function passablePaths(document: JourneyDocument): ReadonlySet<string> {
  const passes = new Set<string>()
  for (let before = -1; before < passes.size;) {
    before = passes.size
    for (const path of Object.keys(document.paths)) {
      if (stepsOf(document, path).every((step) => isPassable(step, passes))) passes.add(path)
    }
  }
  return passes
}

function isPassable(step: Step, passes: ReadonlySet<string>): boolean {
  if (step.type === 'wait') return false
  const branches = branchesOf(step)
  if (branches.length === 0) return true
  return branches.some(
    (branch) => 'continue' in branch || ('insertPath' in branch && passes.has(branch.insertPath)),
  )
}

/** A move that closes a circle. */
function circleAmong(moves: readonly Move[]): Move | undefined {
  const state = new Map<string, 'open' | 'done'>()
  const visit = (path: string): Move | undefined => {
    state.set(path, 'open')
    for (const move of moves.filter(({ from }) => from === path)) {
      if (state.get(move.to) === 'open') return move
      const found = state.has(move.to) ? undefined : visit(move.to)
      if (found) return found
    }
    state.set(path, 'done')
    return undefined
  }
  for (const { from } of moves) {
    const found = state.has(from) ? undefined : visit(from)
    if (found) return found
  }
  return undefined
}
