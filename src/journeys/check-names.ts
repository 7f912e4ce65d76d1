import { latestVersions } from '../communications/index.ts'
import { knownAgencies } from '../placements/index.ts'
import type { Tx } from '../platform/db.ts'
import type { JourneyDocument, Step } from './document.ts'

/** Steps that name a bundle or an agency which is not there, or a bundle of another channel. */
export async function problemsOfNames(tx: Tx, document: JourneyDocument): Promise<string[]> {
  const steps = Object.values(document.paths).flat()
  const bundles = await latestVersions(tx, [...new Set(steps.flatMap(bundleOf))])
  const agencies = await knownAgencies(tx, [...new Set(steps.flatMap(agencyOf))])
  return steps.flatMap((step) => {
    const [bundleId] = bundleOf(step)
    const bundle = bundleId === undefined ? undefined : bundles.get(bundleId)
    if (bundleId !== undefined && !bundle)
      return [`step "${step.id}": there is no bundle ${bundleId}`]
    if (bundle && bundle.channel !== step.type)
      return [`step "${step.id}": bundle ${bundle.bundleId} is for ${bundle.channel}`]
    const [agency] = agencyOf(step)
    if (agency === undefined || agencies.has(agency)) return []
    return [`step "${step.id}": there is no active agency "${agency}"`]
  })
}

function bundleOf(step: Step): string[] {
  return 'bundleId' in step ? [step.bundleId.toLowerCase()] : []
}

function agencyOf(step: Step): string[] {
  return step.type === 'outsource' ? [step.partner] : []
}
