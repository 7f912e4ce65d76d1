import type { Booking, Facts } from '../read-facts.ts'
import type { Notice as SessionNotice } from '../session.ts'
import type { Words } from '../words.ts'
import { Form } from './form.tsx'
import { Layout, Notice, type PageContext } from './layout.tsx'

export const optionNames = ['pay', 'transfer', 'promise', 'plan', 'dispute', 'contact'] as const
export type OptionName = (typeof optionNames)[number]

export interface Standing {
  readonly disputedOn?: string | undefined
  /** The amount of payments that are under way. */
  readonly processingMinor?: number | undefined
  readonly nextInstalment?: { readonly amountMinor: number; readonly dueOn: string } | undefined
  readonly agency?: string | undefined
}

interface OverviewProps {
  readonly page: PageContext
  readonly facts: Facts
  readonly standing: Standing
  readonly options: readonly OptionName[]
  readonly today: string
  readonly timeZone: string
  readonly notice?: SessionNotice | undefined
}

/** What is owed and why, and what can be done about it. */
export function OverviewPage(props: OverviewProps) {
  const { page, facts, notice, options } = props
  const { t } = page.words
  const isOpen = facts.status === 'ACTIVE'
  const title = t(isOpen ? 'overview.title' : 'resolved.title')
  return (
    <Layout page={page} title={title}>
      <h1>{title}</h1>
      {notice && (
        <Notice kind="good" isAlert>
          <p>{t(notice.key, notice.values)}</p>
        </Notice>
      )}
      <p>
        {facts.debtorName === undefined
          ? t('overview.helloNobody')
          : t('overview.hello', { name: facts.debtorName })}
        ,
      </p>
      {isOpen ? <Owed {...props} /> : <Done page={page} facts={facts} />}
      {options.length > 0 && <Options page={page} options={options} />}
      <Why words={page.words} facts={facts} timeZone={props.timeZone} />
    </Layout>
  )
}

function Owed({ page, facts, standing, today }: OverviewProps) {
  const { t, money, day } = page.words
  const dueKey = facts.dueOn < today ? 'overview.dueSince' : 'overview.dueOn'
  return (
    <>
      <div class="card">
        <p class="soft">{t('overview.open')}</p>
        <p class="owed">{money(facts.totalMinor, facts.currency)}</p>
        <p class="facts soft">
          <span>{t(dueKey, { date: day(facts.dueOn) })}</span>
          <span>{t('overview.reference', { reference: facts.claimReference })}</span>
        </p>
      </div>
      <Standings page={page} facts={facts} standing={standing} />
    </>
  )
}

interface StandingsProps {
  readonly page: PageContext
  readonly facts: Facts
  readonly standing: Standing
}

function Standings({ page, facts, standing }: StandingsProps) {
  const { t, money, day } = page.words
  const { promise, currency } = facts
  const { disputedOn, processingMinor, nextInstalment, agency } = standing
  return (
    <>
      {disputedOn !== undefined && (
        <Notice kind="warn" title={t('disputed.title')}>
          <p>{t('disputed.text', { date: day(disputedOn) })}</p>
        </Notice>
      )}
      {processingMinor !== undefined && (
        <Notice title={t('processing.title')}>
          <p>{t('processing.text', { amount: money(processingMinor, currency) })}</p>
        </Notice>
      )}
      {nextInstalment && (
        <Notice title={t('planned.title')}>
          <p>
            {t('planned.text', {
              amount: money(nextInstalment.amountMinor, currency),
              date: day(nextInstalment.dueOn),
            })}
          </p>
        </Notice>
      )}
      {promise && (
        <Notice title={t('promised.title', { date: day(promise.dueOn) })}>
          <p>{t('promised.text', { amount: money(promise.amountMinor, currency) })}</p>
          <Form page={page} action={`${page.base}/promise/cancel`}>
            <button class="quiet">{t('promised.cancel')}</button>
          </Form>
        </Notice>
      )}
      {agency !== undefined && (
        <Notice title={t('agency.title', { agency })}>
          <p>{t('agency.text')}</p>
        </Notice>
      )}
    </>
  )
}

function Done({ page, facts }: { page: PageContext; facts: Facts }) {
  const { t } = page.words
  const isPaid = facts.resolutionReason === 'CLAIM_PAID'
  return (
    <Notice kind="good">
      <p>{t(isPaid ? 'resolved.paid' : 'resolved.closed')}</p>
      <p class="soft">{t('overview.reference', { reference: facts.claimReference })}</p>
    </Notice>
  )
}

