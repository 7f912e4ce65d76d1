import type { OpenLink } from '../../invoices/index.ts'

const words = {
  en: {
    gone: 'This link is not valid (any more).',
    pay: 'Continue to payment',
    to: 'Payment to',
    wrong: 'Please fill in all fields that are marked.',
    givenName: 'First name',
    familyName: 'Last name',
    country: 'Country (two letters, such as CH)',
    emailAddress: 'E-mail (optional)',
    street: 'Street',
    postcode: 'Postcode',
    city: 'City',
  },
  de: {
    gone: 'Dieser Link gilt nicht (mehr).',
    pay: 'Weiter zur Zahlung',
    to: 'Zahlung an',
    wrong: 'Bitte füllen Sie alle bezeichneten Felder aus.',
    givenName: 'Vorname',
    familyName: 'Nachname',
    country: 'Land (zwei Buchstaben, zum Beispiel CH)',
    emailAddress: 'E-Mail (freiwillig)',
    street: 'Straße',
    postcode: 'Postleitzahl',
    city: 'Ort',
  },
} as const

const wordsOf = (language: string) => (language.startsWith('de') ? words.de : words.en)

const personal = ['givenName', 'familyName', 'country', 'emailAddress'] as const
const postal = ['street', 'postcode', 'city'] as const

/** What a visitor of a link that may not be used is told; not why. */
export function gonePage(language: string): string {
  const said = wordsOf(language)
  return page(language, said.gone, `<p>${said.gone}</p>`)
}

/** What is paid for, and who pays. */
export function formPage(shown: {
  link: OpenLink
  creditor: string
  amount: string
  isWrong: boolean
  said: Readonly<Record<string, string>>
}): string {
  const { link, creditor, amount, isWrong, said } = shown
  const language = link.language ?? 'en'
  const text = wordsOf(language)
  const names = link.addressMode === 'NOT_REQUIRED' ? personal : [...personal, ...postal]
  const fields = names.map((name) => {
    const optional = name === 'emailAddress'
    const value = escaped(said[name] ?? '')
    return `<label>${text[name]}<input name="${name}" value="${value}"${optional ? ' type="email"' : ' required'}></label>`
  })
  // An address that the link's own address gave is sent on, not asked for again.
  const lines = link.lineItems.map(
    (item) => `<li>${escaped(item.quantity)} × ${escaped(item.name)}</li>`,
  )
  const title = `${text.to} ${escaped(creditor)}`
  return page(
    language,
    title,
    `<h1>${title}</h1>${link.name === null ? '' : `<p>${escaped(link.name)}</p>`}
<ul>${lines.join('')}</ul><p><strong>${escaped(amount)}</strong></p>
${isWrong ? `<p role="alert">${text.wrong}</p>` : ''}
<form method="post">${fields.join('')}<button>${text.pay}</button></form>`,
  )
}

const page = (language: string, title: string, body: string) => `<!doctype html>
<html lang="${wordsOf(language) === words.de ? 'de' : 'en'}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${title}</title></head><body><main>${body}</main></body></html>`

const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (mark) => marks[mark] ?? mark)
