import { Back, Layout, Notice, type PageContext } from './layout.tsx'

/** How a payment stands, as a person asks for it. */
export const shownStates = [
  'open',
  'processing',
  'settled',
  'declined',
  'canceled',
  'disputed',
] as const
export type ShownState = (typeof shownStates)[number]

interface PaymentProps {
  readonly page: PageContext
  readonly state: ShownState
  readonly amount: string
  /** This page's own address. */
  readonly self: string
}

const kinds = {
  open: 'warn',
  processing: undefined,
  settled: 'good',
  declined: 'bad',
  canceled: 'warn',
  disputed: 'bad',
} as const

/** Says what became of a payment. It never reloads itself: the visitor looks again when they like. */
export function PaymentPage({ page, state, amount, self }: PaymentProps) {
  const { t } = page.words
  const kind = kinds[state]
  const isWaiting = state === 'open' || state === 'processing'
  const canRetry = state === 'declined' || state === 'canceled' || state === 'open'
  return (
    <Layout page={page} title={t(`payment.${state}`)}>
      <h1>{t(`payment.${state}`)}</h1>
      <Notice {...(kind === undefined ? {} : { kind })}>
        <p>{t(`payment.${state}Text`, { amount })}</p>
      </Notice>
      <div class="actions">
        {isWaiting && (
          <a class="button" href={self}>
            {t('payment.again')}
          </a>
        )}
        {canRetry && (
          <a class={isWaiting ? 'button quiet' : 'button'} href={`${page.base}/pay`}>
            {t('payment.retry')}
          </a>
        )}
        <Back page={page} />
      </div>
    </Layout>
  )
}