function Options({ page, options }: { page: PageContext; options: readonly OptionName[] }) {
  const { t } = page.words
  return (
    <section aria-labelledby="options">
      <h2 id="options">{t('overview.options')}</h2>
      <ul class="options">
        {options.map((name) => (
          <li key={name}>
            <a href={`${page.base}/${name}`} class={name === 'pay' ? 'first' : undefined}>
              <strong>{t(`option.${name}`)}</strong>
              <span>{t(`option.${name}Text`)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}

const bookingsShownMax = 40

interface WhyProps {
  readonly words: Words
  readonly facts: Facts
  readonly timeZone: string
}

function Why({ words, facts, timeZone }: WhyProps) {
  const { t, money } = words
  const { currency } = facts
  return (
    <section aria-labelledby="why" class="why">
      <h2 id="why">{t('why.title')}</h2>
      <div class="card">
        <table aria-labelledby="why">
          <tbody>
            <tr>
              <th scope="row">{t('why.amountNow')}</th>
              <td class="number">{money(facts.amountMinor, currency)}</td>
            </tr>
            {facts.fees.map(({ name, amountMinor }) => (
              <tr key={name}>
                <th scope="row">
                  {name === ''
                    ? t('why.fees')
                    : t('booking.feeNamed', { name: feeText(words, name) })}
                </th>
                <td class="number">{money(amountMinor, currency)}</td>
              </tr>
            ))}
            <tr class="sum">
              <th scope="row">{t('why.total')}</th>
              <td class="number">{money(facts.totalMinor, currency)}</td>
            </tr>
          </tbody>
        </table>
        <Movements words={words} facts={facts} timeZone={timeZone} />
      </div>
    </section>
  )
}

function Movements({ words, facts, timeZone }: WhyProps) {
  const { t } = words
  const { currency, bookings } = facts
  const shown = bookings.slice(-bookingsShownMax)
  const earlier = bookings.length - shown.length
  return (
    <details open>
      <summary>{t('why.movements')}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('why.date')}</th>
            <th scope="col">{t('why.what')}</th>
            <th scope="col" class="number">
              {t('why.moved')}
            </th>
            <th scope="col" class="number wide">
              {t('why.after')}
            </th>
          </tr>
        </thead>
        <tbody>
          {earlier > 0 && (
            <tr>
              <td colSpan={4} class="soft">
                {t('why.earlier', { count: earlier })}
              </td>
            </tr>
          )}
          {shown.map((booking, index) => (
            <Movement
              key={index}
              words={words}
              booking={booking}
              currency={currency}
              timeZone={timeZone}
            />
          ))}
        </tbody>
      </table>
    </details>
  )
}

interface MovementProps {
  readonly words: Words
  readonly booking: Booking
  readonly currency: string
  readonly timeZone: string
}

function Movement({ words, booking, currency, timeZone }: MovementProps) {
  const { money } = words
  const { movedMinor, totalMinor } = booking
  return (
    <tr>
      <td class="date">{words.shortDate(new Date(booking.createdAt), timeZone)}</td>
      <td>{bookingText(words, booking)}</td>
      <td class="number">{money(movedMinor, currency)}</td>
      <td class="number wide">{money(totalMinor, currency)}</td>
    </tr>
  )
}

/** The tenant's own name of a fee, a code such as REMINDER_FEE as words; those that we give are in the visitor's language. */
function feeText({ t, has }: Words, name: string): string {
  if (has(`fee.${name}`)) return t(`fee.${name}`)
  // One word in capitals may be an abbreviation that people know.
  const isCode = /^[A-Z0-9]+(?:_[A-Z0-9]+)+$/.test(name)
  return isCode ? `${name.slice(0, 1)}${name.slice(1).toLowerCase().replaceAll('_', ' ')}` : name
}

function bookingText(words: Words, { kind, feeName, movedMinor, part }: Booking): string {
  const { t, has } = words
  const name = feeName === null ? undefined : feeText(words, feeName)
  if (kind === 'fee' && name !== undefined) return t('booking.feeNamed', { name })
  if (kind === 'adjustment' && part === 'fees' && name !== undefined && movedMinor < 0)
    return t('booking.feeReduced', { name })
  if (kind === 'adjustment') return t(movedMinor < 0 ? 'booking.lowered' : 'booking.raised')
  return has(`booking.${kind}`) ? t(`booking.${kind}`) : t('booking.adjustment')
}
