import type { ComponentChildren } from 'preact'
import { localeNames, type Words } from '../words.ts'
import type { Creditor } from '../creditor.ts'
import { css } from '../style.ts'

/** What every page knows. */
export interface PageContext {
  readonly words: Words
  /** The address of the overview as seen from this page; those of other pages begin with it. */
  readonly base: string
  readonly csrf: string
  /** Undefined where nobody may learn who asks. */
  readonly creditor?: Creditor | undefined
  /** Undefined until the visitor may know it. */
  readonly reference?: string | undefined
}

interface LayoutProps {
  readonly page: PageContext
  readonly title: string
  readonly children: ComponentChildren
}

/** The frame of every page. */
export function Layout({ page, title, children }: LayoutProps) {
  const { words, creditor } = page
  const { t } = words
  return (
    <html lang={words.locale}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex, nofollow" />
        <title>{creditor ? `${title} – ${creditor.name}` : title}</title>
        <style dangerouslySetInnerHTML={{ __html: css }} />
      </head>
      <body>
        <a class="skip" href="#content">
          {t('page.skip')}
        </a>
        <header>
          <p class="brand">{creditor?.name}</p>
          <Languages words={words} />
        </header>
        <main id="content">{children}</main>
        <Footer page={page} />
      </body>
    </html>
  )
}

function Languages({ words }: { words: Words }) {
  return (
    <nav aria-label={words.t('language.choose')}>
      <ul class="languages">
        {localeNames().map(({ locale, name }) => (
          <li key={locale}>
            {locale === words.locale ? (
              <span aria-current="true" lang={locale}>
                {name}
              </span>
            ) : (
              <a href={`?lang=${locale}`} lang={locale} hreflang={locale}>
                {name}
              </a>
            )}
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Footer({ page }: { page: PageContext }) {
  const { words, creditor, reference } = page
  const { t } = words
  if (!creditor) return null
  const { name, phone, email } = creditor
  return (
    <footer>
      <h2>{t('page.questions')}</h2>
      <p>
        {reference === undefined
          ? t('page.questionsBefore', { creditor: name })
          : t('page.questionsText', { creditor: name, reference })}
        {phone && (
          <>
            <br />
            {t('page.phone')}: <a href={`tel:${phone.replaceAll(/[^+\d]/g, '')}`}>{phone}</a>
          </>
        )}
        {email && (
          <>
            <br />
            {t('page.email')}: <a href={`mailto:${email}`}>{email}</a>
          </>
        )}
      </p>
      <p>{t('page.footer')}</p>
    </footer>
  )
}

/** The way back to the overview. */
export function Back({ page }: { page: PageContext }) {
  return (
    <a class="back" href={page.base}>
      <span aria-hidden="true">← </span>
      {page.words.t('page.back')}
    </a>
  )
}

interface NoticeProps {
  readonly kind?: 'good' | 'warn' | 'bad'
  readonly title?: string
  /** Read out as soon as the page is there. */
  readonly isAlert?: boolean
  readonly children?: ComponentChildren
}

/** Something that a visitor shall not miss. */
export function Notice({ kind, title, isAlert, children }: NoticeProps) {
  return (
    <div class={kind ? `notice ${kind}` : 'notice'} role={isAlert ? 'alert' : undefined}>
      {title && <h2>{title}</h2>}
      {children}
    </div>
  )
}
