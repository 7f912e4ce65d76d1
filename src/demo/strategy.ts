import { starterBundles } from '../communications/index.ts'
import type { NewJourney } from '../journeys/index.ts'

export const demoAgency = 'Fair Collect'

const bundles = {
  reminder: 'Reminder e-mail',
  text: 'Reminder SMS',
  letter: 'Reminder letter',
  finalNotice: 'Final notice letter',
} as const
const workdays = [1, 2, 3, 4, 5]

/** The names of the starter bundles that the strategy sends. */
export const strategyBundles = starterBundles.filter(({ name }) =>
  Object.values<string>(bundles).includes(name),
)

/**
 * A reminder by e-mail, then a text message, then a letter, a week apart each; on the 45th day past due a final notice, and
 * two weeks later the claim goes to an agency. Whoever pays leaves it wherever they are.
 */
export function friendlyDunning(
  bundleIds: Readonly<Record<string, string>>,
  agency = demoAgency,
): NewJourney {
  const message = (id: string, type: 'email' | 'sms' | 'letter', name: string) => {
    const bundleId = bundleIds[name]
    if (bundleId === undefined) throw new Error(`the bundle ${name} is not installed`)
    return { id, type, bundleId }
  }
  const week = (after: string) => [
    // Into the evening before: a server that is late by hours loses no day.
    { id: `week-after-${after}`, type: 'wait', days: 6, hours: 12 },
    { id: `morning-after-${after}`, type: 'waitUntil', time: '10:00', weekdays: workdays },
  ]
  const main = [
    { id: 'grace', type: 'dpdDeadline', days: 3 },
    message('reminder', 'email', bundles.reminder),
    ...week('reminder'),
    message('text', 'sms', bundles.text),
    ...week('text'),
    message('letter', 'letter', bundles.letter),
    { id: 'last-chance', type: 'dpdDeadline', days: 45 },
    { id: 'stage', type: 'setMeta', target: 'claim', meta: { dunningStage: 'final notice' } },
    message('final-notice', 'letter', bundles.finalNotice),
    { id: 'two-weeks', type: 'wait', days: 14 },
    { id: 'hand-over', type: 'outsource', partner: agency },
  ]
  return { name: 'Friendly dunning', document: { paths: { main } } }
}
