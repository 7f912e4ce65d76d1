import { newId } from '../../kernel/id.ts'
import type { Tx } from '../../platform/db.ts'
import type { LanguageContent, LetterBlock, NewBundle } from './schema.ts'

interface EmailWords {
  readonly subject: string
  readonly paragraphs: readonly string[]
  /** The words on the button that leads to the landing page. */
  readonly button?: string
  readonly unsubscribe: string
}

/** An e-mail from its paragraphs, as text and as plain HTML that every mail program shows. */
function email({ subject, paragraphs, button, unsubscribe }: EmailWords): LanguageContent {
  const link = button === undefined ? '' : '{% if landingPageUrl %}{{ landingPageUrl }}{% endif %}'
  const leave = `{% if unsubscribeUrl %}${unsubscribe}: {{ unsubscribeUrl }}{% endif %}`
  const text = [...paragraphs, link, '{{ creditor.name }}', leave].filter(Boolean).join('\n\n')
  const body = paragraphs.map((paragraph) => `<p>${paragraph.replaceAll('\n', '<br>')}</p>`)
  const html = [
    '<!doctype html><html lang="{{ language }}"><head><meta charset="utf-8"><title>{{ creditor.name }}</title></head>',
    '<body style="font-family:sans-serif;line-height:1.5;color:#222;max-width:36em;margin:2em auto;padding:0 1em">',
    ...body,
    button === undefined
      ? ''
      : `{% if landingPageUrl %}<p><a href="{{ landingPageUrl }}" style="background:#1a4fa0;color:#fff;padding:.6em 1.2em;border-radius:4px;text-decoration:none">${button}</a></p>{% endif %}`,
    '<p>{{ creditor.name }}</p>',
    `{% if unsubscribeUrl %}<p style="font-size:.8em"><a href="{{ unsubscribeUrl }}">${unsubscribe}</a></p>{% endif %}`,
    '</body></html>',
  ]
  return { subject, text, html: html.filter(Boolean).join('\n') }
}

/** A letter with the table of open items behind its first paragraphs and the payment slip at its end. */
function letter(
  subject: string,
  { before, after }: { before: readonly string[]; after: readonly string[] },
): LanguageContent {
  const paragraph = (text: string): LetterBlock => ({ type: 'paragraph', text })
  const blocks: LetterBlock[] = [
    ...before.map(paragraph),
    { type: 'items' },
    ...after.map(paragraph),
    { type: 'payment' },
  ]
  return { subject, blocks }
}

const greetDe = 'Guten Tag {{ debtor.name }},'
const greetEn = 'Dear {{ debtor.name }},'
const closeDe = 'Mit freundlichen Grüßen\n{{ creditor.name }}'
const closeEn = 'Kind regards\n{{ creditor.name }}'
const pageDe =
  '{% if landingPageUrl %}Online bezahlen oder antworten: {{ landingPageUrl }}{% endif %}'
const pageEn = '{% if landingPageUrl %}Pay or answer online: {{ landingPageUrl }}{% endif %}'

