import type { PlanOption } from '../../../plans/schema.ts'
import { Choice, Field, Form } from './form.tsx'
import { Back, Layout, Notice, type PageContext } from './layout.tsx'

/** How a plan is named in a form. */
export const keyOf = ({ definitionId, instalments }: PlanOption) => `${definitionId}:${instalments}`

interface PlanProps {
  readonly page: PageContext
  readonly options: readonly PlanOption[]
  readonly days: { readonly least: string; readonly most: string }
  readonly entered: { readonly plan: string; readonly first: string }
  readonly problems: { readonly plan?: boolean; readonly first?: boolean }
}

/** Offers the plans that the claim may choose. */
export function PlanPage({ page, options, days, entered, problems }: PlanProps) {
  const { t, day } = page.words
  const hasProblem = problems.plan === true || problems.first === true
  const between = { least: day(days.least), most: day(days.most) }
  return (
    <Layout page={page} title={t('plan.title')}>
      <Back page={page} />
      <h1>{t('plan.title')}</h1>
      <p>{t('plan.text')}</p>
      {hasProblem && <Notice kind="bad" title={t('form.problem')} isAlert />}
      <div class="card">
        <Form page={page} action={`${page.base}/plan`}>
          <fieldset aria-describedby={problems.plan ? 'plan-problem' : undefined}>
            <legend>{t('plan.choose')}</legend>
            {problems.plan && (
              <p class="problem" id="plan-problem">
                {t('plan.chooseWrong')}
              </p>
            )}
            {options.map((option) => (
              <Choice
                key={keyOf(option)}
                name="plan"
                value={keyOf(option)}
                isChosen={entered.plan === keyOf(option)}
              >
                <Offer page={page} option={option} />
              </Choice>
            ))}
          </fieldset>
          <Field
            name="first"
            label={t('plan.first')}
            hint={t('promise.dateHint', { date: day(days.most) })}
            problem={problems.first ? t('promise.dateWrong', between) : undefined}
          >
            {(attributes) => (
              <input
                {...attributes}
                class="amount"
                type="date"
                min={days.least}
                max={days.most}
                value={entered.first}
                required
              />
            )}
          </Field>
          <div class="actions">
            <button>{t('plan.show')}</button>
            <a class="back" href={page.base}>
              {t('form.cancel')}
            </a>
          </div>
        </Form>
      </div>
    </Layout>
  )
}

function Offer({ page, option }: { page: PageContext; option: PlanOption }) {
  const { t, money } = page.words
  const { schedule, instalments: count, currency, fee } = option
  const [first, ...others] = schedule.map(({ amount }) => amount)
  const isEven = others.every((amount) => amount === first)
  const amount = money(first ?? 0, currency)
  return (
    <>
      <strong>{t(isEven ? 'plan.choice' : 'plan.from', { count, amount })}</strong>
      <br />
      <span class="soft">
        {fee === 0
          ? t('plan.free', { name: option.name })
          : t('plan.fee', { name: option.name, fee: money(fee, currency) })}
      </span>
    </>
  )
}

/** Shows every date and amount of one plan, to be agreed to. */
export function ReviewPage({ page, option }: { page: PageContext; option: PlanOption }) {
  const { t, money, day } = page.words
  const { schedule, currency, totalAmount, fee } = option
  const [first] = schedule
  return (
    <Layout page={page} title={t('plan.confirmTitle')}>
      <h1>{t('plan.confirmTitle')}</h1>
      {fee > 0 && (
        <Notice>
          <p>{t('plan.feeNotice', { fee: money(fee, currency) })}</p>
        </Notice>
      )}
      <div class="card">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('plan.number')}</th>
              <th scope="col">{t('plan.date')}</th>
              <th scope="col" class="number">
                {t('plan.amount')}
              </th>
            </tr>
          </thead>
          <tbody>
            {schedule.map(({ number, dueOn, amount }) => (
              <tr key={number}>
                <td>{number}</td>
                <td>{day(dueOn)}</td>
                <td class="number">{money(amount, currency)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                {t('plan.total')}
              </th>
              <td class="number">{money(totalAmount, currency)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      <Form page={page} action={`${page.base}/plan/confirm`}>
        <input type="hidden" name="plan" value={keyOf(option)} />
        <input type="hidden" name="first" value={first?.dueOn} />
        <input type="hidden" name="total" value={totalAmount} />
        <div class="actions">
          <button>{t('plan.submit')}</button>
          <a class="back" href={`${page.base}/plan`}>
            {t('plan.other')}
          </a>
        </div>
      </Form>
    </Layout>
  )
}
