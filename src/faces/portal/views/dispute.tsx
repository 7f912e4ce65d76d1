import { Choice, Field, Form } from './form.tsx'
import { Back, Layout, Notice, type PageContext } from './layout.tsx'

export const disputeReasons = [
  'ALREADY_PAID',
  'WRONG_AMOUNT',
  'NOT_MINE',
  'GOODS_OR_SERVICE',
  'CANCELED',
  'OTHER',
] as const
export const disputeTextMax = 2_000

export interface DisputeProblems {
  readonly reason?: boolean
  readonly text?: boolean
  readonly file?: boolean
}

interface DisputeProps {
  readonly page: PageContext
  readonly entered: { readonly reason: string; readonly text: string }
  readonly problems: DisputeProblems
}

/** Asks what is wrong with the claim. */
export function DisputePage({ page, entered, problems }: DisputeProps) {
  const { t } = page.words
  const hasProblem = problems.reason === true || problems.text === true || problems.file === true
  return (
    <Layout page={page} title={t('dispute.title')}>
      <Back page={page} />
      <h1>{t('dispute.title')}</h1>
      <p>{t('dispute.text')}</p>
      {hasProblem && <Notice kind="bad" title={t('form.problem')} isAlert />}
      <div class="card">
        <Form page={page} action={`${page.base}/dispute`} isUpload>
          <Reasons page={page} chosen={entered.reason} isMissing={problems.reason === true} />
          <Field
            name="text"
            label={t('dispute.message')}
            hint={t('dispute.messageHint', { max: disputeTextMax })}
            problem={problems.text ? t('dispute.messageWrong', { max: disputeTextMax }) : undefined}
          >
            {(attributes) => (
              <textarea
                {...attributes}
                rows={6}
                maxLength={disputeTextMax}
                required
                value={entered.text}
              />
            )}
          </Field>
          <Field
            name="file"
            label={`${t('dispute.file')} (${t('form.optional')})`}
            hint={t('dispute.fileHint')}
            problem={problems.file ? t('dispute.fileWrong') : undefined}
          >
            {(attributes) => (
              <input
                {...attributes}
                type="file"
                accept="application/pdf,image/jpeg,image/png,image/webp"
              />
            )}
          </Field>
          <div class="actions">
            <button>{t('dispute.submit')}</button>
            <a class="back" href={page.base}>
              {t('form.cancel')}
            </a>
          </div>
        </Form>
      </div>
    </Layout>
  )
}

interface ReasonsProps {
  readonly page: PageContext
  readonly chosen: string
  readonly isMissing: boolean
}

function Reasons({ page, chosen, isMissing }: ReasonsProps) {
  const { t } = page.words
  return (
    <fieldset aria-describedby={isMissing ? 'reason-problem' : undefined}>
      <legend>{t('dispute.reason')}</legend>
      {isMissing && (
        <p class="problem" id="reason-problem">
          {t('dispute.reasonWrong')}
        </p>
      )}
      {disputeReasons.map((reason) => (
        <Choice key={reason} name="reason" value={reason} isChosen={chosen === reason}>
          {t(`dispute.reason.${reason}`)}
        </Choice>
      ))}
    </fieldset>
  )
}
