import {
  type Book,
  claimNames,
  type Command,
  findClaims,
  type Json,
  namesOfClaim,
} from '../../book/index.ts'
import type { Tx } from '../../platform/db.ts'
import type { Visit } from './visit.ts'
import { inVisit } from './visit.ts'

/** What the page tells of itself (14.3), the last part of each event's name. Payments tell of themselves. */
export type PageEvent =
  | 'FullContent.generated'
  | 'GetVerificationFields.failed'
  | 'Verification.succeeded'
  | 'Language.changed'
  | 'Instalment.selected'
  | 'Instalment.confirmed'
  | 'PayLater.selected'
  | 'PayLater.canceled'

export interface PageEventFields {
  /** The visitor's, unless told. */
  readonly locale?: string
  readonly option?: string | undefined
  readonly providerName?: string | undefined
  readonly amount?: number | undefined
}

export const metadata = { originator: 'LandingPage' }

const typeOf = (event: PageEvent) => `event.landingPage${event}`

function fieldsOf(visit: Visit, fields: PageEventFields): Json {
  const said = Object.entries({ locale: visit.words.locale, ...fields })
  return Object.fromEntries(said.filter(([, value]) => value !== undefined))
}

/** Tells what happened on the page, in a transaction of its own. */
export function announce(
  visit: Visit,
  event: PageEvent,
  fields: PageEventFields = {},
): Promise<void> {
  return inVisit(visit, (tx) => announceIn(tx, visit, { event, ...fields }))
}

/** Tells what happened on the page, together with it. */
export async function announceIn(
  tx: Tx,
  visit: Visit,
  { event, ...fields }: PageEventFields & { readonly event: PageEvent },
): Promise<void> {
  const claim = (await findClaims(tx, [visit.claimId])).get(visit.claimId)
  if (!claim) return
  const data = { ...namesOfClaim(claim), ...fieldsOf(visit, fields) }
  await tx.emit({ type: typeOf(event), data, metadata })
}

/** A command on the book that also tells what happened on the page. */
export function telling<R>(
  visit: Visit,
  command: Command<R>,
  told: PageEventFields & { readonly event: PageEvent; readonly reference: string },
): Command<R> {
  const { event, reference, ...fields } = told
  return {
    ...command,
    decide(desk) {
      const result = command.decide(desk)
      const at = desk.findClaim(reference)
      if (at) desk.emit({ type: typeOf(event), data: dataOf(at.book, at) })
      return result
    },
  }

  function dataOf(book: Book, { claim }: { claim: Parameters<typeof claimNames>[1] }): Json {
    return { ...claimNames(book, claim), ...fieldsOf(visit, fields) }
  }
}
