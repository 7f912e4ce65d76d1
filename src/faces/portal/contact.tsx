import type { FastifyReply } from 'fastify'
import { preferencesOf, setPreference } from '../../contacts/index.ts'
import type { Channel } from '../../contacts/schema.ts'
import { fieldsOf } from './fields.ts'
import { factsOf } from './overview.tsx'
import { sendPage } from './send-page.ts'
import { goTo, inVisit, pageOf, refuse, requireOurForm, type Visit } from './visit.ts'
import { ContactPage } from './views/contact.tsx'

const source = 'debtor-page'
const channels: readonly Channel[] = ['email', 'sms', 'letter']

export async function askContact(visit: Visit): Promise<FastifyReply> {
  const { debtorReference, claimReference } = await factsOf(visit)
  if (debtorReference === null) throw refuse('option_gone')
  const known = await inVisit(visit, (tx) => preferencesOf(tx, debtorReference))
  const said = Object.fromEntries(known.map(({ channel, preference }) => [channel, preference]))
  return sendPage(
    visit,
    <ContactPage page={pageOf(visit, claimReference)} channels={channels} said={said} />,
  )
}

/** Keeps what the debtor says of each channel; of one that is not answered, nothing. */
export async function saveContact(visit: Visit): Promise<FastifyReply> {
  const fields = fieldsOf(visit.request)
  requireOurForm(visit, fields.get('csrf'))
  const { debtorReference } = await factsOf(visit)
  if (debtorReference === null) throw refuse('option_gone')
  await inVisit(visit, async (tx) => {
    for (const channel of channels) {
      const preference = fields.get(channel)
      if (preference !== 'allowed' && preference !== 'denied') continue
      await setPreference(tx, { debtorReference, channel, preference, source })
    }
  })
  visit.session = { ...visit.session, notice: { key: 'notice.contact', values: {} } }
  return goTo(visit)
}
