import { Choice, Form } from './form.tsx'
import { Back, Layout, type PageContext } from './layout.tsx'

interface ContactProps {
  readonly page: PageContext
  readonly channels: readonly string[]
  /** What was said of each channel before. */
  readonly said: Readonly<Record<string, string>>
}

/** Asks how somebody wants to hear of the claim. */
export function ContactPage({ page, channels, said }: ContactProps) {
  const { t } = page.words
  return (
    <Layout page={page} title={t('contact.title')}>
      <Back page={page} />
      <h1>{t('contact.title')}</h1>
      <p>{t('contact.text')}</p>
      <div class="card">
        <Form page={page} action={`${page.base}/contact`}>
          {channels.map((channel) => (
            <fieldset key={channel}>
              <legend>{t(`contact.channel.${channel}`)}</legend>
              <div class="side">
                {['allowed', 'denied'].map((value) => (
                  <Choice
                    key={value}
                    name={channel}
                    value={value}
                    isChosen={said[channel] === value}
                  >
                    {t(`contact.${value}`)}
                  </Choice>
                ))}
              </div>
            </fieldset>
          ))}
          <div class="actions">
            <button>{t('contact.submit')}</button>
            <a class="back" href={page.base}>
              {t('form.cancel')}
            </a>
          </div>
        </Form>
      </div>
    </Layout>
  )
}
