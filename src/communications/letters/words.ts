/** The few words that a letter says by itself. */
export interface LetterWords {
  readonly page: string
  readonly of: string
  readonly date: string
  readonly item: string
  readonly fee: string
  readonly due: string
  readonly amount: string
  readonly total: string
  readonly payment: string
  readonly recipient: string
  readonly reference: string
  readonly scan: string
}

const words: Readonly<Record<string, LetterWords>> = {
  de: {
    page: 'Seite',
    of: 'von',
    date: 'Datum',
    item: 'Posten',
    fee: 'Gebühr',
    due: 'Fällig am',
    amount: 'Betrag',
    total: 'Summe',
    payment: 'Zahlung',
    recipient: 'Empfänger',
    reference: 'Verwendungszweck',
    scan: 'Mit der Banking-App scannen',
  },
  en: {
    page: 'Page',
    of: 'of',
    date: 'Date',
    item: 'Item',
    fee: 'Fee',
    due: 'Due',
    amount: 'Amount',
    total: 'Total',
    payment: 'Payment',
    recipient: 'Payee',
    reference: 'Reference',
    scan: 'Scan with your banking app',
  },
  fr: {
    page: 'Page',
    of: 'sur',
    date: 'Date',
    item: 'Poste',
    fee: 'Frais',
    due: 'Échéance',
    amount: 'Montant',
    total: 'Total',
    payment: 'Paiement',
    recipient: 'Bénéficiaire',
    reference: 'Référence',
    scan: 'À scanner avec votre application bancaire',
  },
  it: {
    page: 'Pagina',
    of: 'di',
    date: 'Data',
    item: 'Voce',
    fee: 'Spese',
    due: 'Scadenza',
    amount: 'Importo',
    total: 'Totale',
    payment: 'Pagamento',
    recipient: 'Beneficiario',
    reference: 'Causale',
    scan: 'Da scansionare con l’app della banca',
  },
}

/** The words of a language, English where we have none. */
export function wordsIn(language: string): LetterWords {
  const [base = ''] = language.split('-')
  const known = Object.hasOwn(words, base) ? words[base] : words['en']
  if (!known) throw new Error('A letter has no English words')
  return known
}
