import type { IdentityField } from '../../../links/index.ts'
import { Field, Form } from './form.tsx'
import { Layout, Notice, type PageContext } from './layout.tsx'

interface IdentityProps {
  readonly page: PageContext
  readonly wanted: readonly IdentityField[]
  readonly isFailed: boolean
}

/** Asks who is there. What was entered is not shown again: nobody shall read it over a shoulder. */
export function IdentityPage({ page, wanted, isFailed }: IdentityProps) {
  const { t } = page.words
  return (
    <Layout page={page} title={t('identity.title')}>
      <h1>{t('identity.title')}</h1>
      <p>{t('identity.text')}</p>
      {isFailed && (
        <Notice kind="bad" title={t('form.problem')} isAlert>
          <p>{t('identity.failed')}</p>
        </Notice>
      )}
      <div class="card">
        <Form page={page} action={page.base}>
          {wanted.map((field) =>
            field === 'birthday' ? (
              <Birthday key={field} page={page} />
            ) : (
              <TextField key={field} page={page} field={field} />
            ),
          )}
          <button>{t('identity.submit')}</button>
        </Form>
      </div>
    </Layout>
  )
}

const completions: Readonly<Record<Exclude<IdentityField, 'birthday'>, string>> = {
  postalCode: 'postal-code',
  lastName: 'family-name',
  debtorReference: 'off',
  claimReference: 'off',
}

function TextField({
  page,
  field,
}: {
  page: PageContext
  field: Exclude<IdentityField, 'birthday'>
}) {
  const { t } = page.words
  const isReference = field === 'debtorReference' || field === 'claimReference'
  return (
    <Field
      name={field}
      label={t(`identity.${field}`)}
      hint={isReference ? t('identity.referenceHint') : undefined}
    >
      {(attributes) => (
        <input
          {...attributes}
          type="text"
          autocomplete={completions[field]}
          autocapitalize={isReference ? 'characters' : undefined}
          spellcheck={false}
          maxLength={255}
          required
        />
      )}
    </Field>
  )
}

function Birthday({ page }: { page: PageContext }) {
  const { t } = page.words
  const parts = [
    { name: 'day', size: 2, complete: 'bday-day' },
    { name: 'month', size: 2, complete: 'bday-month' },
    { name: 'year', size: 4, complete: 'bday-year' },
  ]
  return (
    <fieldset aria-describedby="birthday-hint">
      <legend>{t('identity.birthday')}</legend>
      <p class="hint" id="birthday-hint">
        {t('identity.birthdayHint')}
      </p>
      <div class="trio">
        {parts.map(({ name, size, complete }) => (
          <div key={name}>
            <label for={`birthday-${name}`}>{t(`identity.${name}`)}</label>
            <input
              id={`birthday-${name}`}
              name={`birthday-${name}`}
              class={size === 4 ? 'long' : undefined}
              type="text"
              inputMode="numeric"
              autocomplete={complete}
              maxLength={size}
              required
            />
          </div>
        ))}
      </div>
    </fieldset>
  )
}
