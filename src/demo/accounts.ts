import type { AccountInput } from '../accounts/index.ts'
import type { Json } from '../book/index.ts'

export interface DemoAccount {
  readonly account: AccountInput
  readonly paidMinor: number
}

const people = [
  ['Ada', 'Berger', 'DE', '10115 Berlin, Lindenweg'],
  ['Noah', 'Keller', 'CH', '8001 Zürich, Bachgasse'],
  ['Mila', 'Novák', 'CZ', '60200 Brno, Dlouhá'],
  ['Jan', 'de Vries', 'NL', '3511AB Utrecht, Molenstraat'],
  ['Inès', 'Moreau', 'FR', '69001 Lyon, Rue des Tilleuls'],
  ['Luca', 'Ferrari', 'IT', '10121 Torino, Via dei Fiori'],
  ['Zofia', 'Wójcik', 'PL', '30001 Kraków, Lipowa'],
  ['Óscar', 'Núñez', 'ES', '41001 Sevilla, Calle del Olivo'],
] as const

export const demoPortfolios = ['energy', 'telecom'] as const

const currencies: Readonly<Record<string, string>> = { CH: 'CHF', CZ: 'CZK', PL: 'PLN' }
const accountsMade = 40
const dayMs = 86_400_000

/** Forty accounts whose invoices fell due over the last months, some part-paid, some paid, some overpaid. */
export function demoAccounts(now: Date): DemoAccount[] {
  return Array.from({ length: accountsMade }, (_, index) => demoAccount(index, now))
}

function demoAccount(index: number, now: Date): DemoAccount {
  const number = String(index + 1).padStart(3, '0')
  const [firstName, lastName, country, address] = people[index % people.length] ?? people[0]
  const invoices = Array.from({ length: 1 + (index % 3) }, (_, place) => {
    return invoice({ number, place, amount: 4_900 + index * 731 + place * 1_250, now })
  })
  const fee = {
    ledgerEntryReference: `FEE-${number}-1`,
    feeDetails: { amount: 250, type: 'REMINDER_FEE' },
    context: { ledgerEntryReference: `INV-${number}-1` },
  }
  const totalMinor = invoices.reduce((sum, { invoiceDetails }) => sum + invoiceDetails.amount, 250)
  const paidMinor = [0, 0, Math.round(totalMinor / 3), totalMinor, totalMinor + 500][index % 5] ?? 0
  return {
    account: {
      reference: `DEMO-${number}`,
      currency: currencies[country] ?? 'EUR',
      portfolioReference: demoPortfolios[index % 2] ?? demoPortfolios[0],
      meta: { contract: `C-${number}` },
      debtors: [
        {
          debtorReference: `CUSTOMER-${number}`,
          firstName,
          lastName,
          contactInformation: contactOf({ country, address, number }),
        },
      ],
      ledgerEntries: [...invoices, fee],
    },
    paidMinor,
  }
}

/** Its mobile numbers are those that Germany keeps free for films. */
function contactOf({
  country,
  address,
  number,
}: {
  country: string
  address: string
  number: string
}) {
  const [, postalCode = '', city = '', addressLine1 = ''] = /^(\S+) (.+), (.+)$/.exec(address) ?? []
  return {
    country,
    city,
    postalCode,
    addressLine1,
    houseNumber: String(Number(number)),
    email: `customer-${number}@example.com`,
    mobileNumber: `+49171392${number.padStart(4, '0')}`,
  }
}

function invoice(made: { number: string; place: number; amount: number; now: Date }) {
  const { number, place, amount, now } = made
  const dueMs = now.getTime() - (20 + place * 30) * dayMs
  return {
    ledgerEntryReference: `INV-${number}-${place + 1}`,
    invoiceDetails: {
      amount,
      dueDate: new Date(dueMs).toISOString().slice(0, 10),
      createdAt: dueMs - 14 * dayMs,
    },
    context: {} as Json,
  }
}
