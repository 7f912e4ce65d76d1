import type { Facts } from '../read-facts.ts'
import { Choice, Field, Form } from './form.tsx'
import { Back, Layout, Notice, type PageContext } from './layout.tsx'

interface PayProps {
  readonly page: PageContext
  readonly facts: Facts
  readonly payableMinor: number
  readonly mayPayPart: boolean
  /** What a plan asks for next. */
  readonly nextMinor?: number | undefined
  readonly providers: readonly string[]
  readonly entered: {
    readonly share: string
    readonly amount: string
    readonly provider: string
  }
  readonly problem?: string | undefined
  readonly hasFailed?: boolean
}

/** Asks how much to pay, and by whom the money shall be taken. */
export function PayPage(props: PayProps) {
  const { page, hasFailed, problem } = props
  const { t } = page.words
  return (
    <Layout page={page} title={t('pay.title')}>
      <Back page={page} />
      <h1>{t('pay.title')}</h1>
      {hasFailed && (
        <Notice kind="bad" isAlert>
          <p>{t('pay.failed')}</p>
        </Notice>
      )}
      {problem !== undefined && <Notice kind="bad" title={t('form.problem')} isAlert />}
      <div class="card">
        <Form page={page} action={`${page.base}/pay`}>
          <Amount {...props} />
          <Providers {...props} />
          <p class="soft">{t('pay.leave')}</p>
          <div class="actions">
            <button>{t('pay.submit')}</button>
            <a class="back" href={page.base}>
              {t('form.cancel')}
            </a>
          </div>
        </Form>
      </div>
    </Layout>
  )
}

function Amount(props: PayProps) {
  const { page, facts, payableMinor, mayPayPart, nextMinor, entered } = props
  const { t, money } = page.words
  const { currency } = facts
  const whole = money(payableMinor, currency)
  if (!mayPayPart && nextMinor === undefined) {
    return (
      <>
        <p class="soft">{t('overview.open')}</p>
        <p class="owed">{whole}</p>
      </>
    )
  }
  return (
    <>
      <fieldset>
        <legend>{t('pay.how')}</legend>
        {nextMinor !== undefined && (
          <Choice name="share" value="next" isChosen={entered.share === 'next'}>
            {t('pay.next', { amount: money(nextMinor, currency) })}
          </Choice>
        )}
        <Choice name="share" value="full" isChosen={entered.share === 'full'}>
          {t('pay.full', { amount: whole })}
        </Choice>
        {mayPayPart && (
          <Choice name="share" value="part" isChosen={entered.share === 'part'}>
            {t('pay.part')}
          </Choice>
        )}
      </fieldset>
      {mayPayPart && <Part {...props} whole={whole} />}
    </>
  )
}

function Part({ page, facts, entered, problem, whole }: PayProps & { readonly whole: string }) {
  const { t } = page.words
  const { currency } = facts
  return (
    <Field
      name="amount"
      label={t('pay.amount', { currency })}
      hint={t('pay.amountHint', { amount: whole })}
      problem={problem}
    >
      {(attributes) => (
        <input
          {...attributes}
          class="amount"
          type="text"
          inputMode="decimal"
          autocomplete="off"
          value={entered.amount}
        />
      )}
    </Field>
  )
}

function Providers({ page, providers, entered }: PayProps) {
  const { t, has } = page.words
  const [only] = providers
  if (providers.length === 1) return <input type="hidden" name="provider" value={only} />
  return (
    <fieldset>
      <legend>{t('pay.provider')}</legend>
      {providers.map((name) => (
        <Choice key={name} name="provider" value={name} isChosen={entered.provider === name}>
          {has(`provider.${name}`) ? t(`provider.${name}`) : name}
        </Choice>
      ))}
    </fieldset>
  )
}
