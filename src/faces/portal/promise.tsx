import type { FastifyReply } from 'fastify'
import { callContext, type Outcome } from '../../book/index.ts'
import { addDays, dateIn, isDate } from '../../kernel/dates.ts'
import { formatDecimal } from '../../kernel/money.ts'
import { createPromise, withdrawPromise } from '../../promises/index.ts'
import { offersOf } from './creditor.ts'
import { metadata, telling } from './events.ts'
import { fieldsOf } from './fields.ts'
import { requireOption } from './options.ts'
import { readAmount } from './read-amount.ts'
import type { Facts } from './read-facts.ts'
import { sendPage } from './send-page.ts'
import { factsOf } from './overview.tsx'
import { goTo, pageOf, requireOurForm, type Visit } from './visit.ts'
import { PromisePage, type PromiseProblems } from './views/promise.tsx'

interface Entered {
  readonly amount: string
  readonly date: string
}

/** Shows the form of a promise to pay, its date a week from now. */
export async function askPromise(visit: Visit): Promise<FastifyReply> {
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'promise')
  const { least, most } = daysOf(visit)
  const week = addDays(least, 7)
  const entered = {
    amount: amountText(visit, facts.totalMinor, facts.currency),
    date: week < most ? week : most,
  }
  return sendPromise(visit, { facts, entered, problems: {} })
}

/** Notes a promise to pay in the book. */
export async function makePromise(visit: Visit): Promise<FastifyReply> {
  const fields = fieldsOf(visit.request)
  requireOurForm(visit, fields.get('csrf'))
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'promise')
  const entered = { amount: fields.get('amount') ?? '', date: (fields.get('date') ?? '').trim() }
  const amount = readAmount(entered.amount, facts.currency)
  const problems = problemsOf(visit, facts, { amount, date: entered.date })
  if (amount === undefined || problems.amount !== undefined || problems.date !== undefined)
    return sendPromise(visit, { facts, entered, problems })
  const data = { amount, currency: facts.currency, dueDate: entered.date }
  const context = callContext(visit.tenant, metadata)
  const command = telling(
    visit,
    createPromise(context, { reference: facts.claimReference, data }),
    { event: 'PayLater.selected', reference: facts.claimReference, amount, option: 'promise' },
  )
  requireDone(await visit.deps.bookkeeper.submit(command))
  const { money, day } = visit.words
  const values = { amount: money(amount, facts.currency), date: day(entered.date) }
  visit.session = { ...visit.session, notice: { key: 'notice.promised', values } }
  return goTo(visit)
}

/** Takes the promise back. */
export async function cancelPromise(visit: Visit): Promise<FastifyReply> {
  requireOurForm(visit, fieldsOf(visit.request).get('csrf'))
  const facts = await factsOf(visit)
  if (!facts.promise) return goTo(visit)
  const { claimReference: reference } = facts
  const { amountMinor: amount } = facts.promise
  const command = telling(visit, withdrawPromise(callContext(visit.tenant, metadata), reference), {
    event: 'PayLater.canceled',
    reference,
    amount,
    option: 'promise',
  })
  requireDone(await visit.deps.bookkeeper.submit(command))
  visit.session = { ...visit.session, notice: { key: 'notice.withdrawn', values: {} } }
  return goTo(visit)
}

function requireDone(outcome: Outcome): void {
  if ('refusal' in outcome) throw outcome.refusal
}

function daysOf(visit: Visit): { least: string; most: string } {
  const least = dateIn(visit.now, visit.tenant.timeZone)
  return { least, most: addDays(least, offersOf(visit.tenant.settings).promiseDaysMax) }
}

function problemsOf(
  visit: Visit,
  facts: Facts,
  given: { amount: number | undefined; date: string },
): PromiseProblems {
  const { t, money, day } = visit.words
  const { amount, date } = given
  const { least, most } = daysOf(visit)
  const isAmount = amount !== undefined && amount > 0 && amount <= facts.totalMinor
  const isDay = isDate(date) && date >= least && date <= most
  const between = { least: money(1, facts.currency), most: money(facts.totalMinor, facts.currency) }
  return {
    amount: isAmount ? undefined : t('pay.amountWrong', between),
    date: isDay ? undefined : t('promise.dateWrong', { least: day(least), most: day(most) }),
  }
}

function sendPromise(
  visit: Visit,
  view: { facts: Facts; entered: Entered; problems: PromiseProblems },
): FastifyReply {
  const { facts, entered, problems } = view
  const isWrong = problems.amount !== undefined || problems.date !== undefined
  return sendPage(
    visit,
    <PromisePage
      page={pageOf(visit, facts.claimReference)}
      facts={facts}
      days={daysOf(visit)}
      entered={entered}
      problems={problems}
    />,
    isWrong ? 422 : 200,
  )
}

/** An amount as the visitor would write it into a field. */
export function amountText(visit: Visit, minor: number, currency: string): string {
  const decimal = formatDecimal(minor, currency)
  return visit.words.locale === 'de' ? decimal.replace('.', ',') : decimal
}
