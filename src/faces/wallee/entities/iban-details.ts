import {
  electronicFormatIBAN,
  extractIBAN,
  friendlyFormatIBAN,
  isQRIBAN,
  validateIBAN,
  ValidationErrorsIBAN,
} from 'ibantools'
import { boolean, type Entity, type Row, shown, text, texts } from '../entity.ts'
import { namesIn } from './reference-data.ts'

const ibanMax = 64

/** What may be wrong with an IBAN, in words that callers can compare. */
const problems: Readonly<Record<number, string>> = {
  [ValidationErrorsIBAN.NoIBANProvided]: 'COUNTRY',
  [ValidationErrorsIBAN.NoIBANCountry]: 'COUNTRY',
  [ValidationErrorsIBAN.WrongBBANLength]: 'LENGTH',
  [ValidationErrorsIBAN.WrongBBANFormat]: 'FORMAT',
  [ValidationErrorsIBAN.ChecksumNotNumber]: 'CHECK_DIGITS',
  [ValidationErrorsIBAN.WrongIBANChecksum]: 'CHECK_DIGITS',
  [ValidationErrorsIBAN.WrongAccountBankBranchChecksum]: 'NATIONAL_CHECK_DIGITS',
}

/** What an IBAN says by itself: no bank is asked, and nothing says that there is such an account. */
function detailsOf(given: string, language: string): Row {
  const iban = electronicFormatIBAN(given) ?? ''
  const { valid, errorCodes } = validateIBAN(iban)
  const wrong = [...new Set(errorCodes.map((code) => problems[code] ?? 'FORMAT'))]
  const isCountryKnown = !wrong.includes('COUNTRY')
  const countryCode = iban.slice(0, 2)
  const shape = isCountryKnown
    ? {
        countryCode,
        countryName: namesIn(language, 'region').of(countryCode),
        checkDigits: iban.slice(2, 4),
        checkDigitsValid: !wrong.includes('CHECK_DIGITS'),
      }
    : {}
  return {
    iban,
    formatted: friendlyFormatIBAN(iban),
    valid,
    problems: wrong,
    ...shape,
    ...partsOf(iban, valid),
  }
}

/** The parts of one that is as its country wants it. */
function partsOf(iban: string, isValid: boolean): Row {
  if (!isValid) return {}
  const { bban, bankIdentifier, branchIdentifier, accountNumber } = extractIBAN(iban)
  return {
    bban,
    bankCode: bankIdentifier,
    branchCode: branchIdentifier,
    accountNumber,
    qrIban: isQRIBAN(iban),
  }
}

/** The model is our own: the provider's is not published. Only version 2 has it. */
export const ibanDetails: Entity = {
  name: 'IbanDetails',
  group: 'reference',
  scope: 'space',
  fields: {
    accountNumber: shown(text()),
    bankCode: shown(text()),
    bban: shown(text()),
    branchCode: shown(text()),
    checkDigits: shown(text()),
    checkDigitsValid: shown(boolean),
    countryCode: shown(text()),
    countryName: shown(text()),
    formatted: shown(text()),
    iban: shown(text()),
    problems: shown(texts),
    qrIban: shown(boolean),
    valid: shown(boolean),
  },
  store: { kind: 'list', rows: () => [] },
  actions: [
    {
      name: 'What an IBAN says',
      needs: 'read',
      params: { iban: { type: text(ibanMax, { min: 1 }), isRequired: true } },
      v2: { method: 'GET', path: '/payment/iban-details' },
      run: (call, { params }) =>
        Promise.resolve({
          kind: 'json',
          value: detailsOf(String(params['iban']), call.language),
        }),
    },
  ],
}