/** Templates to begin with, in German and English. A test renders each. */
export const starterBundles: readonly NewBundle[] = [
  {
    name: 'Reminder e-mail',
    channel: 'email',
    fallbackLanguage: 'en',
    languages: {
      de: email({
        subject: 'Erinnerung: {{ totalAmount }} offen',
        paragraphs: [
          greetDe,
          'zu {{ paymentReference }} sind noch {{ totalAmount }} offen, fällig seit dem {{ dueDate|date_local }}. Vielleicht ist es nur untergegangen.',
          'Haben Sie schon bezahlt, betrachten Sie diese Nachricht bitte als erledigt.',
        ],
        button: 'Jetzt bezahlen',
        unsubscribe: 'Keine E-Mails dieser Art mehr',
      }),
      en: email({
        subject: 'Reminder: {{ totalAmount }} is open',
        paragraphs: [
          greetEn,
          'for {{ paymentReference }} we still have {{ totalAmount }} open, due on {{ dueDate|date_local }}. Perhaps it slipped through.',
          'If you have paid already, please disregard this message.',
        ],
        button: 'Pay now',
        unsubscribe: 'No more e-mails of this kind',
      }),
    },
  },
  {
    name: 'Reminder SMS',
    channel: 'sms',
    fallbackLanguage: 'en',
    languages: {
      de: {
        text: '{{ creditor.name }}: {{ totalAmount }} zu {{ paymentReference }} sind offen. {{ landingPageUrl }}',
      },
      en: {
        text: '{{ creditor.name }}: {{ totalAmount }} for {{ paymentReference }} is open. {{ landingPageUrl }}',
      },
    },
  },
  {
    name: 'Reminder letter',
    channel: 'letter',
    fallbackLanguage: 'en',
    languages: {
      de: letter('Zahlungserinnerung zu {{ reference }}', {
        before: [greetDe, 'diese Posten sind bei uns noch offen:'],
        after: [
          'Bitte überweisen Sie den Betrag innerhalb von zehn Tagen. Hat sich Ihre Zahlung mit diesem Brief gekreuzt, ist nichts weiter zu tun.',
          pageDe,
          closeDe,
        ],
      }),
      en: letter('Payment reminder for {{ reference }}', {
        before: [greetEn, 'these items are still open with us:'],
        after: [
          'Please transfer the amount within ten days. If your payment has crossed this letter, there is nothing left to do.',
          pageEn,
          closeEn,
        ],
      }),
    },
  },
  {
    name: 'Final notice letter',
    channel: 'letter',
    fallbackLanguage: 'en',
    languages: {
      de: letter('Letzte Mahnung zu {{ reference }}', {
        before: [
          greetDe,
          'trotz unserer Erinnerungen sind diese Posten seit {{ daysPastDue }} Tagen nicht ausgeglichen:',
        ],
        after: [
          'Bitte zahlen Sie innerhalb von sieben Tagen. Danach geben wir die Forderung zum Einzug ab; dadurch können weitere Kosten entstehen.',
          'Können Sie nicht auf einmal zahlen oder halten Sie die Forderung für falsch, melden Sie sich bitte: Wir finden eine Lösung.',
          pageDe,
          closeDe,
        ],
      }),
      en: letter('Final notice for {{ reference }}', {
        before: [
          greetEn,
          'in spite of our reminders these items have not been settled for {{ daysPastDue }} days:',
        ],
        after: [
          'Please pay within seven days. After that we hand the claim over for collection, which may cause further costs.',
          'If you cannot pay at once, or think that the claim is wrong, please get in touch: we will find a way.',
          pageEn,
          closeEn,
        ],
      }),
    },
  },
  {
    name: 'Payment thank-you',
    channel: 'email',
    fallbackLanguage: 'en',
    languages: {
      de: email({
        subject: 'Danke für Ihre Zahlung',
        paragraphs: [
          greetDe,
          'Ihre Zahlung zu {{ paymentReference }} ist bei uns eingegangen. Vielen Dank!',
          '{% if totalAmount > 0 %}Offen sind jetzt noch {{ totalAmount }}.{% else %}Damit ist alles ausgeglichen.{% endif %}',
        ],
        unsubscribe: 'Keine E-Mails dieser Art mehr',
      }),
      en: email({
        subject: 'Thank you for your payment',
        paragraphs: [
          greetEn,
          'your payment for {{ paymentReference }} has reached us. Thank you!',
          '{% if totalAmount > 0 %}{{ totalAmount }} is still open.{% else %}Everything is settled now.{% endif %}',
        ],
        unsubscribe: 'No more e-mails of this kind',
      }),
    },
  },
]

/** Gives a tenant the starter bundles; those it has by name stay as they are. Answers the id of each by its name. */
export async function installStarterBundles({
  tenantId,
  now,
  db,
}: Tx): Promise<Readonly<Record<string, string>>> {
  const fresh = starterBundles.map((bundle) => ({ id: newId(), ...bundle }))
  const made = await db
    .insertInto('bundle')
    .values(
      fresh.map(({ id, name, channel }) => ({
        tenant_id: tenantId,
        bundle_id: id,
        name,
        channel,
        latest_version: 1,
        created_at: now,
        updated_at: now,
      })),
    )
    .onConflict((conflict) => conflict.columns(['tenant_id', 'name']).doNothing())
    .returning('bundle_id')
    .execute()
  const ids = new Set(made.map(({ bundle_id }) => bundle_id))
  const versions = fresh
    .filter(({ id }) => ids.has(id))
    .map(({ id, fallbackLanguage, languages }) => ({
      tenant_id: tenantId,
      bundle_id: id,
      version: 1,
      fallback_language: fallbackLanguage,
      languages: JSON.stringify(languages),
      created_at: now,
    }))
  if (versions.length > 0) await db.insertInto('bundle_version').values(versions).execute()
  const rows = await db
    .selectFrom('bundle')
    .select(['bundle_id', 'name'])
    .where('tenant_id', '=', tenantId)
    .where(
      'name',
      'in',
      starterBundles.map(({ name }) => name),
    )
    .execute()
  return Object.fromEntries(rows.map((row) => [row.name, row.bundle_id]))
}
