import type { Facts } from '../read-facts.ts'
import { Field, Form } from './form.tsx'
import { Back, Layout, Notice, type PageContext } from './layout.tsx'

export interface PromiseProblems {
  readonly amount?: string | undefined
  readonly date?: string | undefined
}

interface PromiseProps {
  readonly page: PageContext
  readonly facts: Facts
  readonly days: { readonly least: string; readonly most: string }
  readonly entered: { readonly amount: string; readonly date: string }
  readonly problems: PromiseProblems
}

/** Asks until when somebody will pay, and how much. */
export function PromisePage({ page, facts, days, entered, problems }: PromiseProps) {
  const { t, money, day } = page.words
  const { currency, promise } = facts
  const hasProblem = problems.amount !== undefined || problems.date !== undefined
  return (
    <Layout page={page} title={t('promise.title')}>
      <Back page={page} />
      <h1>{t('promise.title')}</h1>
      <p>{t('promise.text')}</p>
      {hasProblem && <Notice kind="bad" title={t('form.problem')} isAlert />}
      {promise && (
        <Notice>
          <p>
            {t('promise.replaces', {
              amount: money(promise.amountMinor, currency),
              date: day(promise.dueOn),
            })}
          </p>
        </Notice>
      )}
      <div class="card">
        <Form page={page} action={`${page.base}/promise`}>
          <Field
            name="amount"
            label={t('promise.amount', { currency })}
            hint={t('pay.amountHint', { amount: money(facts.totalMinor, currency) })}
            problem={problems.amount}
          >
            {(attributes) => (
              <input
                {...attributes}
                class="amount"
                type="text"
                inputMode="decimal"
                autocomplete="off"
                value={entered.amount}
                required
              />
            )}
          </Field>
          <Day page={page} days={days} value={entered.date} problem={problems.date} />
          <div class="actions">
            <button>{t('promise.submit')}</button>
            <a class="back" href={page.base}>
              {t('form.cancel')}
            </a>
          </div>
        </Form>
      </div>
    </Layout>
  )
}

interface DayProps {
  readonly page: PageContext
  readonly days: PromiseProps['days']
  readonly value: string
  readonly problem: string | undefined
}

function Day({ page, days, value, problem }: DayProps) {
  const { t, day } = page.words
  return (
    <Field
      name="date"
      label={t('promise.date')}
      hint={t('promise.dateHint', { date: day(days.most) })}
      problem={problem}
    >
      {(attributes) => (
        <input
          {...attributes}
          class="amount"
          type="date"
          min={days.least}
          max={days.most}
          value={value}
          required
        />
      )}
    </Field>
  )
}
