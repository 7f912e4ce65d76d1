import type { FastifyReply } from 'fastify'
import { dateIn } from '../../kernel/dates.ts'
import { announce } from './events.ts'
import { optionsOf, standingOf } from './options.ts'
import { type Facts, readFacts } from './read-facts.ts'
import { sendPage } from './send-page.ts'
import { pageOf, refuse, type Visit } from './visit.ts'
import { OverviewPage } from './views/overview.tsx'

/** Shows what is owed and why, and what the visitor can do. */
export async function showOverview(visit: Visit): Promise<FastifyReply> {
  const facts = await factsOf(visit)
  const standing = await standingOf(visit, facts.claimReference)
  const options = await optionsOf(visit, facts, standing)
  const { notice, isAnnounced } = visit.session
  if (isAnnounced !== true) await announce(visit, 'FullContent.generated')
  visit.session = { ...visit.session, notice: undefined, isAnnounced: true }
  const { timeZone } = visit.tenant
  return sendPage(
    visit,
    <OverviewPage
      page={pageOf(visit, facts.claimReference)}
      facts={facts}
      standing={standing}
      options={options}
      today={dateIn(visit.now, timeZone)}
      timeZone={timeZone}
      notice={notice}
    />,
  )
}

/** What is known of the claim, for a visitor who was let in. */
export async function factsOf(visit: Visit): Promise<Facts> {
  const facts = await readFacts(visit.deps.services, visit.tenant.tenantId, visit.claimId)
  if (!facts) throw refuse('page_not_found')
  return facts
}
