import type { Json, JourneyRun } from '../book/index.ts'

type Change = 'assigned' | 'paused' | 'resumed' | 'delayed' | 'stopped' | 'finished'

/** The event that says what became of a claim's journey; one without a journey names none. */
export function strategyEvent(
  change: Change,
  names: Json,
  of: RunJourney & { more?: Json },
): { type: string; data: Json } {
  return { type: `event.strategy.${change}`, data: { ...strategyNames(names, of), ...of.more } }
}

type RunJourney = Pick<JourneyRun, 'journeyId' | 'journeyName' | 'version'>

/** How events name a claim together with the journey that it is on. */
export function strategyNames(names: Json, of: RunJourney): Json {
  const { journeyId, journeyName, version } = of
  if (journeyName === null) return names
  return {
    ...names,
    strategyId: journeyId,
    strategyName: journeyName,
    strategyVersion: version,
  }
}
