import type { Fields } from './fields.ts'

/** Invented fields, complete, to try a template on: every name of the dictionary has a value. */
export function sampleFields(of: Pick<Fields, 'creditor' | 'today' | 'language'>): Fields {
  const currency = 'EUR'
  return {
    ...of,
    claim: {
      reference: 'SAMPLE-1',
      amount: { minor: 124_950, currency },
      totalFees: { minor: 500, currency },
      totalAmount: { minor: 125_450, currency },
      currency,
      dueDate: '2026-02-15',
      originalDueDate: '2026-01-31',
      daysPastDue: 38,
      paymentReference: 'SAMPLE-1',
      portfolioReference: 'PORTFOLIO',
    },
    items: [
      {
        reference: 'INV-1',
        kind: 'invoice',
        name: '',
        amount: { minor: 124_950, currency },
        dueDate: '2026-01-31',
      },
      {
        reference: 'FEE-1',
        kind: 'fee',
        name: 'REMINDER',
        amount: { minor: 500, currency },
        dueDate: '',
      },
    ],
    account: { reference: 'ACCOUNT-1', meta: {} },
    meta: {},
    debtor: {
      name: 'Dr. Erika Muster',
      externalDebtorRef: 'DEBTOR-1',
      type: 'natural',
      title: 'Dr.',
      firstName: 'Erika',
      lastName: 'Muster',
      gender: 'F',
      birthday: '1980-05-17',
      contactInformation: {
        addressLine1: 'Heidestraße',
        houseNumber: '17',
        postalCode: '51147',
        city: 'Köln',
        country: 'DE',
        email: 'erika@example.com',
        mobileNumber: '+4915112345678',
      },
    },
    landingPageUrl: 'https://example.com/c/sample',
    unsubscribeUrl: 'https://example.com/u/sample',
    customBody: 'Custom text',
    triggerContext: {},
  }
}
